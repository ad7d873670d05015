//! Words of `split()`: how many, how long, of what kind.

use std::sync::LazyLock;

use crate::signal::gopher_quality::stop_word_bit;
use crate::text::chars::CharTable;
use crate::text::{Doc, Word};

/// Counts of words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub all: usize,
    pub chars: usize,
    /// Characters of the longest word, `None` without words.
    pub longest: Option<u32>,
    pub with_alpha: usize,
    pub stop_words: usize,
    pub symbols: usize,
}

/// Unicode's property Alphabetic, which the original's expression asks for: combining vowel signs
/// and letter-like numbers have it, though `str.isalpha` denies it to them.
static ALPHABETIC: LazyLock<CharTable> =
    LazyLock::new(|| CharTable::new(&[(1, r"\p{Alphabetic}")], &[]));

pub(super) fn count(doc: &Doc<'_>) -> Counts {
    let mut counts = Counts {
        all: doc.split_words.len(),
        longest: doc.split_words.iter().map(|word| word.n_chars).max(),
        ..Counts::default()
    };
    for word in doc.split_words {
        let token = word.text(doc.text);
        counts.chars += word.n_chars as usize;
        // Most words begin with an ASCII letter, which settles two of the three.
        if token.as_bytes()[0].is_ascii_alphabetic() {
            counts.with_alpha += 1;
            counts.stop_words += usize::from(stop_word_bit(token.as_bytes()) != 0);
        } else {
            counts.with_alpha += usize::from(token.chars().any(is_alphabetic));
            counts.symbols += usize::from(is_symbol(word, token));
        }
    }
    counts
}

fn is_alphabetic(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphabetic()
    } else {
        ALPHABETIC.get(c) != 0
    }
}

/// Whether a word is an ellipsis, or its runs of `#` are more than half of its characters. The
/// latter are words of single `#` between single other characters, so they begin with one.
fn is_symbol(word: &Word, token: &str) -> bool {
    match token.as_bytes()[0] {
        b'#' => {
            let runs = token.as_bytes().chunk_by(|a, b| a == b);
            runs.filter(|run| run[0] == b'#').count() * 2 > word.n_chars as usize
        }
        b'.' | b'[' | b'(' | b'-' | 0xe2 => {
            matches!(token, "..." | "[...]" | "…" | "(...)" | "[…]" | "-»")
        }
        _ => false,
    }
}
