//! Ids against the crates they come from, on odd, random and hostile text.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    let mut scratch = TokenScratch::default();
    let mut ids = Vec::new();
    tokenizer.encode(text, &mut scratch, &mut ids);
    let mut again = Vec::new();
    tokenizer.encode(text, &mut scratch, &mut again);
    assert_eq!(ids, again, "a warm cache changes ids of {text:?}");
    assert_eq!(tokenizer.count(text, &mut scratch), ids.len(), "{text:?}");
    ids
}

fn twins() -> [(Tokenizer, &'static bpe_openai::Tokenizer); 2] {
    let ours = |name| Tokenizer::embedded(name).unwrap();
    [
        (ours("cl100k_base"), bpe_openai::cl100k_base()),
        (ours("o200k_base"), bpe_openai::o200k_base()),
    ]
}

/// A `tokenizer.json` in a folder of its own, removed at the end of the test.
struct TempFile(PathBuf);

impl TempFile {
    fn new(test: &str, content: &str) -> Self {
        let name = format!("refinery-tokens-{}-{test}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const ODD: &[&str] = &[
    "",
    " ",
    "\n",
    "\r\n\r\n \r\n",
    "\0\0",
    "   leading and trailing   ",
    "e\u{301}e\u{301} o\u{308}\u{301}",
    "שלום עולם، مرحبا بالعالم",
    "👩‍👩‍👧‍👦🏳️‍🌈 ok",
    "<|endoftext|>",
    "naïve 'S 'ſ don't 1234567",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
];

#[test]
fn published_ids_of_known_sentences() {
    let cl100k = Tokenizer::embedded("cl100k_base").unwrap();
    assert_eq!(ids(&cl100k, "hello world"), [15339, 1917]);
    assert_eq!(
        ids(&cl100k, "tiktoken is great!"),
        [83, 1609, 5963, 374, 2294, 0]
    );
    let o200k = Tokenizer::embedded("o200k_base").unwrap();
    assert_eq!(ids(&o200k, "hello world"), [24912, 2375]);
}

#[test]
fn odd_texts_have_the_ids_of_the_twin() {
    for (ours, twin) in twins() {
        for text in ODD {
            assert_eq!(
                ids(&ours, text),
                twin.encode(*text),
                "{}: {text:?}",
                ours.name()
            );
        }
    }
}

#[test]
fn a_scratch_that_serves_two_tokenizers_in_turn_mixes_nothing_up() {
    let mut scratch = TokenScratch::default();
    for _ in 0..2 {
        for (ours, twin) in twins() {
            for text in ODD {
                let mut ids = Vec::new();
                ours.encode(text, &mut scratch, &mut ids);
                assert_eq!(ids, twin.encode(*text));
            }
        }
    }
}

#[test]
fn hostile_texts_take_linear_time() {
    let megabyte = 1_000_000;
    let texts = [
        "a".repeat(megabyte),
        " ".repeat(megabyte),
        "\n".repeat(megabyte),
        "!".repeat(megabyte),
        "7".repeat(megabyte),
        " \n".repeat(megabyte / 2),
        "a ".repeat(megabyte / 2),
        "  a".repeat(megabyte / 3),
        "'s".repeat(megabyte / 2),
        "\u{3000}".repeat(megabyte / 3),
        "é".repeat(megabyte / 2),
        "\u{301}".repeat(megabyte / 2),
        "A".repeat(megabyte),
        "日A".repeat(megabyte / 4),
        "😀".repeat(megabyte / 4),
        format!("{}x", " ".repeat(megabyte)),
    ];
    let mut scratch = TokenScratch::default();
    for (ours, twin) in twins() {
        for text in &texts {
            let start = Instant::now();
            let n = ours.count(text, &mut scratch);
            let spent = start.elapsed();
            assert_eq!(n, twin.count(text.as_str()));
            // Quadratic work on a megabyte is 1e12 steps; linear work is under a tenth of a second.
            assert!(
                spent < Duration::from_secs(5),
                "{spent:?} for {:?}...",
                text.chars().take(6).collect::<String>()
            );
        }
    }
}

#[test]
fn unknown_names_are_refused() {
    let error = Tokenizer::embedded("cl100k").err().unwrap();
    assert!(
        matches!(error, Error::UnknownName { kind: "tokenizer", ref name } if name == "cl100k")
    );
}

#[test]
fn fingerprints_tell_tokenizers_apart_and_instances_not() {
    let [(a, _), (b, _)] = twins();
    assert_ne!(a.fingerprint(), b.fingerprint());
    assert_eq!(
        a.fingerprint(),
        Tokenizer::embedded("cl100k_base").unwrap().fingerprint()
    );
    assert_eq!(a.fingerprint().len(), 32);
    assert!(!a.is_kl3m());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn random_texts_have_the_ids_of_the_twin(text in "(\\PC{0,30}|[a-zA-Z' ]{0,80}|[ \n\t0-9а-яА-Я漢字]{0,40})") {
        for (ours, twin) in twins() {
            prop_assert_eq!(ids(&ours, &text), twin.encode(text.as_str()));
        }
    }
}

/// The printable characters by which byte-level tokenizers write bytes.
fn byte_chars() -> Vec<char> {
    let mut next = 256;
    (0..=255_u8)
        .map(|byte| match byte {
            b'!'..=b'~' | 0xa1..=0xac | 0xae.. => char::from(byte),
            _ => {
                next += 1;
                char::from_u32(next - 1).unwrap()
            }
        })
        .collect()
}

/// The first `n` entries of `cl100k_base` as a `tokenizer.json` with the published pattern.
fn cl100k_file(n: u32) -> String {
    let bpe = &bpe_openai::cl100k_base().bpe;
    let chars = byte_chars();
    let written =
        |bytes: &[u8]| -> String { bytes.iter().map(|b| chars[usize::from(*b)]).collect() };
    let mut vocab = Map::new();
    let mut merges = Vec::new();
    for id in 0..n {
        let bytes = bpe.token_bytes(id);
        vocab.insert(written(bytes), id.into());
        // Without ids of its own rank, a token is the merge of the two that its bytes end in.
        if let [left, right] = merge_of(bytes, id)[..] {
            merges.push(json!([
                written(bpe.token_bytes(left)),
                written(bpe.token_bytes(right))
            ]));
        }
    }
    let pattern = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
        ]},
        "post_processor": null, "decoder": null,
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": false, "vocab": vocab, "merges": merges},
    })
    .to_string()
}

