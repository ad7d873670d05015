//! Near-duplicate clusters from signatures.
//!
//! Documents that agree in a whole band are *candidates*; a candidate pair counts when the share
//! of equal values, which estimates the Jaccard similarity, reaches the threshold; clusters are
//! the connected components of the pairs that count.
//!
//! The result depends neither on the order of documents nor on the number of threads: documents
//! are numbered by their rank (place in id order), what is compared within a bucket depends on
//! the bucket alone, and a comparison is left out only where it cannot join anything.
//!
//! 1. Per band, sort (band hash, rank); equal neighbours are a *bucket*. 16 bytes a document, for
//!    one band at a time.
//! 2. Buckets are compared in parallel, against the clusters as they were before the band. In a
//!    bucket of up to [`SMALL_BUCKET`] documents every pair is a candidate. In a larger one,
//!    documents come in rank order and each is compared with the *leaders* so far, at most
//!    [`MAX_LEADERS`]; one that resembles none becomes a leader. So no bucket costs more than 64
//!    comparisons a document, and boilerplate with a million copies costs about one each. What a
//!    larger bucket may miss are pairs that resemble no common leader, and documents that resemble
//!    none of the first 64 leaders; other bands, in smaller buckets, still find most.
//! 3. The pairs that count are joined in a forest over ranks whose roots are smallest ranks: 4
//!    bytes a document, and 4 more to get from rank to document.
//!
//! Bands are independent, and so are buckets: a band that does not fit can be sorted one range of
//! hashes at a time (only [`Comparison::entries`] would change), from disk or over machines.
//!
//! Not here: which document of a cluster is kept.

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::minhash::hash::{hash_band, hash_wide_band};
use crate::{Error, Result};

/// Largest bucket in which every pair is a candidate: at most 64 comparisons a document on
/// average, as in larger buckets.
const SMALL_BUCKET: usize = 128;
/// Leaders of a larger bucket.
const MAX_LEADERS: usize = 64;

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

/// A value of a signature, 32 or 64 bits.
pub trait Value: Copy + Eq + Ord + Send + Sync {
    /// Hash of the values of one band.
    fn hash_band(values: &[Self]) -> u64;
}

impl Value for u32 {
    fn hash_band(values: &[Self]) -> u64 {
        hash_band(values)
    }
}

impl Value for u64 {
    fn hash_band(values: &[Self]) -> u64 {
        hash_wide_band(values)
    }
}

/// Finds the clusters.
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
    check_lengths(signatures.len(), rank, alive, clustering)?;
    let needed = clustering.needed_values()?;
    let order = invert(rank)?;
    let comparison = Comparison {
        signatures,
        rank,
        alive,
        order: &order,
        clustering,
        needed,
    };
    let mut forest = Forest::new(rank.len());
    let mut entries = Vec::new();
    let mut stats = ClusterStats::default();
    for band in 0..clustering.bands {
        comparison.entries(band, &mut entries);
        entries.par_sort_unstable();
        let taking_part = entries.partition_point(|&entry| entry != ABSENT);
        let found = comparison.compare(&entries[..taking_part], &forest.parents);
        found.edges.iter().for_each(|&(a, b)| forest.join(a, b));
        forest.flatten();
        stats = stats.plus(found.stats);
    }
    let smallest = rank
        .iter()
        .map(|&r| order[forest.parents[r as usize] as usize])
        .collect();
    Ok(Clusters { smallest, stats })
}

fn parameter(name: &'static str, message: String) -> Error {
    Error::Parameter { name, message }
}

