//! Who stays: the best of each group of duplicates, and the best documents that make a yield; and
//! the order of ids, which breaks ties.
//!
//! Both need a few bytes a document beside what they are given, and neither depends on the order
//! of documents: equal values go by rank, the place in id order.

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::batch::Texts;
use crate::{Error, Result};

/// Stands for no document.
pub const NONE: u32 = u32::MAX;

/// The order of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// The place of each.
    pub rank: Vec<u32>,
    /// The smallest id that occurs twice.
    pub repeated: Option<String>,
    /// How many rows repeat an id.
    pub repeats: usize,
}

/// Orders ids by their bytes; equal ones go by row, null comes first and repeats nothing.
///
/// What all ids begin with is passed over, and the eight bytes behind it decide most comparisons.
pub fn rank_ids(ids: &Texts<'_>) -> Ranked {
    let bytes = |row: u32| ids.get(row as usize).map(str::as_bytes);
    let shared = shared_prefix(ids);
    let mut order: Vec<(u64, u32)> = (0..ids.len() as u32)
        .into_par_iter()
        .map(|row| (bytes(row).map_or(0, |id| head(&id[shared..])), row))
        .collect();
    order.par_sort_unstable_by(|a, b| {
        let by_rest = || bytes(a.1).cmp(&bytes(b.1)).then(a.1.cmp(&b.1));
        a.0.cmp(&b.0).then_with(by_rest)
    });
    let mut rank = vec![0; ids.len()];
    for (place, &(_, row)) in (0..).zip(&order) {
        rank[row as usize] = place;
    }
    let is_repeat = |pair: &&[(u64, u32)]| {
        pair[0].0 == pair[1].0 && bytes(pair[0].1).is_some() && bytes(pair[0].1) == bytes(pair[1].1)
    };
    let mut repeats = order.windows(2).filter(is_repeat).peekable();
    let repeated = repeats.peek().and_then(|pair| ids.get(pair[0].1 as usize));
    Ranked {
        repeated: repeated.map(str::to_owned),
        repeats: repeats.count(),
        rank,
    }
}

/// Bytes that all ids begin with.
fn shared_prefix(ids: &Texts<'_>) -> usize {
    let mut ids = (0..ids.len())
        .filter_map(|row| ids.get(row))
        .map(str::as_bytes);
    let Some(first) = ids.next() else { return 0 };
    ids.fold(first.len(), |shared, id| {
        first[..shared]
            .iter()
            .zip(id)
            .take_while(|(a, b)| a == b)
            .count()
    })
}

/// Eight bytes as a number that orders as they do; a shorter id sorts before its extensions.
fn head(id: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let n = id.len().min(8);
    bytes[..n].copy_from_slice(&id[..n]);
    u64::from_be_bytes(bytes)
}

/// An integer that orders as the value does: null first, then numbers, NaN last; both zeros are
/// one.
pub fn order_key(value: Option<f64>) -> u64 {
    const SIGN: u64 = 1 << 63;
    let Some(value) = value else { return 0 };
    // Adding zero makes one zero of two.
    let bits = if value.is_nan() {
        f64::NAN.to_bits() & !SIGN
    } else {
        (value + 0.0).to_bits()
    };
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// Groups of documents with the one that stays of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// For each document the smallest-ranked of its group; [`NONE`] where it is alone.
    pub smallest: Vec<u32>,
    /// For each document the best of its group: that with the largest key, of equal ones the
    /// smallest-ranked; [`NONE`] where it is alone.
    pub best: Vec<u32>,
}

