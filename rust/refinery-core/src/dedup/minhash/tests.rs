#![allow(
    clippy::unwrap_used,
    clippy::cast_lossless,
    reason = "tests stop where something is missing"
)]

use std::collections::HashSet;

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::*;

fn hasher(ngram: usize, bands: usize, rows_per_band: usize, kernel: Kernel) -> MinHasher {
    let params = MinHashParams {
        ngram,
        bands,
        rows_per_band,
        ..MinHashParams::default()
    };
    MinHasher::with_kernel(params, kernel).unwrap()
}

fn sign_by(hasher: &MinHasher, text: &str) -> Option<Vec<u32>> {
    let mut signature = vec![7; hasher.signature_bytes()];
    let has_words = hasher.sign(text, &mut MinHashScratch::default(), &mut signature);
    if !has_words {
        assert!(signature.iter().all(|&value| value == 0));
    }
    has_words.then(|| values(&signature))
}

fn values(signature: &[u8]) -> Vec<u32> {
    let (values, rest) = signature.as_chunks();
    assert!(rest.is_empty());
    values
        .iter()
        .map(|&value| u32::from_le_bytes(value))
        .collect()
}

/// Signs by every kernel of this machine, and sees that all agree.
fn sign(text: &str, ngram: usize, num_perm: usize) -> Option<Vec<u32>> {
    let by = |kernel| sign_by(&hasher(ngram, 1, num_perm, kernel), text);
    let expected = by(Kernel::Portable);
    for kernel in Kernel::available() {
        assert_eq!(
            by(kernel),
            expected,
            "{kernel:?} {ngram} {num_perm} {text:?}"
        );
    }
    expected
}

/// Blocks of scripts written without spaces: Thai and Lao, Burmese, Khmer, kana, Han.
const UNSPACED: [std::ops::RangeInclusive<u32>; 10] = [
    0x0E00..=0x0EFF,
    0x1000..=0x109F,
    0x1780..=0x17FF,
    0x3005..=0x3007,
    0x3040..=0x30FF,
    0x31F0..=0x31FF,
    0x3400..=0x4DBF,
    0x4E00..=0x9FFF,
    0xF900..=0xFAFF,
    0xFF66..=0xFF9D,
];

