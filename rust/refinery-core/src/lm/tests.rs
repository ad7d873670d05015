//! Small models by hand, damaged files, and pieces of a model made here.

#![allow(
    clippy::float_cmp,
    reason = "sums are those of the reference to the last bit"
)]

use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;

use super::sentencepiece::{Unigram, UnigramScratch};
use super::{ArpaModel, LanguageModel, Perplexity, Pieces, Scratch, UNKNOWN};

/// A file of this process that goes when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("refinery-lm-{}-{n}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a temporary file");
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A file that is left behind harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn load(arpa: &str) -> crate::Result<ArpaModel> {
    ArpaModel::load(&Temporary::new("model.arpa", arpa.as_bytes()).0)
}

const TRIGRAMS: &str = "# a comment

\\data\\
ngram 1=5
ngram 2=4
ngram 3=2

\\1-grams:
-2\t<unk>
-99\t<s>\t-0.5
-1\t</s>
-0.75\ta\t-0.25
-0.5\tb\t-0.125

\\2-grams:
-0.25\t<s> a\t-0.0625
-0.5\ta b\t-0.03125
-0.125\ta a
-1\tb b\t0.5

\\3-grams:
-0.0625\t<s> a b
-0.03125\ta b </s>

\\end\\
";

#[test]
fn lines_are_scored_by_the_longest_ngram_and_what_backing_off_costs() {
    let model = load(TRIGRAMS).expect("a model");
    assert_eq!(model.order(), 3);
    let cases = [
        // </s> after <s>: the weight of <s>, the unigram.
        ("", -0.5 - 1.0),
        // <s> a, <s> a b, a b </s>: nothing is backed off.
        ("a b", -0.25 - 0.0625 - 0.03125),
        // <s> a; </s>: weights of a and of <s> a.
        (" \ta\n", -0.25 + (-1.0 - 0.25 - 0.0625)),
        // b: weight of <s>; b b: of <s> b, which is none; </s>: of b, then of b b.
        ("b b", (-0.5 - 0.5) - 1.0 + (-1.0 - 0.125 + 0.5)),
        // The unknown word has no context after it and backs off to nothing.
        ("x", (-2.0 - 0.5) - 1.0),
        (
            "a x a",
            -0.25 + (-2.0 - 0.25 - 0.0625) - 0.75 + (-1.0 - 0.25),
        ),
        ("<unk>", (-2.0 - 0.5) - 1.0),
        // A no-break space is no space to KenLM.
        ("a\u{a0}b", (-2.0 - 0.5) - 1.0),
    ];
    for (line, expected) in cases {
        assert_eq!(model.score_line(line), expected, "{line:?}");
    }
    let mut state = model.no_context();
    assert_eq!(model.score(&mut state, model.word(b"b")), -0.5);
    assert_eq!(model.word(b"nothing"), UNKNOWN);
}

#[test]
fn a_pruned_shorter_ngram_is_made_up_for() {
    // `b c` is missing although `a b c` is there: it costs what backing off costs.
    let arpa = "\\data\\\nngram 1=5\nngram 2=1\nngram 3=1\n\n\\1-grams:\n-99 <s>\n-1 </s>\n-1 a -0.5\n\
                -1 b -0.25\n-1 c -0.125\n\n\\2-grams:\n-0.5 a b -0.75\n\n\\3-grams:\n-0.0625 a b c\n\n\\end\\\n";
    let model = load(arpa).expect("a model");
    assert_eq!(model.score_line("a b c"), -1.0 - 0.5 - 0.0625 - 1.0 - 0.125);
    assert_eq!(
        model.score_line("b c"),
        -1.0 + (-1.0 - 0.25) + (-1.0 - 0.125)
    );
    assert_eq!(model.score_line("x"), -100.0 - 1.0, "no <unk>: KenLM's own");
}

#[test]
fn a_model_of_single_words() {
    let arpa = "\\data\\\nngram 1=3\n\n\\1-grams:\n-99 <s>\n-1 </s>\n-2 a\n\n\\end\\";
    assert_eq!(load(arpa).expect("a model").score_line("a a"), -5.0);
}