/// Finds the best of each group.
///
/// * `labels[i]`: the group of document `i`, any number below `labels.len()`.
/// * `rank[i]`: place of document `i` in id order.
/// * `keys[i]`: what the best has most of, as [`order_key`] gives it.
/// * `alive[i]`: whether document `i` takes part.
///
/// # Errors
/// [`Error::Parameter`] where lengths differ, or a label is no document.
pub fn best_of_groups(
    labels: &[u32],
    rank: &[u32],
    keys: impl Fn(usize) -> u64,
    alive: impl Fn(usize) -> bool,
) -> Result<Groups> {
    let n = labels.len();
    check_length("rank", rank.len(), n)?;
    if let Some(&label) = labels.iter().find(|&&label| label as usize >= n) {
        return Err(parameter(
            "labels",
            format!("got {label}; allowed: below {n}"),
        ));
    }
    let mut smallest = vec![NONE; n];
    let mut best = vec![NONE; n];
    let mut is_shared = vec![false; n];
    for i in (0..n).filter(|&i| alive(i)) {
        let label = labels[i] as usize;
        is_shared[label] = smallest[label] != NONE;
        let (first, leader) = (smallest[label] as usize, best[label] as usize);
        if smallest[label] == NONE || rank[i] < rank[first] {
            smallest[label] = i as u32;
        }
        let order = |i: usize| (keys(i), std::cmp::Reverse(rank[i]));
        if best[label] == NONE || order(i) > order(leader) {
            best[label] = i as u32;
        }
    }
    let spread = |of_group: &[u32]| {
        let of_document = |i: usize| {
            let label = labels[i] as usize;
            let takes_part = alive(i) && is_shared[label];
            if takes_part { of_group[label] } else { NONE }
        };
        (0..n).map(of_document).collect()
    };
    Ok(Groups {
        smallest: spread(&smallest),
        best: spread(&best),
    })
}

/// The documents that a selection takes: from the largest key down (of equal ones the
/// smallest-ranked first) until the next would lead further away from `target` than stopping
/// short of it.
///
/// `weights[i]` is what document `i` counts; none is negative.
pub fn select_up_to(
    target: f64,
    rank: &[u32],
    keys: impl Fn(usize) -> u64,
    weights: impl Fn(usize) -> i64,
    alive: impl Fn(usize) -> bool,
) -> Vec<bool> {
    let n = rank.len();
    let order = |&i: &u32| (std::cmp::Reverse(keys(i as usize)), rank[i as usize]);
    let is_taken = |before: i64, i: u32| {
        let weight = weights(i as usize);
        // The one that crosses the target is taken if more than half of it lies below.
        (before + weight) as f64 - weight as f64 / 2.0 <= target
    };
    let mut documents: Vec<u32> = (0..n as u32).filter(|&i| alive(i as usize)).collect();
    let mut chosen = vec![false; n];
    let mut before = 0;
    let mut rest = documents.as_mut_slice();
    // What is taken is a prefix in order, so each step decides about half of what is left.
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        rest.select_nth_unstable_by_key(middle, order);
        let (upper, lower) = rest.split_at_mut(middle);
        let weight: i64 = upper.iter().map(|&i| weights(i as usize)).sum();
        if is_taken(before + weight, lower[0]) {
            let taken = upper.iter().chain(&lower[..1]);
            taken.for_each(|&i| chosen[i as usize] = true);
            before += weight + weights(lower[0] as usize);
            rest = &mut lower[1..];
        } else {
            rest = upper;
        }
    }
    chosen
}

/// The rank of every value, counted in weight: the share of all weight below it, and half of that of
/// the values equal to it. Null and not a number have none, and weigh nothing.
///
/// `weights[i]` is not negative; where all are 0, each counts alike.
pub fn weighted_ranks(
    n: usize,
    values: impl Fn(usize) -> Option<f64> + Sync,
    weights: impl Fn(usize) -> i64 + Sync,
) -> Vec<Option<f64>> {
    let mut order: Vec<(u64, u32)> = (0..n)
        .into_par_iter()
        .filter_map(|i| {
            let value = values(i).filter(|value| !value.is_nan())?;
            Some((order_key(Some(value)), i as u32))
        })
        .collect();
    order.par_sort_unstable();
    let is_weightless = order.iter().all(|&(_, i)| weights(i as usize) == 0);
    let weight = |i: u32| {
        if is_weightless {
            1
        } else {
            weights(i as usize)
        }
    };
    let total: i64 = order.iter().map(|&(_, i)| weight(i)).sum();
    let mut ranks = vec![None; n];
    let mut until = 0;
    for equal in order.chunk_by(|a, b| a.0 == b.0) {
        let here: i64 = equal.iter().map(|&(_, i)| weight(i)).sum();
        until += here;
        let rank = (until as f64 - here as f64 / 2.0) / total as f64;
        for &(_, i) in equal {
            ranks[i as usize] = Some(rank);
        }
    }
    ranks
}

fn parameter(name: &'static str, message: String) -> Error {
    Error::Parameter { name, message }
}

fn check_length(name: &'static str, found: usize, n: usize) -> Result<()> {
    if found == n {
        return Ok(());
    }
    Err(parameter(name, format!("got {found} values; allowed: {n}")))
}
