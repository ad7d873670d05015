//! The comparisons within buckets, and the pairs that count.
//!
//! A bucket whose documents are all of one cluster is passed over. Of the others, signatures are
//! read into a *piece*: as many documents as fit into [`Limits::piece_bytes`]. A bucket larger than
//! that goes through piece by piece; only its leaders' signatures stay.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::band::{Entry, Round, hash_of, rank_of};
use super::forest::Forest;
use super::{ClusterStats, Limits};
use crate::dedup::sketches::Sketches;
use crate::{Interrupt, Result};

/// Largest bucket in which every pair is a candidate: at most 64 comparisons a document on
/// average, as in larger buckets.
const SMALL_BUCKET: usize = 128;
/// Leaders of a larger bucket.
pub const MAX_LEADERS: usize = 64;

/// Edges between ranks, and what it took to find them.
#[derive(Default)]
struct Found {
    edges: Vec<(u32, u32)>,
    /// Buckets to compare, whole.
    wanted: Vec<Entry>,
    stats: ClusterStats,
}

impl Found {
    /// What two runs of buckets gave, in their order.
    fn with(mut self, mut other: Self) -> Self {
        self.edges.append(&mut other.edges);
        self.wanted.append(&mut other.wanted);
        self.stats = self.stats.plus(other.stats);
        self
    }
}

pub struct Comparison<'a, S, V> {
    sketches: &'a S,
    order: &'a [u32],
    /// Equal values that make a pair count; `None` where every candidate pair does.
    needed: Option<usize>,
    piece_entries: usize,
    interrupt: &'a Interrupt,
    values: PhantomData<V>,
}

impl<'a, V: Default + Copy + Eq + Send + Sync, S: Sketches<V>> Comparison<'a, S, V> {
    pub fn new(
        sketches: &'a S,
        order: &'a [u32],
        needed: Option<usize>,
        limits: Limits<'a>,
    ) -> Self {
        let width = size_of::<V>() * sketches.shape().num_perm;
        Self {
            sketches,
            order,
            needed,
            piece_entries: (limits.piece_bytes / width).max(2 * SMALL_BUCKET),
            interrupt: limits.interrupt,
            values: PhantomData,
        }
    }

    /// Joins what counts of a round.
    pub fn compare(
        &self,
        round: Round<'_>,
        forest: &mut Forest,
        stats: &mut ClusterStats,
    ) -> Result<()> {
        let found = self.sift(round.segments, forest);
        *stats = stats.plus(found.stats);
        found.edges.iter().for_each(|&(a, b)| forest.join(a, b));
        for piece in self.pieces(&found.wanted) {
            self.interrupt.check()?;
            let found = match piece {
                Piece::Buckets(entries) => self.compare_buckets(entries, forest)?,
                Piece::Bucket(entries) => self.compare_in_parts(entries, forest)?,
            };
            found.edges.iter().for_each(|&(a, b)| forest.join(a, b));
            *stats = stats.plus(found.stats);
        }
        if round.is_last {
            forest.flatten();
        }
        Ok(())
    }

    /// Sorts the segments and finds the buckets that may join something.
    fn sift(&self, segments: Vec<&mut [Entry]>, forest: &Forest) -> Found {
        segments
            .into_par_iter()
            .fold(Found::default, |mut found, segment| {
                segment.par_sort_unstable();
                for bucket in buckets(segment).filter(|bucket| bucket.len() > 1) {
                    self.sift_bucket(bucket, forest, &mut found);
                }
                found
            })
            .reduce(Found::default, Found::with)
    }

    fn sift_bucket(&self, bucket: &[Entry], forest: &Forest, found: &mut Found) {
        let pairs = bucket.len() as u64 * (bucket.len() as u64 - 1) / 2;
        found.stats.candidate_pairs += pairs;
        let root = |&entry: &Entry| forest.parent(rank_of(entry));
        if bucket[1..].iter().all(|e| root(e) == root(&bucket[0])) {
            return;
        }
        if self.needed.is_some() {
            found.wanted.extend_from_slice(bucket);
        } else {
            let first = rank_of(bucket[0]);
            let others = bucket[1..].iter().map(|&entry| (rank_of(entry), first));
            found.edges.extend(others);
        }
    }

