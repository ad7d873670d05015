//! Where the signatures of a corpus are while its duplicates are looked for: in memory
//! ([`Resident`]), or in files that nobody else sees ([`Spilled`]). The clusters are the same.
//!
//! Both hand out the hashes of one band at a time, in the order of documents, and single
//! signatures, which is all that clustering reads.

pub mod spill;

use rayon::prelude::*;

pub use spill::Spilled;

use super::minhash::hash::{hash_band, hash_wide_band};
use crate::{Error, Result};

/// Documents whose hashes are made and handed on at a time.
pub const RUN: usize = 1 << 16;

/// Bits of a hash's prefix: what a band splits by.
const PREFIX_BITS: u32 = 12;
/// Prefixes that there are.
pub const PREFIXES: usize = 1 << PREFIX_BITS;

/// The prefix of a band's hash.
pub fn prefix(hash: u64) -> usize {
    (hash >> (u64::BITS - PREFIX_BITS)) as usize
}

/// A value of a signature, 32 or 64 bits.
pub trait Value: Copy + Default + Eq + Ord + Send + Sync {
    /// Hash of the values of one band.
    fn hash_band(values: &[Self]) -> u64;

    /// From its bytes as they are stored: little-endian. Missing bytes are zero.
    fn from_stored(bytes: &[u8]) -> Self;
}

impl Value for u32 {
    fn hash_band(values: &[Self]) -> u64 {
        hash_band(values)
    }

    fn from_stored(bytes: &[u8]) -> Self {
        bytes.first_chunk().map_or(0, |b| Self::from_le_bytes(*b))
    }
}

impl Value for u64 {
    fn hash_band(values: &[Self]) -> u64 {
        hash_wide_band(values)
    }

    fn from_stored(bytes: &[u8]) -> Self {
        bytes.first_chunk().map_or(0, |b| Self::from_le_bytes(*b))
    }
}

/// How many values a signature has, and the bands they are cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Values per signature.
    pub num_perm: usize,
    /// Bands; divides `num_perm`.
    pub bands: usize,
}

impl Shape {
    /// # Errors
    /// [`Error::Parameter`] where bands do not divide `num_perm`, or there are none.
    pub fn check(self) -> Result<()> {
        if self.num_perm != 0 && self.bands != 0 && self.num_perm.is_multiple_of(self.bands) {
            return Ok(());
        }
        Err(Error::Parameter {
            name: "minhash.bands",
            message: format!(
                "got {} for {} permutations; allowed: a divisor",
                self.bands, self.num_perm
            ),
        })
    }

    /// The values of a band.
    pub fn band<V>(self, signature: &[V], band: usize) -> &[V] {
        let rows = self.num_perm / self.bands;
        &signature[band * rows..][..rows]
    }
}

/// Documents of each prefix of a band's hashes, for every band.
pub type PrefixCounts = Vec<Vec<u32>>;

/// Signatures of documents `0..len`, wherever they are.
pub trait Sketches<V>: Sync {
    /// How they are cut.
    fn shape(&self) -> Shape;

    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a band's table is laid out by.
    fn prefix_counts(&self) -> PrefixCounts;

    /// Hands on the hashes of a band: the first document of a run, and one hash a document.
    fn band_hashes(
        &self,
        band: usize,
        each: &mut dyn FnMut(usize, &[u64]) -> Result<()>,
    ) -> Result<()>;

    /// Reads one signature.
    fn read(&self, document: u32, into: &mut [V]) -> Result<()>;
}

/// Signatures in memory, row-major.
#[derive(Clone, Copy, Debug)]
pub struct Resident<'a, V> {
    values: &'a [V],
    shape: Shape,
}

impl<'a, V> Resident<'a, V> {
    /// # Errors
    /// [`Error::Parameter`] where bands do not divide `num_perm`.
    pub fn new(values: &'a [V], shape: Shape) -> Result<Self> {
        shape.check()?;
        Ok(Self { values, shape })
    }

    /// One signature.
    fn signature(&self, document: usize) -> &[V] {
        &self.values[document * self.shape.num_perm..][..self.shape.num_perm]
    }
}

impl<V: Value> Sketches<V> for Resident<'_, V> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn len(&self) -> usize {
        self.values.len() / self.shape.num_perm
    }

    fn prefix_counts(&self) -> PrefixCounts {
        self.values
            .par_chunks(RUN * self.shape.num_perm)
            .map(|run| {
                let mut counts = no_counts(self.shape.bands);
                for signature in run.chunks_exact(self.shape.num_perm) {
                    for (band, counts) in counts.iter_mut().enumerate() {
                        counts[prefix(V::hash_band(self.shape.band(signature, band)))] += 1;
                    }
                }
                counts
            })
            .reduce(|| no_counts(self.shape.bands), plus)
    }

    fn band_hashes(
        &self,
        band: usize,
        each: &mut dyn FnMut(usize, &[u64]) -> Result<()>,
    ) -> Result<()> {
        let mut hashes = Vec::with_capacity(RUN.min(self.len()));
        for first in (0..self.len()).step_by(RUN) {
            let last = self.len().min(first + RUN);
            (first..last)
                .into_par_iter()
                .map(|i| V::hash_band(self.shape.band(self.signature(i), band)))
                .collect_into_vec(&mut hashes);
            each(first, &hashes)?;
        }
        Ok(())
    }

    fn read(&self, document: u32, into: &mut [V]) -> Result<()> {
        into.copy_from_slice(self.signature(document as usize));
        Ok(())
    }
}

fn no_counts(bands: usize) -> PrefixCounts {
    vec![vec![0; PREFIXES]; bands]
}

#[expect(clippy::needless_pass_by_value, reason = "what `reduce` calls")]
fn plus(mut counts: PrefixCounts, other: PrefixCounts) -> PrefixCounts {
    add_counts(&mut counts, &other);
    counts
}

fn add_counts(counts: &mut PrefixCounts, other: &PrefixCounts) {
    for (counts, other) in counts.iter_mut().flatten().zip(other.iter().flatten()) {
        *counts += other;
    }
}
