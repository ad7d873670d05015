//! `MinHash` signatures of word n-grams.
//!
//! Two documents agree in each value of their signatures with a probability equal to the Jaccard
//! similarity of their sets of word n-grams (Broder 1997), so the share of equal values estimates
//! it. Signatures are cut into bands, and documents that agree in a whole band are compared
//! ([`super::cluster`]).
//!
//! Definition of the profile `refinery`, in the order of the pass:
//!
//! 1. Words: maximal runs of alphanumeric characters or `_`, lower-cased, accents dropped
//!    (`minhash/fold.rs`). Everything else separates.
//! 2. Each word's UTF-8 bytes are hashed to 64 bits, once.
//! 3. Every run of `ngram` words is a shingle; its words' hashes are combined in order and reduced
//!    to 32 bits. A document with fewer words is one shingle of them all; one without words has no
//!    signature.
//! 4. Value `i` is the minimum over the shingles `x` of `a_i * x + b_i` modulo 2^32, with `a_i`
//!    odd, which permutes the 32-bit numbers.
//!
//! The values are the same on every machine, and are part of stored annotations: what changes them
//! raises [`FORMAT_VERSION`]. New versions of Unicode change them for new characters alone.
//!
//! Not here: comparing signatures, and the `MinHash` of other projects, whose numbers differ.
//!
//! ```
//! use refinery_core::dedup::minhash::{MinHashParams, MinHashScratch, MinHasher};
//!
//! let hasher = MinHasher::new(MinHashParams::default())?;
//! let mut scratch = MinHashScratch::default();
//! let (mut a, mut b) = (vec![0; hasher.num_perm()], vec![0; hasher.num_perm()]);
//! assert!(hasher.sign("One fish, two fish, red fish, blue fish.", &mut scratch, &mut a));
//! assert!(hasher.sign("one FISH two fish -- red fish (blue fish)", &mut scratch, &mut b));
//! assert_eq!(a, b);
//! assert!(!hasher.sign(" ... ", &mut scratch, &mut a));
//! # Ok::<(), refinery_core::Error>(())
//! ```

mod fold;
pub(super) mod hash;
mod kernel;
#[cfg(test)]
mod tests;
mod words;

use std::str::FromStr;

pub use kernel::Kernel;
use kernel::{Dispatch, GROUP, Group, Permutations};
use words::{BLOCK_BYTES, BLOCK_MASKS, Position, Words};

use crate::{Error, Result};

/// Raised whenever signatures change for the same text and parameters.
pub const FORMAT_VERSION: u32 = 1;

/// Largest number of words in a shingle.
const MAX_NGRAM: usize = 256;
/// Largest number of values in a signature: 256 KiB a document, far beyond any published use.
const MAX_NUM_PERM: usize = 65_536;

/// Whose numbers a signature holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// Our own: fast, 32 bits a value.
    #[default]
    Refinery,
}

impl Profile {
    /// Every profile.
    pub const ALL: &'static [Self] = &[Self::Refinery];

    /// Its name in pipeline files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refinery => "refinery",
        }
    }
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|profile| profile.name() == name);
        found.copied().ok_or_else(|| Error::UnknownName {
            kind: "MinHash profile",
            name: name.into(),
        })
    }
}

/// What determines a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinHashParams {
    /// Words per shingle, 1 to 256.
    pub ngram: usize,
    /// Bands of the locality-sensitive hashing, at least 1.
    pub bands: usize,
    /// Rows per band, at least 1; at most 65,536 rows in all bands.
    pub rows_per_band: usize,
    /// Whose numbers.
    pub profile: Profile,
}

impl Default for MinHashParams {
    /// 5-grams in 14 bands of 8, as in `FineWeb` (Penedo et al. 2024, section 3.4): a pair of
    /// similarity 0.8 meets in a band with probability 0.92.
    fn default() -> Self {
        Self {
            ngram: 5,
            bands: 14,
            rows_per_band: 8,
            profile: Profile::Refinery,
        }
    }
}

impl MinHashParams {
    fn check(&self) -> Result<usize> {
        in_range("minhash.ngram", self.ngram, MAX_NGRAM)?;
        in_range("minhash.bands", self.bands, MAX_NUM_PERM)?;
        in_range("minhash.rows_per_band", self.rows_per_band, MAX_NUM_PERM)?;
        let num_perm = self.bands * self.rows_per_band;
        if num_perm <= MAX_NUM_PERM {
            return Ok(num_perm);
        }
        Err(Error::Parameter {
            name: "minhash.bands",
            message: format!(
                "{} bands of {} rows are {num_perm} permutations; allowed: at most {MAX_NUM_PERM}",
                self.bands, self.rows_per_band
            ),
        })
    }
}

