//! Near-duplicate clusters from signatures.
//!
//! Documents that agree in a whole band are *candidates*; a candidate pair counts when the share
//! of equal values, which estimates the Jaccard similarity, reaches the threshold; clusters are
//! the connected components of the pairs that count.
//!
//! The result depends neither on the order of documents nor on the number of threads nor on what
//! fits into memory: documents are numbered by their rank (place in id order), what is compared
//! within a bucket depends on the bucket alone, and a comparison is left out only where it cannot
//! join anything.
//!
//! 1. Per band, sort (band hash, rank); equal neighbours are a *bucket*. 16 bytes a document, for
//!    one band at a time. Where that is more than [`Limits::table_documents`] allows, a band is
//!    taken in parts by the prefix of its hashes ([`band`]).
//! 2. Buckets are compared in parallel, against the clusters as they were before ([`compare`]). In
//!    a bucket of up to 128 documents every pair is a candidate. In a larger one, documents come in
//!    rank order and each is compared with the *leaders* so far, at most 64; one that resembles
//!    none becomes a leader. So no bucket costs more than 64 comparisons a document, and
//!    boilerplate with a million copies costs about one each. What a larger bucket may miss are
//!    pairs that resemble no common leader, and documents that resemble none of the first 64
//!    leaders; other bands, in smaller buckets, still find most. The signatures of buckets are
//!    read for a bounded number of documents at a time.
//! 3. The pairs that count are joined in a forest over ranks whose roots are smallest ranks: 4
//!    bytes a document, and 4 more to get from rank to document.
//!
//! Not here: which document of a cluster is kept.

mod band;
mod compare;
mod forest;
#[cfg(test)]
mod tests;

use self::band::Bands;
use self::compare::Comparison;
use self::forest::Forest;
pub use super::sketches::Value;
use super::sketches::{Resident, Shape, Sketches};
use crate::{Error, Interrupt, Result};

/// [`Limits::piece_bytes`] where memory is plenty: more makes nothing faster.
pub const PIECE_BYTES: usize = 16 << 20;

/// How signatures are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Clustering {
    /// Values per signature.
    pub num_perm: usize,
    /// Bands they are cut into; divides `num_perm`.
    pub bands: usize,
    /// Least share of equal values for a candidate pair to count, 0 to 1; `None` counts every
    /// candidate pair.
    pub threshold: Option<f64>,
}

/// What clustering may use, and who may stop it.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Documents of a band's table at a time, at 16 bytes each. Documents whose hashes have one
    /// prefix (12 bits) are never parted, however many they are.
    pub table_documents: usize,
    /// Bytes of signatures that are compared at a time; those of 256 documents at least.
    pub piece_bytes: usize,
    /// Asked between steps.
    pub interrupt: &'a Interrupt,
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterStats {
    /// Pairs of documents that share a band, once for each band they share.
    pub candidate_pairs: u64,
    /// Pairs whose signatures were compared; those already in one cluster need not be.
    pub compared_pairs: u64,
    /// Compared pairs that reached the threshold.
    pub verified_pairs: u64,
}

/// Which documents belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clusters {
    /// For each document the index of the smallest-ranked document of its cluster: itself where
    /// it is alone or does not take part.
    pub smallest: Vec<u32>,
    /// What was compared.
    pub stats: ClusterStats,
}

