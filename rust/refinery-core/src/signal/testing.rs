//! Documents for the case tables: text whose words are given, so that a table does not depend on
//! the word splitter.

use super::{Family, Scratch};
use crate::text::line_table::LineTable;
use crate::text::lines::split_spaces;
use crate::text::words::word_hash;
use crate::text::{Doc, Word};

/// The words of `text` that are `tokens`, in order of occurrence.
pub fn words(text: &str, tokens: &[&str]) -> Vec<Word> {
    let mut at = 0;
    let place = |token: &&str| {
        let start = at + text[at..].find(*token).expect("the token is in the text");
        at = start + token.len();
        Word {
            start: start as u32,
            end: at as u32,
            n_chars: token.chars().count() as u32,
            hash: word_hash(token.as_bytes()),
        }
    };
    tokens.iter().map(place).collect()
}

/// The value of one signal, NaN for null; words are those between white space.
pub fn signal(family: &Family, name: &str, text: &str) -> f64 {
    signal_of_words(family, name, text, &split_spaces(text).collect::<Vec<_>>())
}

/// The value of one signal of a text with the given words, NaN for null.
pub fn signal_of_words(family: &Family, name: &str, text: &str, tokens: &[&str]) -> f64 {
    let words = words(text, tokens);
    let mut lines = LineTable::default();
    let doc = Doc {
        text,
        lines: lines.load(text),
        n_chars: text.chars().count(),
        words: &words,
        split_words: &words,
        uax29_words: &words,
        tokens: &[],
        is_kl3m_tokenizer: false,
    };
    let mut out = vec![-1.0; family.signals.len()];
    (family.compute)(&doc, &mut Scratch::default(), &mut out);
    out[family
        .signals
        .iter()
        .position(|s| s.name == name)
        .expect("a signal of the family")]
}

/// Checks a table of (text, expected); NaN expects null.
pub fn check(family: &Family, name: &str, cases: &[(&str, f64)]) {
    for &(text, expected) in cases {
        let found = signal(family, name, text);
        let is_same = found.total_cmp(&expected).is_eq() || found.is_nan() && expected.is_nan();
        assert!(
            is_same,
            "{name} of {text:?} is {found}, expected {expected}"
        );
    }
}
