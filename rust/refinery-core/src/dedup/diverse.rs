//! The best documents that are also different from each other, by their signatures.
//!
//! Maximal marginal relevance: one document after the other, each time the one with the highest
//! quality less its likeness to what was chosen before: the greatest share of equal values with any
//! of those (an estimate of the Jaccard similarity of their shingles), as a share of the likeness
//! at which a document is never chosen. So quality and difference both count from 0 to 1.
//!
//! A document's worth only falls while others are chosen, so it is computed again only when it
//! stands at the top of a heap by the worth it once had: the result is that of comparing
//! everything with everything, most comparisons are never made.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::{Error, Result};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diversity {
    /// Values per signature.
    pub num_perm: usize,
    /// How many documents to choose at most.
    pub wanted: usize,
    /// Estimated similarity that no two chosen documents reach.
    pub too_like: f64,
}

struct Candidate {
    worth: f64,
    /// Place in the order that breaks ties; smaller is better.
    rank: u32,
    row: u32,
    /// How many of the chosen it was compared with, and the greatest number of equal values.
    compared: usize,
    equal: usize,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_worth = self.worth.total_cmp(&other.worth);
        by_worth.then_with(|| other.rank.cmp(&self.rank))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

/// Rows of the chosen documents, in the order in which they were chosen.
///
/// * `signatures`: `n * num_perm` values, row-major.
/// * `quality[i]`: what document `i` is worth by itself, 0 to 1; NaN for one that is no candidate.
/// * `rank[i]`: what breaks ties, no two alike.
///
/// # Errors
/// [`Error::Parameter`] where the lengths do not fit each other.
pub fn most_different<V: Eq>(
    signatures: &[V],
    quality: &[f64],
    rank: &[u32],
    diversity: &Diversity,
) -> Result<Vec<u32>> {
    let n = quality.len();
    if rank.len() != n || Some(signatures.len()) != n.checked_mul(diversity.num_perm) {
        let message = format!(
            "got {n} documents, {} ranks, {} values of signatures",
            rank.len(),
            signatures.len()
        );
        return Err(Error::Parameter {
            name: "quality",
            message,
        });
    }
    let signature =
        |row: u32| &signatures[row as usize * diversity.num_perm..][..diversity.num_perm];
    let share = |equal: usize| equal as f64 / diversity.num_perm.max(1) as f64;
    let mut heap: BinaryHeap<Candidate> = (0..n)
        .filter(|&i| !quality[i].is_nan())
        .map(|i| Candidate {
            worth: quality[i],
            rank: rank[i],
            row: i as u32,
            compared: 0,
            equal: 0,
        })
        .collect();
    let mut chosen: Vec<u32> = Vec::with_capacity(diversity.wanted.min(heap.len()));
    while chosen.len() < diversity.wanted {
        let Some(mut best) = heap.pop() else { break };
        for &other in &chosen[best.compared..] {
            let pairs = signature(best.row).iter().zip(signature(other));
            best.equal = best.equal.max(pairs.filter(|(a, b)| a == b).count());
        }
        let was_current = best.compared == chosen.len();
        best.compared = chosen.len();
        best.worth = quality[best.row as usize] - share(best.equal) / diversity.too_like;
        if share(best.equal) >= diversity.too_like {
            continue;
        }
        if was_current {
            chosen.push(best.row);
        } else {
            heap.push(best);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::{Diversity, most_different};

    fn choose(signatures: &[[u32; 4]], quality: &[f64], wanted: usize, too_like: f64) -> Vec<u32> {
        let ranks: Vec<u32> = (0..quality.len() as u32).collect();
        let diversity = Diversity {
            num_perm: 4,
            wanted,
            too_like,
        };
        most_different(signatures.as_flattened(), quality, &ranks, &diversity).expect("lengths fit")
    }

    /// The same, comparing everything with everything at each step.
    fn choose_slowly(
        signatures: &[[u32; 4]],
        quality: &[f64],
        wanted: usize,
        limit: f64,
    ) -> Vec<u32> {
        let mut chosen: Vec<u32> = Vec::new();
        while chosen.len() < wanted {
            let like = |i: usize| {
                let equal = |j: &u32| {
                    let pairs = signatures[i].iter().zip(&signatures[*j as usize]);
                    pairs.filter(|(a, b)| a == b).count()
                };
                chosen.iter().map(equal).max().unwrap_or(0) as f64 / 4.0
            };
            let mut best: Option<(usize, f64)> = None;
            for (i, &alone) in quality.iter().enumerate() {
                let is_out = chosen.contains(&(i as u32)) || alone.is_nan();
                if is_out || like(i) >= limit {
                    continue;
                }
                let worth = alone - like(i) / limit;
                if best.is_none_or(|(_, most)| worth > most) {
                    best = Some((i, worth));
                }
            }
            match best {
                Some((i, _)) => chosen.push(i as u32),
                None => break,
            }
        }
        chosen
    }

    #[test]
    fn takes_the_best_that_is_unlike_what_it_has() {
        let signatures = [[1, 2, 3, 4], [1, 2, 3, 9], [5, 6, 7, 8], [1, 6, 9, 9]];
        let quality = [0.9, 0.89, 0.5, 0.6];
        assert_eq!(choose(&signatures, &quality, 3, 0.5), [0, 2, 3]);
        assert_eq!(choose(&signatures, &quality, 9, 1.0), [0, 2, 3, 1]);
    }

    #[test]
    fn ties_go_to_the_smallest_rank_and_nan_takes_no_part() {
        let signatures = [[1; 4], [2; 4], [3; 4]];
        assert_eq!(choose(&signatures, &[0.5, f64::NAN, 0.5], 2, 0.5), [0, 2]);
    }

    #[test]
    fn is_what_comparing_everything_gives() {
        let value = |i: u32, j: u32| (i.wrapping_mul(2_654_435_761) >> (7 * j)) % 3 + 3 * j;
        let signatures: Vec<[u32; 4]> = (0..60)
            .map(|i| [value(i, 0), value(i, 1), value(i, 2), value(i, 3)])
            .collect();
        let quality: Vec<f64> = (0..60_u32)
            .map(|i| f64::from(i.wrapping_mul(40_503) % 64) / 64.0)
            .collect();
        for limit in [0.5, 0.75, 1.1] {
            let expected = choose_slowly(&signatures, &quality, 30, limit);
            assert_eq!(choose(&signatures, &quality, 30, limit), expected);
            assert!(expected.len() > 1, "{limit}");
        }
    }
}
