//! Shannon entropy from counts, the same to the bit in whatever order they come.

use std::sync::LazyLock;

/// Counts below this are numbered in a table.
const SMALL: usize = 1024;
const GROUP: usize = 32;

/// `n * log2(n)` for small `n`.
static N_LOG_N: LazyLock<Vec<f64>> = LazyLock::new(|| (0..SMALL as u32).map(n_log_n).collect());

/// `n * log2(n)`; 0 for 0.
///
/// The logarithm is that of the `libm` crate, software of additions, multiplications and
/// divisions, so that it has the same bits on every machine; the platform's own has not.
fn n_log_n(n: u32) -> f64 {
    if n < 2 {
        0.0
    } else {
        f64::from(n) * libm::log2(f64::from(n))
    }
}

/// The Shannon entropy of a distribution from the counts of its members, given in any order.
///
/// With N members and counts n, it is `log2(N) - sum(n log2 n) / N`, which equals the usual
/// `-sum(p log2 p)`. Equal counts are summed as one term and counts in ascending order, so the
/// order in which members were met does not reach the result, and few logarithms are taken.
pub(super) struct EntropySum {
    /// How many members have the count that is the index.
    members: Box<[u32; SMALL]>,
    highest: u32,
    large: Vec<u32>,
}

impl Default for EntropySum {
    fn default() -> Self {
        Self {
            members: Box::new([0; SMALL]),
            highest: 0,
            large: Vec::new(),
        }
    }
}

impl EntropySum {
    /// Adds a member with the count `n`; with 0 it is none.
    #[inline]
    pub(super) fn add(&mut self, n: u32) {
        self.highest = self.highest.max(n);
        match self.members.get_mut(n as usize) {
            Some(members) => *members += 1,
            None => self.large.push(n),
        }
    }

    /// The entropy in bits of what was added, whose counts sum to `total`; 0 for nothing.
    pub(super) fn drain(&mut self, total: usize) -> f64 {
        let mut sum = self.drain_small();
        self.large.sort_unstable();
        sum += self.large.drain(..).map(n_log_n).sum::<f64>();
        if total == 0 {
            return 0.0;
        }
        // Rounding may leave -1e-16 of a distribution with one member.
        (libm::log2(total as f64) - sum / total as f64).max(0.0)
    }

    /// The terms of the small counts. Most counts have no member, and 0 as a term leaves a sum as
    /// it is, but each sum waits for the one before.
    fn drain_small(&mut self) -> f64 {
        let mut sum = 0.0;
        let n_groups = self.highest as usize / GROUP + 1;
        let groups = self.members.as_chunks_mut::<GROUP>().0.iter_mut();
        let terms = N_LOG_N.as_chunks::<GROUP>().0;
        for (members, terms) in groups.zip(terms).take(n_groups) {
            let mut left = which_are_met(members);
            while left != 0 {
                let i = left.trailing_zeros() as usize;
                sum += f64::from(members[i]) * terms[i];
                left &= left - 1;
            }
            *members = [0; GROUP];
        }
        self.highest = 0;
        sum
    }
}

/// One bit for each count that has a member.
fn which_are_met(members: &[u32; GROUP]) -> u32 {
    let bit = |(i, &n): (usize, &u32)| u32::from(n > 0) << i;
    members
        .iter()
        .enumerate()
        .map(bit)
        .fold(0, |bits, bit| bits | bit)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub fn entropy_twin(counts: impl Iterator<Item = u32> + Clone) -> f64 {
        let total = f64::from(counts.clone().sum::<u32>());
        counts
            .map(|n| f64::from(n) / total)
            .map(|p| -p * p.log2())
            .sum()
    }

    /// Every small count as a term, members or not, and then the large ones.
    fn in_ascending_order(counts: &[u32]) -> f64 {
        let members = |n: u32| counts.iter().filter(|&&count| count == n).count() as f64;
        let small: f64 = (0..SMALL as u32).map(|n| members(n) * n_log_n(n)).sum();
        let mut large: Vec<u32> = counts.to_vec();
        large.retain(|&n| n as usize >= SMALL);
        large.sort_unstable();
        let sum = small + large.into_iter().map(n_log_n).sum::<f64>();
        let total = f64::from(counts.iter().sum::<u32>());
        (libm::log2(total) - sum / total).max(0.0)
    }

    fn add_all(sum: &mut EntropySum, counts: &[u32]) {
        for n in counts {
            sum.add(*n);
        }
    }

    #[test]
    fn entropy_of_known_distributions() {
        let mut sum = EntropySum::default();
        for (counts, expected) in [
            (vec![], 0.0),
            (vec![0, 0], 0.0),
            (vec![7], 0.0),
            (vec![5000], 0.0),
            (vec![1, 1], 1.0),
            (vec![3; 8], 3.0),
            (vec![0, 2, 1, 1], 1.5),
            (vec![4096, 2048, 2048], 1.5),
        ] {
            add_all(&mut sum, &counts);
            let entropy = sum.drain(counts.iter().sum::<u32>() as usize);
            assert!((entropy - expected).abs() < 1e-12, "{counts:?}: {entropy}");
        }
    }

    proptest! {
        #[test]
        fn entropy_does_not_depend_on_the_order(
            mut counts in prop::collection::vec(prop_oneof![1..70_u32, 1..5000_u32], 1..60),
        ) {
            let total = counts.iter().sum::<u32>() as usize;
            let mut sum = EntropySum::default();
            add_all(&mut sum, &counts);
            let first = sum.drain(total);
            counts.reverse();
            add_all(&mut sum, &counts);
            prop_assert_eq!(first.to_bits(), sum.drain(total).to_bits());
            prop_assert_eq!(first.to_bits(), in_ascending_order(&counts).to_bits());
            prop_assert!((first - entropy_twin(counts.iter().copied())).abs() < 1e-9);
        }
    }
}
