//! Chunks that no rule touches: ASCII letters, alone or before one mark. They are most of English
//! prose, and cost neither a look at the rules nor one into a cache.

use super::classes::Classes;
use super::phrases::{Phrases, TokenId};
use super::tables::{LONG_PREFIXES, SUFFIX};
use crate::text::words::{SHORT_HASH, word_hash};

const BITS: usize = 1 << 16;

/// Which runs of letters may need a rule: a bit per hash, so a few others seem to as well.
pub(super) struct Plain {
    suspects: [u64; BITS / 64],
    pub(super) marks: [Mark; 256],
}

/// A byte that may be the last token of a plain chunk.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) hash: u64,
    pub(super) id: TokenId,
    /// What speaks against it as such a token; the lowest bit does not after a small letter.
    objection: u8,
}

/// Nothing makes the byte a mark.
const NEVER: u8 = 3;
/// After a capital a full stop may belong to the word.
const AFTER_LOWER: u8 = 1;
const AFTER_LETTER: u8 = 0;

impl Default for Plain {
    fn default() -> Self {
        Self {
            suspects: [0; BITS / 64],
            marks: [Mark::default(); 256],
        }
    }
}

impl Plain {
    /// Suspects every run of letters that is a special case, is one with a mark after it, or is a
    /// token that the second pass looks for.
    pub(super) fn new<'a>(
        specials: impl Iterator<Item = &'a [u8]>,
        phrases: &Phrases,
        classes: &Classes,
    ) -> Self {
        let mut plain = Self {
            suspects: [0; BITS / 64],
            marks: std::array::from_fn(|byte| Mark::new(byte as u8, phrases, classes)),
        };
        let is_mark = |byte: u8| !byte.is_ascii_alphabetic() && plain.mark(byte).objection != NEVER;
        let stems = |text: &'a [u8]| [text, without_end(text, is_mark)];
        let stems = specials.flat_map(stems);
        // No letters are no plain chunk either.
        let texts = stems.chain(phrases.tokens()).chain([&[][..]]);
        let bits: Vec<usize> = texts.map(bit_of).collect();
        for bit in bits {
            plain.suspects[bit / 64] |= 1 << (bit % 64);
        }
        plain
    }

    /// What the byte `last` is as a mark.
    #[inline]
    pub(super) fn mark(&self, last: u8) -> &Mark {
        &self.marks[usize::from(last)]
    }

    /// 0 if a chunk of so many letters and bytes is plain: letters with this hash, `letter` the last
    /// of them, and at most one byte more, which `last` is; without one, it is that letter. A number,
    /// so that one branch answers for all: they would be mispredicted one by one.
    #[inline]
    pub(super) fn objection(
        &self,
        hash: u64,
        letter: u8,
        last: u8,
        [n_letters, n_bytes]: [usize; 2],
    ) -> u64 {
        let is_lower = letter >> 5 & 1;
        let objection = self.mark(last).objection & !is_lower;
        let n_more = (n_bytes - n_letters) as u64 >> 1;
        let is_long = (n_bytes - 1) as u64 / SHORT_HASH as u64;
        self.suspicion(hash) | n_more | is_long | u64::from(objection)
    }

    /// 1 if a text with this hash may be a special case or a token of the second pass.
    #[inline]
    pub(super) fn suspicion(&self, hash: u64) -> u64 {
        let bit = hash as usize % BITS;
        self.suspects[bit / 64] >> (bit % 64) & 1
    }
}

/// `text` without the bytes at its end that are `marks`.
fn without_end(text: &[u8], is_mark: impl Fn(u8) -> bool) -> &[u8] {
    let n_marks = text.iter().rev().take_while(|&&byte| is_mark(byte)).count();
    &text[..text.len() - n_marks]
}

fn bit_of(text: &[u8]) -> usize {
    word_hash(text) as usize % BITS
}

impl Mark {
    fn new(byte: u8, phrases: &Phrases, classes: &Classes) -> Self {
        let in_long_prefix = LONG_PREFIXES.iter().any(|p| p.as_bytes().contains(&byte));
        let is_suffix = byte.is_ascii_punctuation() && classes.has(byte.into(), SUFFIX);
        let objection = match byte {
            b'.' => AFTER_LOWER,
            _ if byte.is_ascii_alphabetic() => AFTER_LETTER,
            _ if is_suffix && !in_long_prefix => AFTER_LETTER,
            _ => NEVER,
        };
        Self {
            hash: word_hash(&[byte]),
            id: phrases.id(&[byte]),
            objection,
        }
    }
}