/// The words, by the definition.
fn twin_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        let lower: String = c.to_lowercase().collect();
        for part in lower.replace('ς', "σ").nfd() {
            if part.is_alphanumeric() && part.general_category() != GeneralCategory::NonspacingMark
                || part == '_'
            {
                let block = u32::from(part);
                let is_unspaced = UNSPACED.iter().any(|r| r.contains(&block))
                    || (0x20000..=0x3FFFF).contains(&block);
                if is_unspaced {
                    words.push(part.into());
                    words.push(String::new());
                } else {
                    words.last_mut().unwrap().push(part);
                }
            } else if part.general_category() != GeneralCategory::NonspacingMark {
                words.push(String::new());
            }
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// The shingles as a set of strings, and the signature from their hashes, one at a time.
fn twin(text: &str, ngram: usize, num_perm: usize) -> Option<Vec<u32>> {
    let words = twin_words(text);
    let shingles: HashSet<&[String]> = match words.len() {
        0 => return None,
        n if n < ngram => HashSet::from([&words[..]]),
        _ => words.windows(ngram).collect(),
    };
    let hash = |shingle: &&[String]| {
        let word = |w: &String| hash::hash_word(w.replace('_', "\u{7f}").as_bytes());
        hash::hash_shingle(&shingle.iter().map(word).collect::<Vec<_>>())
    };
    let hashes: Vec<u32> = shingles.iter().map(hash).collect();
    let value = |i| {
        let (a, b) = hash::permutation(i);
        hashes
            .iter()
            .map(|x| x.wrapping_mul(a).wrapping_add(b))
            .min()
            .unwrap()
    };
    Some((0..num_perm).map(value).collect())
}

/// Values made by the Python twin, which shares no code with this one.
mod frozen {
    use super::*;

    #[test]
    fn the_word_hash_is_frozen() {
        let cases = [
            ("refinery", 0x5e5d_1e26_33c9_9c2f),
            ("a\u{7f}1", 0x2c07_2da1_0b1d_4a3b),
            (
                "pneumonoultramicroscopicsilicovolcanoconiosis",
                0xedaf_38bf_9fb5_748a,
            ),
            ("日本語", 0x117d_e01e_5c89_4aac),
        ];
        for (word, expected) in cases {
            assert_eq!(hash::hash_word(word.as_bytes()), expected, "{word}");
        }
    }

    #[test]
    fn the_permutations_are_frozen() {
        assert_eq!(
            [hash::permutation(0), hash::permutation(1)],
            [(0xa576_ab9b, 0x9e62_cc9a), (0x9963_916f, 0x6780_c406)]
        );
    }

    #[test]
    fn signatures_are_frozen() {
        let cases: [(&str, usize, [u32; 8]); 3] = [
            (
                "It was the best of times, it was the worst of times",
                5,
                [
                    46_005_433,
                    413_323_627,
                    207_500_303,
                    667_818_234,
                    216_313_720,
                    173_091_743,
                    237_173_505,
                    101_261_208,
                ],
            ),
            (
                "Où est la bibliothèque, s'il vous plaît? Здравствуй, мир!",
                3,
                [
                    202_909_987,
                    1_257_964_848,
                    1_047_104_427,
                    1_833_041_079,
                    217_104_469,
                    249_104_001,
                    265_130_488,
                    389_883_185,
                ],
            ),
            (
                "Short_text",
                5,
                [
                    3_305_190_786,
                    4_015_339_342,
                    1_183_628_478,
                    2_618_772_860,
                    315_249_866,
                    2_792_219_645,
                    2_073_778_742,
                    298_037_165,
                ],
            ),
        ];
        for (text, ngram, expected) in cases {
            assert_eq!(sign(text, ngram, 8).unwrap(), expected, "{text}");
        }
    }
}

/// Values made by datatrove 0.10.0.
mod original {
    use super::*;

    const FOXES: &str =
        "The quick brown fox jumps over the lazy dog, and then 12 more foxes followed it home.";

    /// Signs by every kernel of this machine, and sees that all agree.
    fn sign(profile: Profile, text: &str, ngram: usize, bands: usize) -> Option<Vec<u64>> {
        let mut found = Kernel::available().map(|kernel| {
            let params = MinHashParams {
                ngram,
                bands,
                rows_per_band: 8,
                profile,
            };
            let hasher = MinHasher::with_kernel(params, kernel).unwrap();
            let mut signature = vec![7; hasher.signature_bytes()];
            let is_signed = hasher.sign(text, &mut MinHashScratch::default(), &mut signature);
            assert!(is_signed || signature.iter().all(|&byte| byte == 0));
            let values = signature.as_chunks().0.iter();
            is_signed.then(|| values.map(|&value| u64::from_le_bytes(value)).collect())
        });
        let first: Option<Vec<u64>> = found.next().unwrap();
        found.for_each(|other| assert_eq!(other, first));
        first
    }

    #[test]
    fn signatures_are_those_of_the_original() {
        let cases = [
            (
                Profile::Datatrove,
                [
                    84_341_883_306_409_970,
                    461_591_283_756_839_508,
                    111_246_085_898_394_638,
                ],
                [57_556_828_061_469_447, 212_222_752_476_155_101],
            ),
            (
                Profile::DatatroveSha1,
                [
                    60_783_966_374_992_894,
                    252_878_479_051_446_208,
                    594_234_408_324_153_881,
                ],
                [164_139_703_210_280_404, 29_074_511_532_028_102],
            ),
        ];
        for (profile, first_bucket, last_bucket) in cases {
            let found = sign(profile, FOXES, 5, 14).unwrap();
            assert_eq!(found[..3], first_bucket, "{profile:?}");
            assert_eq!(found[13 * 8..][..2], last_bucket, "{profile:?}");
        }
    }

    #[test]
    fn texts_of_fewer_words_than_a_shingle_have_no_signature() {
        for (text, is_signed) in [
            ("", false),
            ("... ?!", false),
            ("one two three four", false),
            ("one two -- three, four.", false),
            ("one two three four five", true),
            // spaCy makes two words of "cannot".
            ("one two three cannot", true),
        ] {
            let found = sign(Profile::Datatrove, text, 5, 2);
            assert_eq!(found.is_some(), is_signed, "{text:?}");
        }
    }

    #[test]
    fn texts_that_are_simplified_alike_sign_alike() {
        let alike = "the QUICK brown-fox jumps\nover the lazy dog and then 77,5 more foxes followed it home";
        let (a, b) = (
            sign(Profile::Datatrove, FOXES, 5, 3),
            sign(Profile::Datatrove, alike, 5, 3),
        );
        assert_eq!(a, b);
        // A mark between two spaces leaves two, which are no part of a shingle.
        let marked = FOXES.replace(" fox", " \u{301} fox");
        assert_eq!(sign(Profile::Datatrove, &marked, 5, 3), b);
    }

    #[test]
    fn a_text_of_many_blocks_of_shingles_signs_as_the_minimum_over_them() {
        let part = |from: usize, to: usize| -> String {
            let letter = |i: usize| char::from(b'a' + (i % 26) as u8);
            let word = |i| format!("q{}{}{}", letter(i / 676), letter(i / 26), letter(i));
            (from..to).map(word).collect::<Vec<_>>().join(" ")
        };
        let sign = |text: &str| sign(Profile::Datatrove, text, 3, 5).unwrap();
        let (whole, first, second) = (part(0, 2000), part(0, 777), part(775, 2000));
        let least: Vec<u64> = sign(&first)
            .into_iter()
            .zip(sign(&second))
            .map(|(a, b)| a.min(b))
            .collect();
        assert_eq!(sign(&whole), least);
    }
}

#[test]
fn a_short_word_has_the_hash_of_the_general_way() {
    for n in 1..=16 {
        let mut block = [0; 16];
        block[..n].copy_from_slice(&b"abcdefghijklmnop"[..n]);
        let short = hash::hash_short_word(u128::from_le_bytes(block));
        assert_eq!(short, hash::hash_word(&block[..n]), "{n}");
    }
}

#[test]
fn odd_text_signs_as_by_the_twin() {
    let line = "a word and another one, ".repeat(1 << 16);
    let one_word = "x".repeat(1 << 20);
    let chinese = "汉字".repeat(1 << 12);
    let at_block_ends: Vec<String> = (4080..4100).map(|n| "wo rd".repeat(n)).collect();
    let mut cases = vec![
        "",
        " ",
        " \t\r\n",
        "\0",
        "a\0b",
        "a",
        "_",
        "__ _",
        "A\r\nb\r\nC",
        "e\u{301}",
        "\u{301}",
        "שָׁלוֹם עולם",
        "مرحبا بالعالم",
        "👩\u{200d}👩\u{200d}👧 family",
        "1 2 3 4 5 6",
        "½ Ⅷ ①",
        "\u{feff}bom",
        "a\u{200b}b",
        "ＦＵＬＬ width",
        "ǅ ΟΔΟΣ",
        "\u{10ffff}",
        &line,
        &one_word,
        &chinese,
    ];
    cases.extend(at_block_ends.iter().map(String::as_str));
    for text in cases {
        for ngram in [1, 5] {
            let (found, expected) = (sign(text, ngram, 20), twin(text, ngram, 20));
            assert_eq!(found, expected, "{text:.40?}");
        }
    }
}

#[test]
fn a_word_is_found_at_every_place_of_a_block() {
    for n in (0..200).chain(4000..4200) {
        let text = format!("{}Ab_9 héLLo{}", " ".repeat(n), "!".repeat(n % 20));
        assert_eq!(sign(&text, 2, 16), sign("ab_9 hello", 2, 16), "{n}");
    }
}

#[test]
fn scratch_that_was_used_changes_nothing() {
    let hasher = MinHasher::new(MinHashParams::default()).unwrap();
    let mut scratch = MinHashScratch::default();
    let mut signature = vec![0; hasher.signature_bytes()];
    for text in [
        "a longer text that has more words than five",
        "one two",
        "",
        "x y z",
    ] {
        let has_words = hasher.sign(text, &mut scratch, &mut signature);
        assert_eq!(
            has_words.then(|| values(&signature)),
            sign_by(&hasher, text),
            "{text}"
        );
    }
}

#[test]
fn order_of_words_in_a_shingle_matters() {
    assert_ne!(sign("a b c d e", 5, 16), sign("a b c e d", 5, 16));
    assert_ne!(sign("a a a a b", 5, 16), sign("b a a a a", 5, 16));
}

#[test]
fn every_number_of_permutations_shares_its_first_values() {
    let text = "it was the best of times it was the worst of times";
    let all = sign(text, 3, 300).unwrap();
    for num_perm in [1, 7, 15, 16, 17, 31, 33, 112, 127, 128, 129, 160, 255, 256] {
        assert_eq!(sign(text, 3, num_perm).unwrap(), all[..num_perm]);
    }
}

#[test]
fn parameters_out_of_range_are_refused_with_what_is_allowed() {
    let cases = [
        ((0, 14, 8), "minhash.ngram: got 0; allowed: 1 to 256"),
        ((257, 14, 8), "minhash.ngram: got 257; allowed: 1 to 256"),
        ((5, 0, 8), "minhash.bands: got 0; allowed: 1 to 65536"),
        (
            (5, 14, 0),
            "minhash.rows_per_band: got 0; allowed: 1 to 65536",
        ),
        (
            (5, 1000, 1000),
            "minhash.bands: 1000 bands of 1000 rows are 1000000 permutations; allowed: at most 65536",
        ),
    ];
    for ((ngram, bands, rows_per_band), message) in cases {
        let params = MinHashParams {
            ngram,
            bands,
            rows_per_band,
            ..MinHashParams::default()
        };
        assert_eq!(MinHasher::new(params).err().unwrap().to_string(), message);
    }
}

#[test]
fn a_profile_is_known_by_its_name() {
    for &profile in Profile::ALL {
        assert_eq!(profile.name().parse::<Profile>().unwrap(), profile);
    }
    let error = "legacy".parse::<Profile>().unwrap_err();
    assert_eq!(error.to_string(), "no MinHash profile named \"legacy\"");
}

/// Words `from..to` of an endless text without repetition.
fn numbered(from: usize, to: usize) -> String {
    let words: Vec<String> = (from..to).map(|i| format!("w{i}")).collect();
    words.join(" ")
}

#[test]
fn estimates_lie_within_the_binomial_bound_of_the_true_similarity() {
    let hasher = hasher(1, 14, 8, Kernel::Portable);
    for (shared, union) in [
        (10, 100),
        (50, 100),
        (70, 100),
        (80, 100),
        (95, 100),
        (600, 1000),
    ] {
        let rounds = 200;
        let mut equal = 0;
        for round in 0..rounds {
            let at = round * union;
            let split = at + (union - shared) / 2;
            let a = sign_by(&hasher, &numbered(at, split + shared)).unwrap();
            let b = sign_by(&hasher, &numbered(split, at + union)).unwrap();
            equal += a.iter().zip(&b).filter(|(a, b)| a == b).count();
        }
        let true_similarity = shared as f64 / union as f64;
        let trials = (rounds * hasher.num_perm()) as f64;
        let bound = 4.0 * (true_similarity * (1.0 - true_similarity) / trials).sqrt();
        let estimate = equal as f64 / trials;
        assert!(
            (estimate - true_similarity).abs() < bound,
            "{estimate} for {true_similarity}, bound {bound}"
        );
    }
}

#[test]
fn pairs_become_candidates_along_the_s_curve() {
    let hasher = hasher(1, 14, 8, Kernel::Portable);
    for shared in [50, 60, 70, 80, 90] {
        let (rounds, union) = (300, 100);
        let is_candidate = |round: usize| {
            let at = round * union;
            let split = at + (union - shared) / 2;
            let a = sign_by(&hasher, &numbered(at, split + shared)).unwrap();
            let b = sign_by(&hasher, &numbered(split, at + union)).unwrap();
            a.chunks(8).zip(b.chunks(8)).any(|(a, b)| a == b)
        };
        let found = (0..rounds).filter(|&round| is_candidate(round)).count() as f64 / rounds as f64;
        let s = shared as f64 / union as f64;
        let expected = 1.0 - (1.0 - s.powi(8)).powi(14);
        let bound = 4.0 * (expected * (1.0 - expected) / rounds as f64).sqrt() + 0.005;
        assert!(
            (found - expected).abs() < bound,
            "{found} at {s}, expected {expected}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_signs_as_by_the_twin(text in any::<String>(), ngram in 1_usize..7) {
        prop_assert_eq!(sign(&text, ngram, 40), twin(&text, ngram, 40));
    }

    #[test]
    fn prose_signs_as_by_the_twin(
        text in "([a-eA-E_0-9]{1,20}[ .,'\n-]{1,3}|é|漢|Я){0,400}",
        ngram in 1_usize..7,
    ) {
        prop_assert_eq!(sign(&text, ngram, 40), twin(&text, ngram, 40));
    }
}

fn similarity(hasher: &MinHasher, left: &str, right: &str) -> Option<f64> {
    let mut scratch = MinHashScratch::default();
    let [left, right] = [left, right].map(|text| {
        let mut set = vec![7];
        hasher.shingle_set(text, &mut scratch, &mut set);
        set
    });
    jaccard(&left, &right)
}

#[test]
fn similarity_counts_different_shingles_of_both_texts() {
    let hasher = hasher(2, 1, 8, Kernel::Portable);
    let cases = [
        ("a b c d", "a b c d", Some(1.0)),
        ("a b c d", "A, b; c d!", Some(1.0)),
        ("a b c d", "a b c e", Some(2.0 / 4.0)),
        ("a b a b a b", "a b a", Some(1.0)),
        ("a b c", "x y z", Some(0.0)),
        ("a", "a", Some(1.0)),
        ("a b", "", Some(0.0)),
        ("", " ... ", None),
    ];
    for (left, right, expected) in cases {
        assert_eq!(
            similarity(&hasher, left, right),
            expected,
            "{left:?} {right:?}"
        );
        assert_eq!(
            similarity(&hasher, right, left),
            expected,
            "{right:?} {left:?}"
        );
    }
}

proptest! {
    #[test]
    fn similarity_is_that_of_the_sets_by_definition(
        left in "[ab ]{0,24}", right in "[ab ]{0,24}", ngram in 1_usize..4
    ) {
        let sets = [&left, &right].map(|text| {
            let words = twin_words(text);
            let ngram = ngram.min(words.len().max(1));
            words.windows(ngram).map(<[String]>::to_vec).collect::<HashSet<_>>()
        });
        let either = sets[0].union(&sets[1]).count();
        let both = sets[0].intersection(&sets[1]).count();
        let expected = (either > 0).then(|| both as f64 / either as f64);
        prop_assert_eq!(similarity(&hasher(ngram, 1, 8, Kernel::Portable), &left, &right), expected);
    }
}
