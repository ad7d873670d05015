//! Chunks that no rule touches: ASCII letters, alone or before one comma or full stop. They are
//! most of English prose, and cost neither a look at the rules nor one into the cache.

use super::bytes::{is_end, n_letters};
use super::phrases::{Phrases, TokenId};
use crate::text::words::{short_hash, word_hash};

const BITS: usize = 1 << 16;

/// Which runs of letters may need a rule: a bit per hash, so a few others seem to as well.
#[derive(Default)]
pub(super) struct Plain {
    suspects: Vec<u64>,
    comma: Mark,
    stop: Mark,
}

/// A token of one punctuation mark.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) hash: u64,
    pub(super) id: TokenId,
}

/// A chunk of letters, and the mark after them.
pub(super) struct PlainChunk {
    pub(super) letters_end: usize,
    pub(super) hash: u64,
    pub(super) mark: Option<Mark>,
}

impl Plain {
    /// Suspects every run of letters that is a special case, is one with a mark after it, or is a
    /// token that the second pass looks for.
    pub(super) fn new<'a>(specials: impl Iterator<Item = &'a str>, phrases: &Phrases) -> Self {
        let mark = |text: &str| Mark {
            hash: word_hash(text.as_bytes()),
            id: phrases.id(text),
        };
        let mut plain = Self {
            suspects: vec![0; BITS / 64],
            comma: mark(","),
            stop: mark("."),
        };
        let stems = specials.flat_map(|text| [text, text.trim_end_matches([',', '.'])]);
        for text in stems.chain(phrases.tokens()) {
            let bit = word_hash(text.as_bytes()) as usize % BITS;
            plain.suspects[bit / 64] |= 1 << (bit % 64);
        }
        plain
    }

    /// The chunk that begins at `start`, if it is a plain one. One that ends at white space beyond
    /// ASCII is left to the rules, which come to the same.
    #[inline]
    pub(super) fn chunk(&self, text: &[u8], start: usize) -> Option<PlainChunk> {
        let (letters_end, hash) = letters(text, start);
        if letters_end == start {
            return None;
        }
        let mark = match text.get(letters_end) {
            _ if is_end(text, letters_end) => None,
            Some(b',') if is_end(text, letters_end + 1) => Some(self.comma),
            // After one capital the full stop would belong to the word.
            Some(b'.')
                if is_end(text, letters_end + 1) && text[letters_end - 1].is_ascii_lowercase() =>
            {
                Some(self.stop)
            }
            _ => return None,
        };
        let bit = hash as usize % BITS;
        let is_suspect = self.suspects[bit / 64] >> (bit % 64) & 1 == 1;
        (!is_suspect).then_some(PlainChunk {
            letters_end,
            hash,
            mark,
        })
    }
}

/// Where the ASCII letters end that begin at `start`, and their [`word_hash`].
#[inline]
fn letters(text: &[u8], start: usize) -> (usize, u64) {
    let mut at = start;
    while let Some(chunk) = text[at..].first_chunk() {
        let bytes = u64::from_le_bytes(*chunk);
        let n = n_letters(bytes);
        if n < chunk.len() && at == start {
            return (at + n, short_hash(bytes & !(u64::MAX << (8 * n)), n));
        }
        at += n;
        if n < chunk.len() {
            return (at, word_hash(&text[start..at]));
        }
    }
    let letters = text[at..].iter();
    at += letters.take_while(|b| b.is_ascii_alphabetic()).count();
    (at, word_hash(&text[start..at]))
}
