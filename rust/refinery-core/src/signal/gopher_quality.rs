//! Gopher's quality rules as numbers, computed as datatrove's `GopherQualityFilter` does.
//!
//! Not Gopher's paper to the letter, nor another project's reading of it: here words are spaCy's,
//! punctuation tokens included; the mean length is taken over core words only; bullets are `•` and
//! `-`; stop words count once each and case matters. Thresholds are in the preset
//! `datatrove/gopher_quality`.

use memchr::{memchr_iter, memmem};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::{Family, Scratch, SignalSpec, fraction};
use crate::text::lines::{lstrip, rstrip, split_lines};
use crate::text::punctuation::is_symbol;
use crate::text::{Doc, Needs};

/// Words of Gopher's stop word rule.
const STOP_WORDS: [&[u8]; 8] = [
    b"the", b"be", b"to", b"of", b"and", b"that", b"have", b"with",
];

/// The family.
pub static FAMILY: Family = Family {
    name: "datatrove.gopher_quality",
    prefix: "datatrove.gopher_quality.",
    source: "huggingface/datatrove 0.10.0, GopherQualityFilter; Rae et al. 2021, appendix A",
    signals: &[
        SignalSpec {
            name: "n_core_words",
            definition: "Words with at least one character that is no symbol (datatrove's punctuation set).",
            range: "0 and more",
        },
        SignalSpec {
            name: "mean_core_word_length",
            definition: "Mean number of characters of the core words.",
            range: "1 and more; null without core words",
        },
        SignalSpec {
            name: "hash_to_word_ratio",
            definition: "Occurrences of `#` in the text over all words, punctuation included.",
            range: "0 and more; null without words",
        },
        SignalSpec {
            name: "ellipsis_to_word_ratio",
            definition: "Occurrences of `...` and of `…` in the text over all words, punctuation included.",
            range: "0 and more; null without words",
        },
        SignalSpec {
            name: "frac_lines_starting_bullet",
            definition: "Lines (of `splitlines`, empty ones included) that start with `•` or `-` after white space, over all lines.",
            range: "0 to 1; null for empty text",
        },
        SignalSpec {
            name: "frac_lines_ending_ellipsis",
            definition: "Lines (of `splitlines`, empty ones included) that end with `...` or `…` before white space, over all lines.",
            range: "0 to 1; null for empty text",
        },
        SignalSpec {
            name: "frac_words_with_alpha",
            definition: "Words with at least one letter over all words, punctuation included.",
            range: "0 to 1; null without words",
        },
        SignalSpec {
            name: "n_distinct_stop_words",
            definition: "How many of `the be to of and that have with` occur as words, case-sensitive.",
            range: "0 to 8",
        },
    ],
    needs: Needs {
        words: true,
        token_ids: false,
    },
    compute,
};

#[derive(Default)]
struct WordCounts {
    core: usize,
    core_chars: usize,
    with_alpha: usize,
    stop_words: u8,
}

#[derive(Default)]
struct LineCounts {
    all: usize,
    starting_bullet: usize,
    ending_ellipsis: usize,
}

fn compute(doc: &Doc<'_>, _: &mut Scratch, out: &mut [f64]) {
    let n_words = doc.words.len();
    let words = count_words(doc);
    let lines = count_lines(doc.text);
    let text = doc.text.as_bytes();
    let hashes = memchr_iter(b'#', text).count();
    let ellipses = memmem::find_iter(text, "...").count() + memmem::find_iter(text, "…").count();
    out.copy_from_slice(&[
        words.core as f64,
        fraction(words.core_chars, words.core),
        fraction(hashes, n_words),
        fraction(ellipses, n_words),
        fraction(lines.starting_bullet, lines.all),
        fraction(lines.ending_ellipsis, lines.all),
        fraction(words.with_alpha, n_words),
        f64::from(words.stop_words.count_ones()),
    ]);
}

fn count_words(doc: &Doc<'_>) -> WordCounts {
    let mut counts = WordCounts::default();
    for word in doc.words {
        let token = word.text(doc.text);
        let (is_core, has_alpha) = classify(token);
        if is_core {
            counts.core += 1;
            counts.core_chars += word.n_chars as usize;
        }
        counts.with_alpha += usize::from(has_alpha);
        counts.stop_words |= stop_word_bit(token.as_bytes());
    }
    counts
}

/// Whether a word is core, and whether it has a letter.
fn classify(token: &str) -> (bool, bool) {
    // Most words begin with an ASCII letter, which answers both.
    if token
        .as_bytes()
        .first()
        .is_some_and(u8::is_ascii_alphabetic)
    {
        return (true, true);
    }
    (
        token.chars().any(|c| !is_symbol(c)),
        token.chars().any(is_alpha),
    )
}

/// Python's `str.isalpha` of one character: the letters of Unicode, without letter-like numbers and
/// marks, which `char::is_alphabetic` counts in.
fn is_alpha(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    c.general_category_group() == GeneralCategoryGroup::Letter
}

/// One bit for each stop word, none for any other word.
fn stop_word_bit(token: &[u8]) -> u8 {
    if !(2..=4).contains(&token.len()) {
        return 0;
    }
    STOP_WORDS
        .iter()
        .position(|&stop| stop == token)
        .map_or(0, |i| 1 << i)
}

fn count_lines(text: &str) -> LineCounts {
    let mut counts = LineCounts::default();
    for line in split_lines(text) {
        counts.all += 1;
        counts.starting_bullet += usize::from(lstrip(line).starts_with(['•', '-']));
        let end = rstrip(line);
        counts.ending_ellipsis += usize::from(end.ends_with("...") || end.ends_with('…'));
    }
    counts
}