/// Finds the clusters of signatures in memory.
///
/// * `signatures`: `n * num_perm` values, row-major.
/// * `rank[i]`: place of document `i` when all documents are sorted by id, a permutation of `0..n`.
/// * `alive[i]`: whether document `i` takes part; one without a signature must not.
///
/// Runs on the current rayon pool.
///
/// # Errors
/// [`Error::Parameter`] where bands do not divide `num_perm`, the threshold is outside 0 to 1, the
/// lengths do not fit each other, or `rank` is no permutation.
pub fn near_duplicate_clusters<V: Value>(
    signatures: &[V],
    rank: &[u32],
    alive: &[bool],
    clustering: &Clustering,
) -> Result<Clusters> {
    let &Clustering {
        num_perm, bands, ..
    } = clustering;
    let sketches = Resident::new(signatures, Shape { num_perm, bands })?;
    if Some(signatures.len()) != rank.len().checked_mul(num_perm) {
        let message = format!(
            "got {} values; allowed: {} x {num_perm}",
            signatures.len(),
            rank.len()
        );
        return Err(parameter("signatures", message));
    }
    let limits = Limits {
        table_documents: usize::MAX,
        piece_bytes: PIECE_BYTES,
        interrupt: &Interrupt::default(),
    };
    cluster(&sketches, rank, alive, clustering.threshold, limits)
}

/// Finds the clusters of signatures wherever they are, within `limits`; the rest as in
/// [`near_duplicate_clusters`].
///
/// # Errors
/// As there; also [`Error::Interrupted`], and [`Error::Io`] where signatures cannot be read.
pub fn cluster<V: Value>(
    sketches: &impl Sketches<V>,
    rank: &[u32],
    alive: &[bool],
    threshold: Option<f64>,
    limits: Limits<'_>,
) -> Result<Clusters> {
    check_lengths(sketches.len(), rank, alive)?;
    let needed = needed_values(threshold, sketches.shape().num_perm)?;
    let order = invert(rank)?;
    let bands = Bands::new(sketches, rank, alive, limits);
    let comparison = Comparison::new(sketches, &order, needed, limits);
    let mut forest = Forest::new(rank.len());
    let mut stats = ClusterStats::default();
    bands.for_each_round(|round| comparison.compare(round, &mut forest, &mut stats))?;
    forest.flatten();
    let smallest = rank
        .iter()
        .map(|&r| order[forest.parent(r) as usize])
        .collect();
    Ok(Clusters { smallest, stats })
}

fn parameter(name: &'static str, message: String) -> Error {
    Error::Parameter { name, message }
}

fn check_lengths(n: usize, rank: &[u32], alive: &[bool]) -> Result<()> {
    if u32::try_from(n).is_err() {
        return Err(parameter(
            "rank",
            format!("got {n} documents; allowed: below 2^32"),
        ));
    }
    for (name, found) in [("rank", rank.len()), ("alive", alive.len())] {
        if found != n {
            return Err(parameter(name, format!("got {found} values; allowed: {n}")));
        }
    }
    Ok(())
}

/// The document at each rank.
fn invert(rank: &[u32]) -> Result<Vec<u32>> {
    let mut order = vec![u32::MAX; rank.len()];
    for (document, &r) in rank.iter().enumerate() {
        match order.get_mut(r as usize) {
            Some(place) if *place == u32::MAX => *place = document as u32,
            Some(_) => return Err(parameter("rank", format!("{r} is given twice"))),
            None => {
                let message = format!("got {r}; allowed: 0 to {}", rank.len() - 1);
                return Err(parameter("rank", message));
            }
        }
    }
    Ok(order)
}

/// Least number of equal values that reaches the threshold; `None` where every pair counts.
fn needed_values(threshold: Option<f64>, num_perm: usize) -> Result<Option<usize>> {
    let Some(threshold) = threshold else {
        return Ok(None);
    };
    let share = |equal: usize| equal as f64 / num_perm as f64;
    let needed = (0..=num_perm).find(|&equal| share(equal) >= threshold);
    match needed {
        Some(needed) if threshold >= 0.0 => Ok(Some(needed)),
        _ => Err(parameter(
            "near_duplicates.threshold",
            format!("got {threshold}; allowed: 0 to 1"),
        )),
    }
}

impl ClusterStats {
    fn plus(self, other: Self) -> Self {
        Self {
            candidate_pairs: self.candidate_pairs + other.candidate_pairs,
            compared_pairs: self.compared_pairs + other.compared_pairs,
            verified_pairs: self.verified_pairs + other.verified_pairs,
        }
    }
}
