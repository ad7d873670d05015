//! `MinHash` signatures of word n-grams.
//!
//! Two documents agree in each value of their signatures with a probability equal to the Jaccard
//! similarity of their sets of word n-grams (Broder 1997), so the share of equal values estimates
//! it. Signatures are cut into bands, and documents that agree in a whole band are compared
//! ([`super::cluster`]).
//!
//! A [`Profile`] says whose words, hashes and numbers those are: our own ([`refinery`]), which are
//! fast, or those of datatrove ([`datatrove`]), to the bit. They are the same on every machine, and
//! are part of stored annotations: what changes them raises [`FORMAT_VERSION`]. New versions of
//! Unicode change them for new characters alone.
//!
//! Not here: comparing signatures.
//!
//! ```
//! use refinery_core::dedup::minhash::{MinHashParams, MinHashScratch, MinHasher};
//!
//! let hasher = MinHasher::new(MinHashParams::default())?;
//! let mut scratch = MinHashScratch::default();
//! let (mut a, mut b) = (vec![0; hasher.signature_bytes()], vec![0; hasher.signature_bytes()]);
//! assert!(hasher.sign("One fish, two fish, red fish, blue fish.", &mut scratch, &mut a));
//! assert!(hasher.sign("one FISH two fish -- red fish (blue fish)", &mut scratch, &mut b));
//! assert_eq!(a, b);
//! assert!(!hasher.sign(" ... ", &mut scratch, &mut a));
//! # Ok::<(), refinery_core::Error>(())
//! ```

mod datatrove;
mod fold;
pub(super) mod hash;
mod kernel;
mod refinery;
#[cfg(test)]
mod tests;
mod words;

use std::str::FromStr;

use datatrove::{Datatrove, ShingleHash};
use kernel::Dispatch;
pub use kernel::Kernel;
use refinery::Refinery;

use crate::{Error, Result};

/// Raised whenever signatures change for the same text and parameters.
pub const FORMAT_VERSION: u32 = 1;

/// Largest number of words in a shingle.
const MAX_NGRAM: usize = 256;
/// Largest number of values in a signature: 512 KiB a document, far beyond any published use.
const MAX_NUM_PERM: usize = 65_536;

/// Whose numbers a signature holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// Our own: fast, 32 bits a value.
    #[default]
    Refinery,
    /// datatrove's, with its default hash XXH64; 64 bits a value.
    Datatrove,
    /// datatrove's with SHA-1, as `FineWeb` was made; 64 bits a value.
    DatatroveSha1,
}

impl Profile {
    /// Every profile.
    pub const ALL: &'static [Self] = &[Self::Refinery, Self::Datatrove, Self::DatatroveSha1];

    /// Its name in pipeline files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refinery => "refinery",
            Self::Datatrove => "datatrove",
            Self::DatatroveSha1 => "datatrove_sha1",
        }
    }

    /// Bytes of a value.
    pub const fn value_bytes(self) -> usize {
        match self {
            Self::Refinery => 4,
            Self::Datatrove | Self::DatatroveSha1 => 8,
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
    scheme: Scheme,
}

enum Scheme {
    Refinery(Refinery),
    Datatrove(Datatrove),
}

/// Buffers of one thread. They grow to what the texts of the profile in use need, and are then
/// reused.
#[derive(Default)]
pub struct MinHashScratch {
    refinery: refinery::Scratch,
    datatrove: datatrove::Scratch,
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
        let (ngram, dispatch) = (params.ngram, Dispatch::new(kernel)?);
        let original = |hash| Scheme::Datatrove(Datatrove::new(ngram, num_perm, hash, dispatch));
        let scheme = match params.profile {
            Profile::Refinery => Scheme::Refinery(Refinery::new(ngram, num_perm, dispatch)),
            Profile::Datatrove => original(ShingleHash::Xxh64),
            Profile::DatatroveSha1 => original(ShingleHash::Sha1),
        };
        Ok(Self {
            params,
            num_perm,
            scheme,
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

    /// Bytes of a signature.
    pub fn signature_bytes(&self) -> usize {
        self.num_perm * self.params.profile.value_bytes()
    }

    /// Writes the values, little-endian, over `signature` (length [`MinHasher::signature_bytes`];
    /// of another length, the values that fit are written); false where the text has too few words
    /// for a signature: then it is all zeros.
    pub fn sign(&self, text: &str, scratch: &mut MinHashScratch, signature: &mut [u8]) -> bool {
        let is_signed = match &self.scheme {
            Scheme::Refinery(scheme) => scheme.sign(text, &mut scratch.refinery, signature),
            Scheme::Datatrove(scheme) => scheme.sign(text, &mut scratch.datatrove, signature),
        };
        if !is_signed {
            signature.fill(0);
        }
        is_signed
    }

    /// Replaces `set` by the different shingles of a text, sorted; empty where it has none.
    ///
    /// What signatures estimate is the Jaccard similarity of these sets: see [`jaccard`].
    pub fn shingle_set(&self, text: &str, scratch: &mut MinHashScratch, set: &mut Vec<u64>) {
        set.clear();
        match &self.scheme {
            Scheme::Refinery(scheme) => scheme.append_shingles(text, &mut scratch.refinery, set),
            Scheme::Datatrove(scheme) => scheme.append_shingles(text, &mut scratch.datatrove, set),
        }
        set.sort_unstable();
        set.dedup();
    }
}

/// Members of both sets over members of either; none where both are empty.
///
/// `left` and `right` are sorted and have no member twice, as from [`MinHasher::shingle_set`].
pub fn jaccard(left: &[u64], right: &[u64]) -> Option<f64> {
    let (mut i, mut j, mut both) = (0, 0, 0_usize);
    while let (Some(a), Some(b)) = (left.get(i), right.get(j)) {
        i += usize::from(a <= b);
        j += usize::from(b <= a);
        both += usize::from(a == b);
    }
    let either = left.len() + right.len() - both;
    (either > 0).then(|| both as f64 / either as f64)
}
