//! Words that are looked up together: their keys, and the hashes of the format's own kind.
//!
//! That hash is a chain of a multiplication a byte. Word by word most of the time is spent waiting
//! for it, and for how long the word is; side by side, vector instructions take one step of many
//! words at once, all of them as many steps as the longest key has bytes.

use super::short_words::Candidate;
use super::words::{BATCH, HASH_START, PRIME, UNPADDED, hash};
use crate::key::Key;

/// The words of one call of [`super::words::Words::next_batch`]; places after the last of them hold
/// anything.
pub(super) struct Batch {
    /// Where the words start and end, and how many there are.
    bounds: [[u32; 2]; BATCH],
    pub(super) n: usize,
    /// Keys of the words, of their first bytes where they are longer.
    pub(super) keys: [Key; BATCH],
    /// The keys' bytes, four at a time.
    quarters: [[u32; BATCH]; 4],
    /// What undoes the multiplications by which a key's padding is hashed.
    unpadded: [u32; BATCH],
    /// Hashes by [`hash`].
    pub(super) hashes: [u32; BATCH],
    /// A bit for every word that is longer than a key.
    pub(super) long: u32,
    /// What the dictionary may have for the hashes; of the batch before until it is asked.
    pub(super) candidates: [Candidate; BATCH],
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            bounds: [[0; 2]; BATCH],
            n: 0,
            keys: [Key::default(); BATCH],
            quarters: [[0; BATCH]; 4],
            unpadded: [1; BATCH],
            hashes: [0; BATCH],
            long: 0,
            candidates: [Candidate::default(); BATCH],
        }
    }

    /// Replaces the words by these, at most [`BATCH`].
    #[inline(always)]
    pub(super) fn fill(&mut self, text: &[u8], bounds: &[[u32; 2]]) {
        self.n = bounds.len();
        if self.n == 0 {
            return;
        }
        self.long = 0;
        for (i, &[start, end]) in bounds.iter().enumerate() {
            // Without a check for each array.
            let i = i % BATCH;
            self.bounds[i] = [start, end];
            let n_bytes = (end - start) as usize;
            let len = n_bytes.min(Key::MAX_BYTES);
            let key = Key::new(text, start as usize, len);
            self.keys[i] = key;
            let [a, b, c, d] = key.quarters();
            self.quarters[0][i] = a;
            self.quarters[1][i] = b;
            self.quarters[2][i] = c;
            self.quarters[3][i] = d;
            self.unpadded[i] = UNPADDED[Key::MAX_BYTES - len];
            self.long |= u32::from(n_bytes > Key::MAX_BYTES) << i;
        }
        self.hash_keys();
        for i in ones(self.long) {
            self.hashes[i] = hash(self.word(text, i));
        }
    }

    /// The bytes of one word.
    #[inline]
    pub(super) fn word<'a>(&self, text: &'a [u8], i: usize) -> &'a [u8] {
        let [start, end] = self.bounds[i];
        &text[start as usize..end as usize]
    }

    #[inline(always)]
    fn hash_keys(&mut self) {
        let mut hashes = [HASH_START; BATCH];
        for at in 0..Key::MAX_BYTES {
            let quarters = &self.quarters[at / 4];
            let unused = 8 * (3 - at as u32 % 4);
            for (i, hash) in hashes.iter_mut().enumerate() {
                // The byte, sign-extended.
                let byte = (quarters[i] << unused).cast_signed() >> 24;
                *hash = (*hash ^ byte.cast_unsigned()).wrapping_mul(PRIME);
            }
        }
        for (i, hash) in hashes.iter().enumerate() {
            self.hashes[i] = hash.wrapping_mul(self.unpadded[i]);
        }
    }

    /// Whether any word, or what is left of the batch before, may start with one of these.
    #[inline(always)]
    pub(super) fn may_start_with(&self, prefixes: [[u8; 4]; 2]) -> bool {
        let [one, other] = prefixes.map(u32::from_le_bytes);
        let mut any = 0;
        for &start in &self.quarters[0] {
            any |= u32::from(start == one) | u32::from(start == other);
        }
        any != 0
    }
}

/// The places of the ones of `bits`.
pub(super) fn ones(mut bits: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (place < u32::BITS).then_some(place as usize)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn hashes_are_those_of_the_bytes(
            words in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..=BATCH),
        ) {
            let mut bounds = Vec::new();
            let mut text = Vec::new();
            for word in &words {
                let start = text.len() as u32;
                text.extend_from_slice(word);
                bounds.push([start, text.len() as u32]);
            }
            let mut batch = Batch::new();
            batch.long = u32::MAX;
            batch.fill(&text, &bounds);
            for (i, word) in words.iter().enumerate() {
                prop_assert_eq!(batch.hashes[i], hash(word));
                prop_assert_eq!(batch.long >> i & 1 == 1, word.len() > Key::MAX_BYTES);
            }
        }
    }
}
