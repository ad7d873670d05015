//! A band as a table of (hash, rank), sorted: all at once, or in parts of consecutive prefixes.
//!
//! How many documents have each prefix is known beforehand, so every part is laid out exactly: a
//! document's entry goes straight to the place of its prefix, and what is left to sort are the
//! entries of one prefix, a 4096th of the band.

use std::marker::PhantomData;
use std::ops::Range;

use super::Limits;
use crate::Result;
use crate::dedup::sketches::{PREFIXES, Sketches, prefix};

/// A band hash (the upper 64 of 96 bits) and a rank: one integer, since those sort fastest.
pub type Entry = u128;

/// Entries that are sorted and compared between two looks at the interrupt: about a tenth of a
/// second.
const ROUND_ENTRIES: usize = 1 << 20;

pub fn hash_of(entry: Entry) -> u64 {
    (entry >> 32) as u64
}

pub fn rank_of(entry: Entry) -> u32 {
    entry as u32
}

/// The tables of all bands, one part at a time.
pub struct Bands<'a, S, V> {
    sketches: &'a S,
    rank: &'a [u32],
    alive: &'a [bool],
    limits: Limits<'a>,
    values: PhantomData<V>,
}

impl<'a, V, S: Sketches<V>> Bands<'a, S, V> {
    pub fn new(sketches: &'a S, rank: &'a [u32], alive: &'a [bool], limits: Limits<'a>) -> Self {
        Self {
            sketches,
            rank,
            alive,
            limits,
            values: PhantomData,
        }
    }

    /// Hands on every band in rounds: the entries of some prefixes, unsorted within each.
    /// Entries of equal hashes are in one round.
    pub fn for_each_round(&self, mut each: impl FnMut(Round<'_>) -> Result<()>) -> Result<()> {
        let mut entries = Vec::new();
        for (band, counts) in self.sketches.prefix_counts().iter().enumerate() {
            for part in parts(counts, self.limits.table_documents) {
                let ends = self.fill(band, part.clone(), counts, &mut entries)?;
                let starts = starts(&counts[part.clone()]);
                let is_band_done = part.end == PREFIXES;
                let mut rest = entries.as_mut_slice();
                let mut before = 0;
                for round in parts(&counts[part], ROUND_ENTRIES) {
                    self.limits.interrupt.check()?;
                    let is_last = is_band_done && round.end == ends.len();
                    let end = starts[round.end];
                    let (here, later) = rest.split_at_mut(end - before);
                    each(Round {
                        segments: segments(here, &starts[round.clone()], &ends[round], before),
                        is_last,
                    })?;
                    (rest, before) = (later, end);
                }
            }
        }
        Ok(())
    }

    /// The entries of `part`, each prefix's at its place; returns where each ends. What does not
    /// take part leaves its place empty.
    fn fill(
        &self,
        band: usize,
        part: Range<usize>,
        counts: &[u32],
        entries: &mut Vec<Entry>,
    ) -> Result<Vec<usize>> {
        let mut ends = starts(&counts[part.clone()]);
        let total = ends.pop().unwrap_or(0);
        entries.resize(total, 0);
        self.sketches.band_hashes(band, &mut |first, hashes| {
            self.limits.interrupt.check()?;
            for (i, &hash) in (first..).zip(hashes) {
                let prefix = prefix(hash);
                if part.contains(&prefix) && self.alive[i] {
                    let end = &mut ends[prefix - part.start];
                    entries[*end] = Entry::from(hash) << 32 | Entry::from(self.rank[i]);
                    *end += 1;
                }
            }
            Ok(())
        })?;
        Ok(ends)
    }
}

/// Some prefixes of a band.
pub struct Round<'a> {
    /// The entries of each prefix.
    pub segments: Vec<&'a mut [Entry]>,
    /// Whether the band ends with it.
    pub is_last: bool,
}

/// Consecutive prefixes of at most `most` documents together, at least one each.
fn parts(counts: &[u32], most: usize) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut sum = 0;
    for (i, &count) in counts.iter().enumerate() {
        match parts.last_mut() {
            Some(part) if sum + count as usize <= most => part.end = i + 1,
            _ => {
                parts.push(i..i + 1);
                sum = 0;
            }
        }
        sum += count as usize;
    }
    parts
}

/// Where the places of each prefix start, and where the last end.
fn starts(counts: &[u32]) -> Vec<usize> {
    let mut sum = 0;
    let mut starts = vec![0];
    starts.extend(counts.iter().map(|&count| {
        sum += count as usize;
        sum
    }));
    starts
}

/// Cuts `entries`, which begin at place `before`, into those of each prefix; empty ones are left
/// out.
fn segments<'a>(
    mut entries: &'a mut [Entry],
    starts: &[usize],
    ends: &[usize],
    mut before: usize,
) -> Vec<&'a mut [Entry]> {
    let mut found = Vec::with_capacity(starts.len());
    for (&start, &end) in starts.iter().zip(ends).filter(|(start, end)| start < end) {
        let (_, rest) = entries.split_at_mut(start - before);
        let (segment, rest) = rest.split_at_mut(end - start);
        found.push(segment);
        (entries, before) = (rest, end);
    }
    found
}