#[test]
fn a_compressed_file_is_the_same_model() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(TRIGRAMS.as_bytes()).expect("in memory");
    let gzip = gzip.finish().expect("in memory");
    let plain = load(TRIGRAMS).expect("a model");
    let file = Temporary::new("model.arpa.gz", &gzip);
    let packed = ArpaModel::load(&file.0).expect("a model");
    assert_eq!(packed.fingerprint(), plain.fingerprint());
    assert_eq!(packed.score_line("a b b"), plain.score_line("a b b"));
    let cut = Temporary::new("cut.arpa.gz", &gzip[..gzip.len() / 2]);
    assert!(ArpaModel::load(&cut.0).is_err());
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_damaged_file_is_refused_with_its_line() {
    let replaced = |from: &str, to: &str| TRIGRAMS.replacen(from, to, 1);
    let long = "x".repeat(1 << 17);
    let cases = [
        (String::new(), "line 0: no \\data\\"),
        (
            "mmap lm http://kheafield.com/code format version 5\n\0".into(),
            "line 1: this is a binary",
        ),
        (replaced("\\data\\", "data"), "line 3: expected \\data\\"),
        (
            replaced("ngram 2=4", "ngram 3=4"),
            "line 5: expected \"ngram 2=\"",
        ),
        (
            replaced("ngram 2=4", "ngram 2=-4"),
            "line 5: expected \"ngram 2=\"",
        ),
        (
            replaced("ngram 2=4", "ngram 2=4294967295"),
            "line 5: expected \"ngram 2=\"",
        ),
        (replaced("ngram 1=5\n", ""), "line 4: expected \"ngram 1=\""),
        (
            replaced("ngram 1=5", "\nngram 1=5"),
            "line 4: no \"ngram 1=\"",
        ),
        // An absurd count costs nothing: the section ends first.
        (
            replaced("ngram 1=5", "ngram 1=4000000000"),
            "line 14: the 1-grams end after 5 of 4000000000",
        ),
        (
            replaced("ngram 3=2", "ngram 3=4000000000"),
            "line 24: the 3-grams end after 2",
        ),
        (
            replaced("ngram 1=5", "ngram 1=4"),
            "line 13: expected \\2-grams:",
        ),
        (
            replaced("\\2-grams:", "\\3-grams:"),
            "line 15: expected \\2-grams:",
        ),
        (
            replaced("-0.75", "nan"),
            "line 12: the probability is \"nan\"",
        ),
        (
            replaced("-0.75", "-inf"),
            "line 12: the probability is \"-inf\"",
        ),
        (replaced("-0.75", "1e-3"), "line 12: a probability above 1"),
        (
            replaced("-0.25", "1e99"),
            "line 12: the back-off weight is \"1e99\"",
        ),
        (
            replaced("-0.75\ta\t-0.25", "-0.75"),
            "line 12: fewer than the 1 words",
        ),
        (
            replaced("a\t-0.25", "a\t-0.25\t1"),
            "line 12: \"1\" after a probability",
        ),
        (
            replaced("-0.5\tb\t", "-0.5\ta\t"),
            "line 13: the same word once more",
        ),
        (
            replaced("-0.5\tb\t-0.125", "-0.5\t<UNK>"),
            "line 13: the unknown word once more",
        ),
        (replaced("\t</s>", "\tend"), "line 13: no unigram </s>"),
        (
            replaced("-1\tb b\t0.5", "-1\tb c\t0.5"),
            "line 19: \"c\" is no unigram",
        ),
        (
            replaced("-1\tb b\t0.5", "-1\ta a\t0.5"),
            "line 19: the same n-gram once more",
        ),
        (
            replaced("\t<s> a b\n", "\t<s> b b\n"),
            "line 22: the words before the last",
        ),
        (
            replaced("\t<s> a b\n", "\t<s> a b\t-1\n"),
            "line 22: a back-off weight at the highest",
        ),
        (
            replaced("-0.5\ta b\t", &long),
            "line 17: a line of more than",
        ),
        (replaced("\n\\end\\", "\nmore"), "line 25: expected \\end\\"),
        (
            replaced("\\end\\\n", ""),
            "line 24: the file ends before \\end\\",
        ),
        (
            replaced("\\end\\\n", "\\end\\\n\nx"),
            "line 27: something after \\end\\",
        ),
    ];
    for (arpa, expected) in cases {
        let found = load(&arpa).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(found.contains(expected), "{expected:?} is not in {found:?}");
    }
    let seven = "ngram 1=1\nngram 2=1\nngram 3=1\nngram 4=1\nngram 5=1\nngram 6=1\nngram 7=1\n";
    let found = load(&format!("\\data\\\n{seven}"))
        .err()
        .map(|e| e.to_string());
    assert!(found.is_some_and(|e| e.contains("line 8: n-grams of more than 6")));
}

