//! What is taken from a count, and given to what was not seen.

use super::counts::Entry;

/// What is taken from counts of 1, of 2, and of 3 and more.
pub(super) type Discounts = [f64; 3];

/// Where counts of counts do not determine discounts (a tiny text, or a tiny alphabet): what
/// `KenLM`'s `--discount_fallback` takes.
const FALLBACK: Discounts = [0.5, 1.0, 1.5];

/// The discounts of one order out of how many n-grams have a count of 1, 2, 3 and 4.
///
/// Source: Chen and Goodman 1998, equation 26. Departs: where one of the numbers is 0, or a
/// discount is negative or above its count, all three are [`FALLBACK`].
pub(super) fn discounts(n: [u64; 4]) -> Discounts {
    if n.contains(&0) {
        return FALLBACK;
    }
    let [n1, n2, n3, n4] = n.map(|n| n as f64);
    let y = n1 / (n1 + 2.0 * n2);
    let found = [
        1.0 - 2.0 * y * n2 / n1,
        2.0 - 3.0 * y * n3 / n2,
        3.0 - 4.0 * y * n4 / n3,
    ];
    let is_possible = |(d, count): (&f64, f64)| (0.0..=count).contains(d);
    if found.iter().zip([1.0, 2.0, 3.0]).all(is_possible) {
        found
    } else {
        FALLBACK
    }
}

/// How many n-grams of each length have a count of 1, 2, 3 and 4; `lengths` by node, the root's
/// first.
pub(super) fn counts_of_counts(entries: &[Entry], lengths: &[u8], order: usize) -> Vec<[u64; 4]> {
    let mut found = vec![[0; 4]; order];
    for (entry, length) in entries.iter().zip(&lengths[1..]) {
        if let 1..=4 = entry.count {
            found[usize::from(*length) - 1][entry.count as usize - 1] += 1;
        }
    }
    found
}

/// Which of [`Discounts`] a count has; none for 0.
#[inline]
pub(super) fn class(count: u32) -> Option<usize> {
    (count as usize).min(3).checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discounts_follow_the_paper() {
        // Y = 100 / (100 + 2 * 40) = 5/9.
        let found = discounts([100, 40, 20, 10]);
        let expected = [
            1.0 - 2.0 * (5.0 / 9.0) * 0.4,
            2.0 - 3.0 * (5.0 / 9.0) * 0.5,
            3.0 - 4.0 * (5.0 / 9.0) * 0.5,
        ];
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn numbers_that_determine_nothing_fall_back() {
        for n in [[0, 1, 1, 1], [3, 0, 2, 1], [1, 1, 1, 0], [10, 1, 50, 1]] {
            assert_eq!(discounts(n).map(f64::to_bits), FALLBACK.map(f64::to_bits));
        }
    }
}
