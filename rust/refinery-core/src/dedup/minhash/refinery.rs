//! Our own signatures: fast, 32 bits a value.
//!
//! Definition, in the order of the pass:
//!
//! 1. Words: maximal runs of alphanumeric characters or `_`, lower-cased, accents dropped
//!    (`fold.rs`). Everything else separates.
//! 2. Each word's UTF-8 bytes are hashed to 64 bits, once.
//! 3. Every run of `ngram` words is a shingle; its words' hashes are combined in order and reduced
//!    to 32 bits. A document with fewer words is one shingle of them all; one without words has no
//!    signature.
//! 4. Value `i` is the minimum over the shingles `x` of `a_i * x + b_i` modulo 2^32, with `a_i`
//!    odd, which permutes the 32-bit numbers.

use super::hash;
use super::kernel::{Dispatch, GROUP, Group, Permutations};
use super::words::{BLOCK_BYTES, BLOCK_MASKS, Position, Words};

/// What the signatures of a parameter set share.
pub struct Refinery {
    ngram: usize,
    permutations: Permutations,
    dispatch: Dispatch,
}

/// Buffers of one thread. They grow to what a block of text needs (and to its longest run without
/// an ASCII separator), and are then reused.
#[derive(Default)]
pub struct Scratch {
    words: Words,
    shingles: Vec<u32>,
    minima: Vec<Group>,
}

impl Refinery {
    pub fn new(ngram: usize, num_perm: usize, dispatch: Dispatch) -> Self {
        Self {
            ngram,
            permutations: Permutations::new(num_perm),
            dispatch,
        }
    }

    /// Writes the values, little-endian, over `signature`; false, and nothing written, where the
    /// text has no word.
    pub fn sign(&self, text: &str, scratch: &mut Scratch, signature: &mut [u8]) -> bool {
        let has_words = self.lower_minima(text, scratch);
        if has_words {
            let (values, _) = signature.as_chunks_mut();
            for (value, least) in values.iter_mut().zip(scratch.minima.as_flattened()) {
                *value = least.to_le_bytes();
            }
        }
        has_words
    }

    fn lower_minima(&self, text: &str, scratch: &mut Scratch) -> bool {
        let Scratch {
            words,
            shingles,
            minima,
        } = scratch;
        minima.clear();
        minima.resize(self.permutations.groups(), [u32::MAX; GROUP]);
        self.for_shingles(text, words, shingles, |found| {
            self.dispatch.lower(&self.permutations, found, minima);
        })
    }

    /// Appends the shingles of a text, as often as they occur; none where the text has no word.
    pub fn append_shingles(&self, text: &str, scratch: &mut Scratch, to: &mut Vec<u64>) {
        let Scratch {
            words, shingles, ..
        } = scratch;
        self.for_shingles(text, words, shingles, |found| {
            to.extend(found.iter().map(|&shingle| u64::from(shingle)));
        });
    }

    /// Hands out the shingles of a text, some at a time; false where it has none. Walks over the
    /// text in blocks, so that masks, words and shingles stay in near caches.
    fn for_shingles(
        &self,
        text: &str,
        words: &mut Words,
        shingles: &mut Vec<u32>,
        mut take: impl FnMut(&[u32]),
    ) -> bool {
        words.hashes.clear();
        let mut masks = [0; BLOCK_MASKS];
        let mut position = Position::default();
        let mut has_shingles = false;
        for (i, block) in text.as_bytes().chunks(BLOCK_BYTES).enumerate() {
            let used = self.dispatch.mask(block, &mut masks);
            self.dispatch
                .cut(words, text, i * BLOCK_BYTES, &masks[..used], &mut position);
            has_shingles |= self.take_shingles(&mut words.hashes, shingles, &mut take);
        }
        words.end(text, position);
        has_shingles |= self.take_shingles(&mut words.hashes, shingles, &mut take);
        if !has_shingles && !words.hashes.is_empty() {
            take(&[hash::hash_shingle(&words.hashes)]);
            has_shingles = true;
        }
        has_shingles
    }

    /// Hands out every shingle of `words` and leaves the words that the next one needs.
    fn take_shingles(
        &self,
        words: &mut Vec<u64>,
        shingles: &mut Vec<u32>,
        take: &mut impl FnMut(&[u32]),
    ) -> bool {
        let ngram = self.ngram;
        if words.len() < ngram {
            return false;
        }
        self.dispatch.hash_shingles(words, ngram, shingles);
        take(shingles);
        words.drain(..=words.len() - ngram);
        true
    }
}