/// A `SentencePiece` model with these pieces, and no rules of normalisation but those of spaces.
fn sentencepiece(pieces: &[(&str, f32)]) -> Vec<u8> {
    let mut model = vec![10, 10, 10, 5];
    model.extend(b"<unk>");
    model.splice(1..2, [9]);
    model.extend([24, 2]);
    for (text, score) in pieces {
        let mut piece = vec![10, text.len() as u8];
        piece.extend(text.as_bytes());
        piece.push(21);
        piece.extend(score.to_le_bytes());
        model.extend([10, piece.len() as u8]);
        model.extend(piece);
    }
    model
}

const PIECES: &[(&str, f32)] = &[
    ("\u{2581}", -3.0),
    ("\u{2581}a", -2.0),
    ("a", -2.5),
    ("b", -2.5),
    ("ab", -3.0),
    ("\u{2581}ab", -4.5),
    ("é", -4.0),
];

fn unigram(model: &[u8]) -> crate::Result<Unigram> {
    Unigram::load(&Temporary::new("test.model", model).0)
}

#[test]
fn the_likeliest_pieces_are_found() {
    let unigram = unigram(&sentencepiece(PIECES)).expect("a model");
    let cases: [(&str, &[&str]); 9] = [
        ("", &[]),
        ("  ", &[]),
        ("a", &["▁a"]),
        ("ab", &["▁ab"]), // a tie of -4.5 with "▁a b": the longer last piece was there first
        ("  aab   b ", &["▁a", "ab", "▁", "b"]),
        ("xyz", &["▁", "xyz"]), // unknown neighbours are one piece
        ("axé日本b", &["▁a", "x", "é", "日本", "b"]),
        ("a\u{301}", &["▁a", "\u{301}"]),
        ("▁a", &["▁", "▁a"]), // the mark itself passes as a space
    ];
    let mut scratch = UnigramScratch::default();
    for (text, expected) in cases {
        let mut found = Vec::new();
        unigram.encode(text, &mut scratch, |_, piece| {
            found.push(String::from_utf8_lossy(piece).into_owned());
        });
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn a_model_of_another_kind_is_refused() {
    let good = sentencepiece(PIECES);
    let with = |more: &[u8]| [&good[..], more].concat();
    let cases: [(Vec<u8>, &str); 12] = [
        (Vec::new(), "it has no pieces"),
        (b"not a model".to_vec(), "damaged at byte 0"),
        (good[..good.len() - 3].to_vec(), "damaged at byte"),
        (with(&[18, 2, 24, 2]), "of type bpe"),
        (with(&[18, 3, 192, 1, 1]), "spaces are suffixes"),
        (with(&[18, 3, 152, 2, 1]), "falls back to bytes"),
        (with(&[10, 5, 10, 1, b'x', 24, 4]), "user-defined symbol"),
        (with(&[10, 5, 10, 1, b'x', 24, 6]), "is a byte"),
        (with(&[10, 3, 10, 1, b'a']), "once more"),
        (with(&[10, 3, 10, 1, 0xff]), "no UTF-8"),
        (with(&[10, 5, 21, 0, 0, 0xc0, 0x7f]), "piece 8 is empty"),
        (with(&[26, 6, 18, 4, 9, 0, 0, 0]), "the rules are cut short"),
    ];
    for (model, expected) in cases {
        let found = unigram(&model)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default();
        assert!(found.contains(expected), "{expected:?} is not in {found:?}");
    }
}

fn piece_model() -> Perplexity {
    let arpa = "\\data\\\nngram 1=5\nngram 2=1\n\n\\1-grams:\n-2 <unk>\n-99 <s> -0.5\n-1 </s>\n-0.5 \u{2581}a\n\
                -0.25 b\n\n\\2-grams:\n-0.125 <s> \u{2581}a\n\n\\end\\\n";
    let file = Temporary::new("test.model", &sentencepiece(PIECES));
    let pieces = Pieces::load(&file.0).expect("a model");
    Perplexity::new(load(arpa).expect("a model"), Some(pieces))
}

#[test]
fn a_document_of_pieces_is_one_line() {
    let model = piece_model();
    let cases = [
        ("", f64::NAN),
        (" \n ", f64::NAN),
        ("a", 10_f64.powf(0.5625)),
        // The newline goes: `▁a`, `a` (unknown to the model), the end.
        ("A\nÁ", 10_f64.powf((0.125 + 2.0 + 1.0) / 3.0)),
        ("a 7", 10_f64.powf((0.125 + 2.0 + 2.0 + 1.0) / 4.0)), // ▁a ▁ 0
    ];
    let mut scratch = Scratch::default();
    for (text, expected) in cases {
        let found = model.perplexity(text, &mut scratch);
        let expected = (expected * 10.0).round() / 10.0;
        assert!(
            found == expected || (found.is_nan() && expected.is_nan()),
            "{text:?}: {found}"
        );
    }
}

#[test]
fn without_pieces_every_line_counts_with_its_end() {
    let model = Perplexity::new(load(TRIGRAMS).expect("a model"), None);
    let mut scratch = Scratch::default();
    // `a b` costs 0.34375 and an empty line 1.5; four words and ends.
    let expected = (10_f64.powf((0.34375 + 1.5) / 4.0) * 10.0).round() / 10.0;
    assert_eq!(model.perplexity(" A b\n", &mut scratch), expected);
    assert!(model.perplexity("", &mut scratch).is_nan());
    assert_eq!(model.perplexity("\n\n", &mut scratch), 31.6, "10^1.5");
}

#[test]
fn a_perplexity_beyond_numbers_is_the_largest() {
    let arpa = "\\data\\\nngram 1=3\n\n\\1-grams:\n-9999 <unk>\n-99 <s>\n-1 </s>\n\n\\end\\";
    let model = Perplexity::new(load(arpa).expect("a model"), None);
    assert_eq!(model.perplexity("x y z", &mut Scratch::default()), f64::MAX);
}

proptest! {
    /// Whatever happens to a file, it is read or refused.
    #[test]
    fn a_changed_file_never_panics(
        at in 0..TRIGRAMS.len(),
        len in 0..40_usize,
        put in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut arpa = TRIGRAMS.as_bytes().to_vec();
        arpa.splice(at..(at + len).min(TRIGRAMS.len()), put);
        let file = Temporary::new("changed.arpa", &arpa);
        if let Ok(model) = ArpaModel::load(&file.0) {
            prop_assert!(model.score_line("a b x b </s> a").is_finite());
        }
    }

    #[test]
    fn a_changed_model_never_panics(
        at in 0..60_usize,
        put in prop::collection::vec(any::<u8>(), 0..6),
        rules in prop::collection::vec(any::<u8>(), 0..100),
        text in ".*",
    ) {
        let mut model = sentencepiece(PIECES);
        let mut map = (rules.len() as u32 / 8 * 4).to_le_bytes().to_vec();
        map.extend(rules);
        model.extend([26, map.len() as u8 + 2, 18, map.len() as u8]);
        model.extend(map);
        let end = (at + 2).min(model.len());
        model.splice(at.min(end)..end, put);
        if let Ok(unigram) = unigram(&model) {
            let mut bytes = 0;
            let mut scratch = UnigramScratch::default();
            unigram.encode(&text, &mut scratch, |_, piece| bytes += piece.len());
            prop_assert!(bytes <= 100 * (text.len() + 3));
        }
    }
}