    /// Cuts buckets into runs of whole ones that fit into a piece, and single larger ones.
    fn pieces<'e>(&self, wanted: &'e [Entry]) -> Vec<Piece<'e>> {
        let mut pieces = Vec::new();
        let mut start = 0;
        let mut end = 0;
        for bucket in buckets(wanted) {
            if end - start + bucket.len() > self.piece_entries && start < end {
                pieces.push(Piece::Buckets(&wanted[start..end]));
                start = end;
            }
            end += bucket.len();
            if bucket.len() > self.piece_entries {
                pieces.push(Piece::Bucket(bucket));
                start = end;
            }
        }
        if start < end {
            pieces.push(Piece::Buckets(&wanted[start..end]));
        }
        pieces
    }

    fn compare_buckets(&self, entries: &[Entry], forest: &Forest) -> Result<Found> {
        let table = self.read(entries)?;
        let mut starts = vec![];
        let mut end = 0;
        for bucket in buckets(entries) {
            starts.push((end, bucket));
            end += bucket.len();
        }
        Ok(starts
            .into_par_iter()
            .fold(Found::default, |mut found, (start, bucket)| {
                if bucket.len() <= SMALL_BUCKET {
                    self.compare_pairs(bucket, start, &table, forest, &mut found);
                } else {
                    let mut leaders = Leaders::default();
                    self.compare_leaders(bucket, start, &table, &mut leaders, forest, &mut found);
                }
                found
            })
            .reduce(Found::default, Found::with))
    }

    /// One bucket that is larger than a piece.
    fn compare_in_parts(&self, bucket: &[Entry], forest: &Forest) -> Result<Found> {
        let mut found = Found::default();
        let mut leaders = Leaders::default();
        for part in bucket.chunks(self.piece_entries) {
            self.interrupt.check()?;
            let table = self.read(part)?;
            self.compare_leaders(part, 0, &table, &mut leaders, forest, &mut found);
        }
        Ok(found)
    }

    fn compare_pairs(
        &self,
        bucket: &[Entry],
        start: usize,
        table: &Table<V>,
        forest: &Forest,
        found: &mut Found,
    ) {
        let mut labels: Vec<u32> = bucket.iter().map(|&e| forest.parent(rank_of(e))).collect();
        for i in 1..bucket.len() {
            for j in 0..i {
                let (a, b) = (table.signature(start + i), table.signature(start + j));
                if labels[i] != labels[j] && self.counts(a, b, found) {
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
    fn compare_leaders(
        &self,
        bucket: &[Entry],
        start: usize,
        table: &Table<V>,
        leaders: &mut Leaders<V>,
        forest: &Forest,
        found: &mut Found,
    ) {
        for (i, &entry) in bucket.iter().enumerate() {
            let signature = table.signature(start + i);
            let mut resembles_one = false;
            for (leader, led) in leaders
                .ranks
                .iter()
                .zip(leaders.values.chunks(table.num_perm))
            {
                if self.counts(signature, led, found) {
                    resembles_one = true;
                    if forest.parent(rank_of(entry)) != forest.parent(*leader) {
                        found.edges.push((rank_of(entry), *leader));
                    }
                }
            }
            if !resembles_one && leaders.ranks.len() < MAX_LEADERS {
                leaders.ranks.push(rank_of(entry));
                leaders.values.extend_from_slice(signature);
            }
        }
    }

    /// Compares two signatures.
    fn counts(&self, a: &[V], b: &[V], found: &mut Found) -> bool {
        let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
        let counts = self.needed.is_none_or(|needed| equal >= needed);
        found.stats.compared_pairs += 1;
        found.stats.verified_pairs += u64::from(counts);
        counts
    }

    /// The signatures of entries; read in the order of documents, as they lie on a disk.
    fn read(&self, entries: &[Entry]) -> Result<Table<V>> {
        let document = |&entry: &Entry| self.order[rank_of(entry) as usize];
        let mut places: Vec<(u32, u32)> = entries.iter().map(document).zip(0..).collect();
        places.par_sort_unstable();
        let mut rows = vec![0; entries.len()];
        for (row, &(_, entry)) in (0..).zip(&places) {
            rows[entry as usize] = row;
        }
        let num_perm = self.sketches.shape().num_perm;
        let mut values = vec![V::default(); entries.len() * num_perm];
        values
            .par_chunks_exact_mut(num_perm)
            .zip(&places)
            .try_for_each(|(into, &(document, _))| self.sketches.read(document, into))?;
        Ok(Table {
            rows,
            values,
            num_perm,
        })
    }
}

/// What is read at a time.
enum Piece<'a> {
    /// Whole buckets.
    Buckets(&'a [Entry]),
    /// One that is read in parts.
    Bucket(&'a [Entry]),
}

/// Signatures of a piece's entries.
struct Table<V> {
    /// The row of each entry.
    rows: Vec<u32>,
    values: Vec<V>,
    num_perm: usize,
}

impl<V> Table<V> {
    fn signature(&self, entry: usize) -> &[V] {
        &self.values[self.rows[entry] as usize * self.num_perm..][..self.num_perm]
    }
}

/// Leaders of a larger bucket so far.
#[derive(Default)]
struct Leaders<V> {
    ranks: Vec<u32>,
    values: Vec<V>,
}

/// Runs of equal hashes.
fn buckets(sorted: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    sorted.chunk_by(|&a, &b| hash_of(a) == hash_of(b))
}
