#![allow(clippy::unwrap_used, reason = "tests stop where something is missing")]

use proptest::prelude::*;

use super::*;

#[test]
fn ids_are_ranked_by_bytes_and_repeats_are_counted() {
    let ids = [
        Some("a/é"),
        None,
        Some("a/b"),
        Some("a/"),
        Some("a/b"),
        Some("a/b\0"),
    ];
    let found = rank_ids(&Texts::Utf8(&ids.to_vec().into()));
    assert_eq!(found.rank, [5, 0, 2, 1, 3, 4]);
    assert_eq!((found.repeated.as_deref(), found.repeats), (Some("a/b"), 1));
    let none = rank_ids(&Texts::Utf8(&vec![None::<&str>, None].into()));
    assert_eq!(
        (none.rank, none.repeated, none.repeats),
        (vec![0, 1], None, 0)
    );
}

#[test]
fn keys_order_null_numbers_nan_and_one_zero() {
    let values = [
        None,
        Some(f64::NEG_INFINITY),
        Some(-1.5),
        Some(0.0),
        Some(1e-300),
        Some(f64::INFINITY),
        Some(f64::NAN),
    ];
    assert!(values.map(order_key).is_sorted_by(|a, b| a < b));
    assert_eq!(order_key(Some(-0.0)), order_key(Some(0.0)));
    assert_eq!(order_key(Some(-f64::NAN)), order_key(Some(f64::NAN)));
}

#[test]
fn the_largest_key_stays_and_of_equal_ones_the_smallest_rank() {
    let labels = [0, 1, 0, 1, 4, 0];
    let keys = [5, 7, 9, 7, 1, 9];
    let groups = best_of_groups(&labels, &[0, 4, 3, 2, 1, 5], |i| keys[i], |_| true).unwrap();
    assert_eq!(groups.best, [2, 3, 2, 3, NONE, 2]);
    assert_eq!(groups.smallest, [0, 3, 0, 3, NONE, 0]);
}

#[test]
fn who_is_not_alive_is_in_no_group() {
    let alive = [false, true, true, true];
    let groups = best_of_groups(&[0, 0, 0, 3], &[0, 1, 2, 3], |_| 0, |i| alive[i]).unwrap();
    assert_eq!(groups.best, [NONE, 1, 1, NONE]);
    let alive = [false, true, false, true];
    let groups = best_of_groups(&[0, 0, 0, 3], &[0, 1, 2, 3], |_| 0, |i| alive[i]).unwrap();
    assert_eq!(groups.best, [NONE; 4]);
}

#[test]
fn ranks_are_shares_of_weight_and_equal_values_share_one() {
    let values = [
        Some(0.1),
        Some(0.9),
        Some(-0.0),
        None,
        Some(f64::NAN),
        Some(0.0),
    ];
    let ranks = |weights: [i64; 6]| weighted_ranks(6, |i| values[i], |i| weights[i]);
    let expected = [Some(0.625), Some(0.875), Some(0.25), None, None, Some(0.25)];
    assert_eq!(ranks([1, 1, 1, 5, 5, 1]), expected);
    assert_eq!(ranks([0; 6]), expected);
    let expected = [Some(0.5), Some(1.0), Some(0.0), None, None, Some(0.0)];
    assert_eq!(ranks([7, 0, 0, 5, 5, 0]), expected);
}

#[test]
fn labels_and_lengths_that_do_not_fit_are_refused() {
    let refused = |labels: &[u32], rank: &[u32]| {
        best_of_groups(labels, rank, |_| 0, |_| true)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refused(&[0, 2], &[0, 1]), "labels: got 2; allowed: below 2");
    assert_eq!(refused(&[0, 1], &[0]), "rank: got 1 values; allowed: 2");
}

proptest! {
    #[test]
    fn ids_are_ranked_as_a_stable_sort_does(ids in prop::collection::vec("ab[ab]{0,12}", 0..50)) {
        let found = rank_ids(&Texts::Utf8(&ids.clone().into()));
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&i| &ids[i]);
        let twin: Vec<usize> = (0..ids.len()).map(|i| order.iter().position(|&o| o == i).unwrap()).collect();
        prop_assert!(found.rank.iter().map(|&r| r as usize).eq(twin));
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        prop_assert_eq!(found.repeats, ids.len() - distinct.len());
    }
}

/// Sorts everything and goes down until the target.
fn twin(target: f64, rank: &[u32], keys: &[u64], weights: &[i64], alive: &[bool]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..rank.len()).filter(|&i| alive[i]).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(keys[i]), rank[i]));
    let mut chosen = vec![false; rank.len()];
    let mut until = 0;
    for i in order {
        until += weights[i];
        chosen[i] = until as f64 - weights[i] as f64 / 2.0 <= target;
    }
    chosen
}

proptest! {
    #[test]
    fn selections_are_those_of_the_twin(
        rows in prop::collection::vec((0_u64..6, 0_i64..9, any::<bool>()), 0..60),
        share in 0.0..1.2,
    ) {
        let (keys, rest): (Vec<_>, Vec<_>) = rows.into_iter().map(|(k, w, a)| (k, (w, a))).unzip();
        let (weights, alive): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
        let rank: Vec<u32> = (0..keys.len() as u32).rev().collect();
        let target = share * weights.iter().sum::<i64>() as f64;
        let found = select_up_to(target, &rank, |i| keys[i], |i| weights[i], |i| alive[i]);
        prop_assert_eq!(found, twin(target, &rank, &keys, &weights, &alive));
    }
}
