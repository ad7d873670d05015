//! Near-duplicate clusters as datatrove 0.10.0 makes them, and whom it keeps: by the order of the
//! documents.
//!
//! 1. Per band (its *bucket*), the documents sorted by the values of the band, then by place. Each
//!    that equals its predecessor makes a pair with it. No pair is verified.
//! 2. The pairs, band by band in that order, are united by size: the root of the larger set stays
//!    root, of two equal ones that of the earlier document.
//! 3. Everything that is not a root is removed. Of a plain pair the earlier document stays; where
//!    clusters met, the root of the larger part does, wherever it stands.
//!
//! So the clusters are those of [`super::cluster`] without a threshold, but who stays depends on
//! the order of files and documents. There a document's place is (rank of the task that read it,
//! number in the task); here it is the order in which the documents are given. The two agree where
//! that order is the same, and where the same documents take part.
//!
//! Not here: its index mode, which compares with documents of earlier runs.

use rayon::prelude::*;

use super::sketches::{Shape, Value};
use crate::{Error, Interrupt, Result};

/// For each document the one of its cluster that stays: itself where it is alone or does not take
/// part.
///
/// * `signatures`: `n * num_perm` values, row-major, documents in order.
/// * `alive[i]`: whether document `i` takes part; one without a signature must not.
///
/// Runs on the current rayon pool; the result is the same on any.
///
/// # Errors
/// [`Error::Parameter`] where bands do not divide `num_perm`, or the lengths do not fit;
/// [`Error::Interrupted`], asked for between bands.
pub fn kept_in_order<V: Value>(
    signatures: &[V],
    alive: &[bool],
    shape: Shape,
    interrupt: &Interrupt,
) -> Result<Vec<u32>> {
    shape.check()?;
    let num_perm = shape.num_perm;
    let n = alive.len();
    if Some(signatures.len()) != n.checked_mul(num_perm) || u32::try_from(n).is_err() {
        return Err(Error::Parameter {
            name: "signatures",
            message: format!(
                "got {} values; allowed: {n} x {num_perm}, of fewer than 2^32 documents",
                signatures.len()
            ),
        });
    }
    let mut sets = Sets::new(n);
    let mut places: Vec<u32> = (0..n as u32).filter(|&i| alive[i as usize]).collect();
    for band in 0..shape.bands {
        interrupt.check()?;
        let values = |&place: &u32| shape.band(&signatures[place as usize * num_perm..], band);
        places.par_sort_unstable_by(|a, b| values(a).cmp(values(b)).then(a.cmp(b)));
        for pair in places.windows(2) {
            if values(&pair[0]) == values(&pair[1]) {
                sets.unite(pair[0], pair[1]);
            }
        }
    }
    Ok((0..n as u32).map(|place| sets.root(place)).collect())
}

/// Disjoint sets, united by size.
struct Sets {
    parents: Vec<u32>,
    sizes: Vec<u32>,
}

impl Sets {
    fn new(n: usize) -> Self {
        Self {
            parents: (0..n as u32).collect(),
            sizes: vec![1; n],
        }
    }

    /// Halves the path on the way, which moves no root.
    fn root(&mut self, mut place: u32) -> u32 {
        while self.parents[place as usize] != place {
            let parent = self.parents[place as usize];
            let grandparent = self.parents[parent as usize];
            self.parents[place as usize] = grandparent;
            place = grandparent;
        }
        place
    }

    /// The root of `a` stays unless the set of `b` is larger.
    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (sizes_a, sizes_b) = (self.sizes[a as usize], self.sizes[b as usize]);
        let (kept, joined) = if sizes_a < sizes_b { (b, a) } else { (a, b) };
        self.parents[joined as usize] = kept;
        self.sizes[kept as usize] = sizes_a + sizes_b;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop where something is missing")]

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn kept_of(values: &[u64], alive: &[bool], num_perm: usize, bands: usize) -> Result<Vec<u32>> {
        kept_in_order(
            values,
            alive,
            Shape { num_perm, bands },
            &Interrupt::default(),
        )
    }

    /// One row per document, bands of one value.
    fn kept(rows: &[&[u64]]) -> Vec<u32> {
        let num_perm = rows[0].len();
        kept_of(&rows.concat(), &vec![true; rows.len()], num_perm, num_perm).unwrap()
    }