fn in_range(name: &'static str, value: usize, max: usize) -> Result<()> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::Parameter {
        name,
        message: format!("got {value}; allowed: 1 to {max}"),
    })
}

/// Computes signatures, shared by all threads.
pub struct MinHasher {
    params: MinHashParams,
    num_perm: usize,
    permutations: Permutations,
    dispatch: Dispatch,
}

/// Buffers of one thread. They grow to what a block of text needs (and to its longest run without
/// an ASCII separator), and are then reused.
#[derive(Default)]
pub struct MinHashScratch {
    words: Words,
    shingles: Vec<u32>,
    minima: Vec<Group>,
}

impl MinHasher {
    /// Checks the parameters, derives the permutations and picks the machine's fastest kernel.
    ///
    /// # Errors
    /// [`Error::Parameter`] where a parameter is out of range.
    pub fn new(params: MinHashParams) -> Result<Self> {
        Self::with_kernel(
            params,
            Kernel::available().next().unwrap_or(Kernel::Portable),
        )
    }

    /// As [`MinHasher::new`] with a given kernel, to test and to measure: the signatures are the
    /// same.
    ///
    /// # Errors
    /// As for [`MinHasher::new`], and where this machine cannot run `kernel`.
    pub fn with_kernel(params: MinHashParams, kernel: Kernel) -> Result<Self> {
        let num_perm = params.check()?;
        let permutations = Permutations::new(num_perm);
        Ok(Self {
            params,
            num_perm,
            permutations,
            dispatch: Dispatch::new(kernel)?,
        })
    }

    /// The parameters given.
    pub fn params(&self) -> &MinHashParams {
        &self.params
    }

    /// Values per signature: bands x rows per band.
    pub fn num_perm(&self) -> usize {
        self.num_perm
    }

    /// Fills `signature` (length [`MinHasher::num_perm`]; of another length, what fits is filled);
    /// false where the text has no word, and so no signature: then it is all zeros.
    pub fn sign(&self, text: &str, scratch: &mut MinHashScratch, signature: &mut [u32]) -> bool {
        let has_words = self.lower_minima(text, scratch);
        let values = scratch.minima.iter().flatten();
        for (value, &least) in signature.iter_mut().zip(values) {
            *value = if has_words { least } else { 0 };
        }
        has_words
    }

    /// Walks over the text in blocks, so that masks, words and shingles stay in near caches.
    fn lower_minima(&self, text: &str, scratch: &mut MinHashScratch) -> bool {
        let MinHashScratch {
            words,
            shingles,
            minima,
        } = scratch;
        minima.clear();
        minima.resize(self.permutations.groups(), [u32::MAX; GROUP]);
        words.hashes.clear();
        let mut masks = [0; BLOCK_MASKS];
        let mut position = Position::default();
        let mut has_shingles = false;
        for (i, block) in text.as_bytes().chunks(BLOCK_BYTES).enumerate() {
            let used = self.dispatch.mask(block, &mut masks);
            self.dispatch
                .cut(words, text, i * BLOCK_BYTES, &masks[..used], &mut position);
            has_shingles |= self.take_shingles(&mut words.hashes, shingles, minima);
        }
        words.end(text, position);
        has_shingles |= self.take_shingles(&mut words.hashes, shingles, minima);
        if !has_shingles && !words.hashes.is_empty() {
            let shingle = hash::hash_shingle(&words.hashes);
            self.dispatch.lower(&self.permutations, &[shingle], minima);
            has_shingles = true;
        }
        has_shingles
    }

    /// Lowers the minima by every shingle of `words` and leaves the words that the next one needs.
    fn take_shingles(
        &self,
        words: &mut Vec<u64>,
        shingles: &mut Vec<u32>,
        minima: &mut [Group],
    ) -> bool {
        let ngram = self.params.ngram;
        if words.len() < ngram {
            return false;
        }
        self.dispatch.hash_shingles(words, ngram, shingles);
        self.dispatch.lower(&self.permutations, shingles, minima);
        words.drain(..=words.len() - ngram);
        true
    }
}
