//! Chunks that no rule touches: ASCII letters, alone or before one comma or full stop. They are
//! most of English prose, and cost neither a look at the rules nor one into the cache.

use xxhash_rust::xxh3::xxh3_64;

use super::phrases::{Phrases, TokenId};

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
    pub(super) hash: u64,
    pub(super) mark: Option<Mark>,
}

impl Plain {
    /// Suspects every run of letters that is a special case, is one with a mark after it, or is a
    /// token that the second pass looks for.
    pub(super) fn new<'a>(specials: impl Iterator<Item = &'a str>, phrases: &Phrases) -> Self {
        let mark = |text: &str| Mark {
            hash: xxh3_64(text.as_bytes()),
            id: phrases.id(text),
        };
        let mut plain = Self {
            suspects: vec![0; BITS / 64],
            comma: mark(","),
            stop: mark("."),
        };
        let stems = specials.flat_map(|text| [text, text.trim_end_matches([',', '.'])]);
        for text in stems.chain(phrases.tokens()) {
            let bit = xxh3_64(text.as_bytes()) as usize % BITS;
            plain.suspects[bit / 64] |= 1 << (bit % 64);
        }
        plain
    }

    /// The chunk of `letters` (ASCII letters) and `rest`, if it is a plain one.
    #[inline]
    pub(super) fn chunk(&self, letters: &[u8], rest: &[u8]) -> Option<PlainChunk> {
        let mark = match rest {
            _ if letters.is_empty() => return None,
            [] => None,
            b"," => Some(self.comma),
            // After one capital the full stop would belong to the word.
            b"." if letters.last().is_some_and(u8::is_ascii_lowercase) => Some(self.stop),
            _ => return None,
        };
        let hash = xxh3_64(letters);
        let bit = hash as usize % BITS;
        let is_suspect = self.suspects[bit / 64] >> (bit % 64) & 1 == 1;
        (!is_suspect).then_some(PlainChunk { hash, mark })
    }
}