    #[test]
    fn the_earlier_of_a_plain_pair_stays() {
        assert_eq!(kept(&[&[9], &[5], &[9], &[5]]), [0, 1, 0, 1]);
    }

    #[test]
    fn the_root_of_the_larger_part_stays() {
        // The first band unites 1, 2 and 3, the second 0 with 3.
        let rows: [&[u64]; 4] = [&[1, 7], &[2, 8], &[2, 9], &[2, 7]];
        assert_eq!(kept(&rows), [1, 1, 1, 1]);
    }

    #[test]
    fn of_parts_of_equal_size_the_root_of_the_earlier_document_of_the_pair_stays() {
        // The first band unites 0 with 3 and 1 with 2; the second pairs 2 with 3, in that order.
        let rows: [&[u64]; 4] = [&[1, 0], &[2, 1], &[2, 7], &[1, 7]];
        assert_eq!(kept(&rows), [1, 1, 1, 1]);
    }

    #[test]
    fn pairs_of_a_bucket_come_in_the_order_of_its_values() {
        // The first band unites 0 with 1 and 2 with 3. In the second, 4 joins the later set, which
        // is then the larger, or comes after two sets of equal size were united.
        let four_first: [&[u64]; 5] = [&[1, 9], &[1, 6], &[2, 6], &[2, 5], &[3, 5]];
        assert_eq!(kept(&four_first), [2; 5]);
        let four_last: [&[u64]; 5] = [&[1, 9], &[1, 5], &[2, 5], &[2, 6], &[3, 6]];
        assert_eq!(kept(&four_last), [0; 5]);
    }

    #[test]
    fn documents_that_do_not_take_part_stay_alone() {
        let kept = kept_of(&[1, 1, 1], &[false, true, true], 1, 1).unwrap();
        assert_eq!(kept, [0, 1, 1]);
    }

    #[test]
    fn lengths_and_bands_that_do_not_fit_are_refused() {
        let refused = |values: &[u64], num_perm, bands| {
            kept_of(values, &[true, true], num_perm, bands)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(&[1; 6], 3, 2),
            "minhash.bands: got 2 for 3 permutations; allowed: a divisor"
        );
        assert_eq!(
            refused(&[1; 5], 3, 3),
            "signatures: got 5 values; allowed: 2 x 3, of fewer than 2^32 documents"
        );
    }

    /// The original's way: records in one list, a map of parents.
    fn twin(rows: &[Vec<u64>], bands: usize) -> Vec<u32> {
        let (mut parents, mut sizes) = (BTreeMap::new(), BTreeMap::new());
        let root = |parents: &BTreeMap<u32, u32>, mut x: u32| {
            while let Some(&parent) = parents.get(&x).filter(|&&parent| parent != x) {
                x = parent;
            }
            x
        };
        let width = rows[0].len() / bands;
        for band in 0..bands {
            let band_of = |i: usize| rows[i][band * width..][..width].to_vec();
            let mut records: Vec<_> = (0..rows.len()).map(|i| (band_of(i), i as u32)).collect();
            records.sort();
            for pair in records.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                let (mut a, mut b) = (root(&parents, pair[0].1), root(&parents, pair[1].1));
                if a == b {
                    continue;
                }
                let size = |x: u32| sizes.get(&x).copied().unwrap_or(1);
                let (size_a, size_b) = (size(a), size(b));
                if size_a < size_b {
                    (a, b) = (b, a);
                }
                parents.insert(b, a);
                sizes.insert(a, size_a + size_b);
            }
        }
        (0..rows.len() as u32).map(|i| root(&parents, i)).collect()
    }

    proptest! {
        #[test]
        fn any_documents_are_kept_as_by_the_twin(
            rows in prop::collection::vec(prop::collection::vec(0_u64..5, 6), 1..40),
            bands in prop::sample::select(vec![1, 2, 3, 6]),
        ) {
            let alive = vec![true; rows.len()];
            let found = kept_of(&rows.concat(), &alive, 6, bands).unwrap();
            prop_assert_eq!(found, twin(&rows, bands));
        }
    }
}