fn check_lengths(values: usize, rank: &[u32], alive: &[bool], c: &Clustering) -> Result<()> {
    if c.num_perm == 0 || c.bands == 0 || !c.num_perm.is_multiple_of(c.bands) {
        let message = format!(
            "got {} for {} permutations; allowed: a divisor",
            c.bands, c.num_perm
        );
        return Err(parameter("minhash.bands", message));
    }
    let n = rank.len();
    if u32::try_from(n).is_err() {
        return Err(parameter(
            "rank",
            format!("got {n} documents; allowed: below 2^32"),
        ));
    }
    if alive.len() != n {
        return Err(parameter(
            "alive",
            format!("got {} values; allowed: {n}", alive.len()),
        ));
    }
    if Some(values) != n.checked_mul(c.num_perm) {
        let message = format!("got {values} values; allowed: {n} x {}", c.num_perm);
        return Err(parameter("signatures", message));
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

impl Clustering {
    /// Least number of equal values that reaches the threshold.
    fn needed_values(&self) -> Result<Option<usize>> {
        let Some(threshold) = self.threshold else {
            return Ok(None);
        };
        let share = |equal: usize| equal as f64 / self.num_perm as f64;
        let needed = (0..=self.num_perm).find(|&equal| share(equal) >= threshold);
        match needed {
            Some(needed) if threshold >= 0.0 => Ok(Some(needed)),
            _ => Err(parameter(
                "near_duplicates.threshold",
                format!("got {threshold}; allowed: 0 to 1"),
            )),
        }
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

/// A band hash (the upper 64 of 96 bits) and a rank: one integer, since those sort fastest.
type Entry = u128;

/// A document that does not take part; sorts behind all that do.
const ABSENT: Entry = Entry::MAX;

fn hash_of(entry: Entry) -> u64 {
    (entry >> 32) as u64
}

fn rank_of(entry: Entry) -> u32 {
    entry as u32
}

/// Edges between ranks, and what it took to find them.
#[derive(Default)]
struct Found {
    edges: Vec<(u32, u32)>,
    stats: ClusterStats,
}

impl Found {
    fn with(mut self, mut other: Self) -> Self {
        if self.edges.len() < other.edges.len() {
            // Order does not matter to the forest; the shorter list is moved.
            std::mem::swap(&mut self.edges, &mut other.edges);
        }
        self.edges.append(&mut other.edges);
        self.stats = self.stats.plus(other.stats);
        self
    }
}

struct Comparison<'a, V> {
    signatures: &'a [V],
    rank: &'a [u32],
    alive: &'a [bool],
    order: &'a [u32],
    clustering: &'a Clustering,
    /// Equal values that make a pair count; `None` where every candidate pair does.
    needed: Option<usize>,
}

impl<V: Value> Comparison<'_, V> {
    /// The entries of a band, in the order of documents.
    fn entries(&self, band: usize, entries: &mut Vec<Entry>) {
        let rows = self.clustering.num_perm / self.clustering.bands;
        self.signatures
            .par_chunks_exact(self.clustering.num_perm)
            .zip(self.rank)
            .zip(self.alive)
            .map(|((signature, &rank), &is_alive)| {
                if !is_alive {
                    return ABSENT;
                }
                let hash = V::hash_band(&signature[band * rows..][..rows]);
                Entry::from(hash) << 32 | Entry::from(rank)
            })
            .collect_into_vec(entries);
    }

    /// The edges that sorted `entries` give, between documents that `roots` tells apart.
    fn compare(&self, entries: &[Entry], roots: &[u32]) -> Found {
        entries
            .par_chunk_by(|&a, &b| hash_of(a) == hash_of(b))
            .filter(|bucket| bucket.len() > 1)
            .fold(Found::default, |mut found, bucket| {
                let pairs = bucket.len() as u64 * (bucket.len() as u64 - 1) / 2;
                found.stats.candidate_pairs += pairs;
                match self.needed {
                    None => chain(bucket, roots, &mut found),
                    Some(needed) if bucket.len() <= SMALL_BUCKET => {
                        self.compare_pairs(bucket, roots, needed, &mut found);
                    }
                    Some(needed) => self.compare_leaders(bucket, roots, needed, &mut found),
                }
                found
            })
            .reduce(Found::default, Found::with)
    }

    fn compare_pairs(&self, bucket: &[Entry], roots: &[u32], needed: usize, found: &mut Found) {
        let mut labels: Vec<u32> = bucket.iter().map(|&e| roots[rank_of(e) as usize]).collect();
        for i in 1..bucket.len() {
            for j in 0..i {
                if labels[i] != labels[j] && self.counts(bucket[i], bucket[j], needed, found) {
                    found.edges.push((rank_of(bucket[i]), rank_of(bucket[j])));
                    let (old, new) = (labels[i], labels[j]);
                    labels
                        .iter_mut()
                        .filter(|l| **l == old)
                        .for_each(|l| *l = new);
                }
            }
        }
    }

    /// Here comparisons are never left out: who leads must follow from the bucket alone.
    fn compare_leaders(&self, bucket: &[Entry], roots: &[u32], needed: usize, found: &mut Found) {
        let mut leaders: Vec<Entry> = Vec::with_capacity(MAX_LEADERS);
        for &entry in bucket {
            let mut resembles_one = false;
            for &leader in &leaders {
                if self.counts(entry, leader, needed, found) {
                    resembles_one = true;
                    join_if_apart(entry, leader, roots, found);
                }
            }
            if !resembles_one && leaders.len() < MAX_LEADERS {
                leaders.push(entry);
            }
        }
    }

    /// Compares two signatures.
    fn counts(&self, a: Entry, b: Entry, needed: usize, found: &mut Found) -> bool {
        let equal = self
            .signature(a)
            .iter()
            .zip(self.signature(b))
            .filter(|(a, b)| a == b)
            .count();
        found.stats.compared_pairs += 1;
        found.stats.verified_pairs += u64::from(equal >= needed);
        equal >= needed
    }

    fn signature(&self, entry: Entry) -> &[V] {
        let document = self.order[rank_of(entry) as usize] as usize;
        let num_perm = self.clustering.num_perm;
        &self.signatures[document * num_perm..][..num_perm]
    }
}

/// Joins a whole bucket.
fn chain(bucket: &[Entry], roots: &[u32], found: &mut Found) {
    for &entry in &bucket[1..] {
        join_if_apart(entry, bucket[0], roots, found);
    }
}

fn join_if_apart(a: Entry, b: Entry, roots: &[u32], found: &mut Found) {
    let (a, b) = (rank_of(a), rank_of(b));
    if roots[a as usize] != roots[b as usize] {
        found.edges.push((a, b));
    }
}

/// Disjoint sets of ranks. A parent is never larger than its child, so a root is the smallest of
/// its set.
struct Forest {
    parents: Vec<u32>,
}

impl Forest {
    fn new(n: usize) -> Self {
        Self {
            parents: (0..n as u32).collect(),
        }
    }

    fn root(&mut self, mut rank: u32) -> u32 {
        loop {
            let parent = self.parents[rank as usize];
            if parent == rank {
                return rank;
            }
            let grandparent = self.parents[parent as usize];
            self.parents[rank as usize] = grandparent;
            rank = grandparent;
        }
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }

    /// Makes every parent a root: parents come before their children, so one pass does.
    fn flatten(&mut self) {
        for i in 0..self.parents.len() {
            self.parents[i] = self.parents[self.parents[i] as usize];
        }
    }
}