/// The two tokens that plain BPE with only the ranks below `id` leaves of `bytes`.
fn merge_of(bytes: &[u8], id: u32) -> Vec<u32> {
    let bpe = &bpe_openai::cl100k_base().bpe;
    let rank = |b: &[u8]| match bpe.encode_via_backtracking(b)[..] {
        [only] if only < id => Some(only),
        _ => None,
    };
    let mut parts: Vec<&[u8]> = bytes.chunks(1).collect();
    let mut starts: Vec<usize> = (0..=bytes.len()).collect();
    while parts.len() > 2 {
        let pairs = (0..parts.len() - 1)
            .filter_map(|i| rank(&bytes[starts[i]..starts[i + 2]]).map(|r| (r, i)));
        let Some((_, i)) = pairs.min() else { break };
        starts.remove(i + 1);
        parts = starts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
    }
    parts.iter().filter_map(|p| rank(p)).collect()
}

#[test]
fn a_file_of_the_same_merges_has_the_ids_of_the_embedded_tokenizer() {
    let n = 20_000;
    let file = TempFile::new("merges", &cl100k_file(n));
    let from_file = Tokenizer::from_file(&file.0).unwrap();
    let embedded = Tokenizer::embedded("cl100k_base").unwrap();
    let mut compared = 0;
    let prose =
        "The committee met on 3 May 2021, and it's what we'd expected:\n\n  nothing was said.";
    for text in ODD
        .iter()
        .copied()
        .chain([prose])
        .flat_map(|t| t.split_inclusive(' '))
    {
        let expected = ids(&embedded, text);
        if expected.iter().all(|id| *id < n) {
            compared += expected.len();
            assert_eq!(ids(&from_file, text), expected, "{text:?}");
        }
    }
    assert!(compared > 60, "{compared}");
}

fn word_level(entries: &[(&str, u32)], unknown: &str) -> Value {
    let vocab: Map<String, Value> = entries
        .iter()
        .map(|(token, id)| ((*token).into(), (*id).into()))
        .collect();
    json!({
        "version": "1.0", "added_tokens": [], "normalizer": null,
        "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[UNK]"},
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": null,
        "post_processor": {"type": "BertProcessing", "sep": ["a", 1], "cls": ["b", 2]},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": unknown},
    })
}

#[test]
fn truncation_padding_and_special_tokens_of_a_file_are_off() {
    let content = word_level(&[("[UNK]", 0), ("a", 1), ("b", 2)], "[UNK]").to_string();
    let file = TempFile::new("word-level", &content);
    let tokenizer = Tokenizer::from_file(&file.0).unwrap();
    assert_eq!(ids(&tokenizer, "a b b a c"), [1, 2, 2, 1, 0]);
    assert_eq!(ids(&tokenizer, ""), [0_u32; 0]);
    assert_eq!(tokenizer.name(), file.0.display().to_string());
}

#[test]
fn a_file_without_its_own_unknown_token_is_refused() {
    let content = word_level(&[("a", 1)], "[UNK]").to_string();
    let file = TempFile::new("unknown", &content);
    let error = Tokenizer::from_file(&file.0).err().unwrap().to_string();
    assert!(error.contains("unk_token \"[UNK]\""), "{error}");
}

#[test]
fn damaged_and_missing_files_are_named() {
    let file = TempFile::new("damaged", "{\"version\": \"1.0\"");
    let error = Tokenizer::from_file(&file.0).err().unwrap();
    assert!(
        matches!(error, Error::Model { ref path, .. } if *path == file.0),
        "{error}"
    );
    let missing = Path::new("no/such/tokenizer.json");
    assert!(matches!(
        Tokenizer::from_file(missing).err().unwrap(),
        Error::Io { .. }
    ));
}

/// A stand-in with the entries that the rule checks, save `without`, and filler for other ids.
fn like_kl3m(without: Option<u32>) -> String {
    let mut tokens: Vec<String> = (0..1 << 17).map(|id| format!("filler{id}")).collect();
    for (token, id) in file::KL3M_ENTRIES {
        if without != Some(*id) {
            tokens[*id as usize] = (*token).into();
        }
    }
    let entries: Vec<(&str, u32)> = tokens.iter().map(String::as_str).zip(0..).collect();
    word_level(&entries, "<|unk|>").to_string()
}

#[test]
fn kl3m_is_known_by_its_vocabulary() {
    for (name, without, expected) in [("kl3m", None, true), ("not-kl3m", Some(908), false)] {
        let file = TempFile::new(name, &like_kl3m(without));
        assert_eq!(
            Tokenizer::from_file(&file.0).unwrap().is_kl3m(),
            expected,
            "{name}"
        );
    }
}
