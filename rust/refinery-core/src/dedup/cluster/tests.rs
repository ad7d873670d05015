#![allow(clippy::unwrap_used, reason = "tests stop where something is missing")]

use proptest::prelude::*;

use super::compare::MAX_LEADERS;
use super::*;
use crate::dedup::sketches::Spilled;

const ROWS: usize = 2;

fn clustering(num_perm: usize, threshold: Option<f64>) -> Clustering {
    Clustering {
        num_perm,
        bands: num_perm / ROWS,
        threshold,
    }
}

/// Clusters documents that are given in the order of their ids.
fn cluster(rows: &[Vec<u32>], threshold: Option<f64>) -> Clusters {
    let rank: Vec<u32> = (0..rows.len() as u32).collect();
    let clustering = clustering(rows[0].len(), threshold);
    near_duplicate_clusters(&rows.concat(), &rank, &vec![true; rows.len()], &clustering).unwrap()
}

/// The same within limits, from memory and from disk.
fn cluster_within(
    rows: &[Vec<u32>],
    alive: &[bool],
    threshold: Option<f64>,
    table_documents: usize,
) -> Result<[Clusters; 2]> {
    let (interrupt, piece_bytes) = (&Interrupt::default(), 1);
    let limits = Limits {
        table_documents,
        piece_bytes,
        interrupt,
    };
    let values = rows.concat();
    let num_perm = rows[0].len();
    let bands = num_perm / ROWS;
    let shape = Shape { num_perm, bands };
    let rank: Vec<u32> = (0..rows.len() as u32).collect();
    let mut spilled = Spilled::<u32>::create(&std::env::temp_dir(), shape)?;
    for part in values.chunks(7 * num_perm) {
        let stored: Vec<u8> = part.iter().flat_map(|value| value.to_le_bytes()).collect();
        spilled.append(&stored)?;
    }
    let resident = Resident::new(&values, shape)?;
    Ok([
        super::cluster(&resident, &rank, alive, threshold, limits)?,
        super::cluster(&spilled, &rank, alive, threshold, limits)?,
    ])
}

/// All pairs that share a band and reach the threshold, joined by relabelling.
fn twin(rows: &[Vec<u32>], threshold: Option<f64>) -> Vec<u32> {
    let mut labels: Vec<u32> = (0..rows.len() as u32).collect();
    for i in 0..rows.len() {
        for j in 0..i {
            let (a, b) = (&rows[i], &rows[j]);
            let is_candidate = a.chunks(ROWS).zip(b.chunks(ROWS)).any(|(a, b)| a == b);
            let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
            let reaches = threshold.is_none_or(|t| equal as f64 / a.len() as f64 >= t);
            if is_candidate && reaches && labels[i] != labels[j] {
                let (old, new) = (labels[i].max(labels[j]), labels[i].min(labels[j]));
                labels
                    .iter_mut()
                    .filter(|l| **l == old)
                    .for_each(|l| *l = new);
            }
        }
    }
    labels
}

/// Documents of few distinct values, so that bands meet often.
fn rows(num_perm: usize, most: usize) -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(0_u32..4, num_perm), 1..most)
}

#[test]
fn pairs_count_from_the_threshold_on() {
    let rows = [
        vec![1, 2, 3, 4, 5, 6, 7, 8],
        vec![1, 2, 3, 4, 5, 6, 0, 0],
        vec![1, 2, 3, 4, 0, 0, 7, 8],
        vec![9, 2, 9, 4, 9, 6, 9, 8],
        vec![1, 2, 9, 9, 9, 9, 9, 9],
    ];
    let cases = [
        (Some(0.75), vec![0, 0, 0, 3, 4]),
        (Some(0.751), vec![0, 1, 2, 3, 4]),
        (Some(0.5), vec![0, 0, 0, 3, 4]),
        (Some(0.25), vec![0, 0, 0, 3, 0]),
        (Some(0.0), vec![0, 0, 0, 3, 0]),
        (None, vec![0, 0, 0, 3, 0]),
    ];
    for (threshold, expected) in cases {
        assert_eq!(
            cluster(&rows, threshold).smallest,
            expected,
            "{threshold:?}"
        );
    }
}

#[test]
fn statistics_count_bands_comparisons_and_pairs() {
    // 0 and 1 share both bands, 2 shares one with each and is unlike.
    let rows = [vec![1, 2, 3, 4], vec![1, 2, 3, 4], vec![1, 2, 7, 8]];
    let stats = cluster(&rows, Some(0.75)).stats;
    let expected = ClusterStats {
        candidate_pairs: 4,
        compared_pairs: 3,
        verified_pairs: 1,
    };
    // The second band knows that 0 and 1 belong together; 2 with 0 and with 1 fails twice.
    assert_eq!(stats, expected);
}

#[test]
fn documents_that_do_not_take_part_join_nothing() {
    let rows: Vec<u32> = [vec![1, 1], vec![1, 1], vec![1, 1]].concat();
    let clustering = clustering(2, Some(0.7));
    let alive = [false, true, true];
    let found = near_duplicate_clusters(&rows, &[2, 1, 0], &alive, &clustering).unwrap();
    assert_eq!(found.smallest, [0, 2, 2]);
}

#[test]
fn no_documents_give_no_clusters() {
    let found = near_duplicate_clusters::<u32>(&[], &[], &[], &clustering(4, Some(0.7))).unwrap();
    assert_eq!(found.smallest, [0_u32; 0]);
}

#[test]
fn wrong_arguments_are_refused_with_what_is_allowed() {
    let error = |signatures: &[u32], rank: &[u32], alive: &[bool], clustering: &Clustering| {
        near_duplicate_clusters(signatures, rank, alive, clustering)
            .unwrap_err()
            .to_string()
    };
    let good = clustering(2, Some(0.7));
    let with = |num_perm, bands, threshold| Clustering {
        num_perm,
        bands,
        threshold,
    };
    let ok = [true, true];
    let four = [1, 2, 3, 4];
    let cases = [
        (
            error(&four, &[0, 1], &ok, &with(3, 2, None)),
            "minhash.bands: got 2 for 3 permutations; allowed: a divisor",
        ),
        (
            error(&four, &[0, 1], &ok, &with(2, 0, None)),
            "minhash.bands: got 0 for 2 permutations; allowed: a divisor",
        ),
        (
            error(&four, &[0, 1], &ok, &with(2, 1, Some(1.5))),
            "near_duplicates.threshold: got 1.5; allowed: 0 to 1",
        ),
        (
            error(&four, &[0, 1], &ok, &with(2, 1, Some(-0.1))),
            "near_duplicates.threshold: got -0.1; allowed: 0 to 1",
        ),
        (
            error(&four, &[0, 1], &ok, &with(2, 1, Some(f64::NAN))),
            "near_duplicates.threshold: got NaN; allowed: 0 to 1",
        ),
        (
            error(&four[..3], &[0, 1], &ok, &good),
            "signatures: got 3 values; allowed: 2 x 2",
        ),
        (
            error(&four, &[0, 1], &[true], &good),
            "alive: got 1 values; allowed: 2",
        ),
        (
            error(&four, &[0, 2], &ok, &good),
            "rank: got 2; allowed: 0 to 1",
        ),
        (error(&four, &[1, 1], &ok, &good), "rank: 1 is given twice"),
    ];
    for (message, expected) in cases {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_bucket_of_copies_costs_one_comparison_a_document() {
    let n = 50_000;
    let found = cluster(&vec![vec![5; 4]; n], Some(0.7));
    assert!(found.smallest.iter().all(|&smallest| smallest == 0));
    assert!(
        found.stats.compared_pairs <= 2 * n as u64,
        "{:?}",
        found.stats
    );
}

#[test]
fn a_bucket_of_unlike_documents_costs_bounded_comparisons() {
    // All share the first band and nothing else.
    let n = 5_000_u32;
    let rows: Vec<Vec<u32>> = (0..n).map(|i| vec![1, 1, i, i, n + i, i]).collect();
    let found = cluster(&rows, Some(0.7));
    assert!((0..n).eq(found.smallest));
    let bound = u64::from(n) * MAX_LEADERS as u64;
    assert!(found.stats.compared_pairs <= bound, "{:?}", found.stats);
}

#[test]
fn families_in_a_large_bucket_are_found_through_their_leaders() {
    // 40 families of 25 share the first band; within a family 5 of 6 values are equal.
    let rows: Vec<Vec<u32>> = (0..1000_u32)
        .map(|i| vec![1, 1, i % 40, 2, i % 40, 1000 + i])
        .collect();
    let found = cluster(&rows, Some(0.8));
    assert!((0..1000).map(|i| i % 40).eq(found.smallest.iter().copied()));
    // A bucket that is read in four pieces keeps its leaders.
    for within in cluster_within(&rows, &[true; 1000], Some(0.8), 1).unwrap() {
        assert_eq!(within, found);
    }
}

#[test]
fn a_stop_that_was_asked_for_ends_the_work() {
    let interrupt = Interrupt::default();
    let limits = Limits {
        table_documents: usize::MAX,
        piece_bytes: PIECE_BYTES,
        interrupt: &interrupt,
    };
    let shape = Shape {
        num_perm: 2,
        bands: 1,
    };
    let sketches = Resident::new(&[1_u32; 8], shape).unwrap();
    let run = || super::cluster(&sketches, &[0, 1, 2, 3], &[true; 4], Some(0.7), limits);
    assert_eq!(run().unwrap().smallest, [0; 4]);
    interrupt.set();
    assert!(matches!(run(), Err(Error::Interrupted)));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let rows: Vec<u32> = (0..40_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 16) % 9)
        .collect();
    let rank: Vec<u32> = (0..10_000).rev().collect();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let alive = vec![true; rank.len()];
        let clustering = clustering(4, Some(1.0));
        pool.install(|| near_duplicate_clusters(&rows, &rank, &alive, &clustering).unwrap())
    };
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(7), one);
}

proptest! {
    #[test]
    fn clusters_are_those_of_the_twin(rows in rows(8, 60), threshold in prop::option::of(0.0..1.0)) {
        prop_assert_eq!(cluster(&rows, threshold).smallest, twin(&rows, threshold));
    }

    #[test]
    fn values_of_64_bits_cluster_as_those_of_32(rows in rows(6, 60), threshold in 0.0..1.0) {
        // What a band's hash would lose of a wide value, the low or the high half.
        for shift in [0, 32] {
            let wide: Vec<u64> = rows.concat().iter().map(|&v| u64::from(v) << shift).collect();
            let rank: Vec<u32> = (0..rows.len() as u32).collect();
            let clustering = clustering(6, Some(threshold));
            let alive = vec![true; rows.len()];
            let found = near_duplicate_clusters(&wide, &rank, &alive, &clustering).unwrap();
            prop_assert_eq!(found.smallest, cluster(&rows, Some(threshold)).smallest);
        }
    }

    #[test]
    fn limits_and_disk_change_nothing(
        rows in rows(6, 150),
        dead in 1_usize..9,
        threshold in prop::option::of(0.0..1.0),
        table_documents in 1_usize..300,
    ) {
        let alive: Vec<bool> = (0..rows.len()).map(|i| i % dead != 1).collect();
        let rank: Vec<u32> = (0..rows.len() as u32).collect();
        let clustering = clustering(6, threshold);
        let plenty = near_duplicate_clusters(&rows.concat(), &rank, &alive, &clustering).unwrap();
        for within in cluster_within(&rows, &alive, threshold, table_documents).unwrap() {
            prop_assert_eq!(&within.smallest, &plenty.smallest);
            prop_assert_eq!(within.stats.candidate_pairs, plenty.stats.candidate_pairs);
        }
    }

    #[test]
    fn without_verification_buckets_of_any_size_are_those_of_the_twin(rows in rows(4, 400)) {
        prop_assert_eq!(cluster(&rows, None).smallest, twin(&rows, None));
    }

    #[test]
    fn the_order_of_documents_changes_nothing(
        (rows, rank) in rows(4, 600).prop_flat_map(|rows| {
            let rank: Vec<u32> = (0..rows.len() as u32).collect();
            (Just(rows), Just(rank).prop_shuffle())
        }),
    ) {
        let in_id_order = cluster(&rows, Some(0.7));
        // Document i of the shuffled corpus is document rank[i] in id order.
        let shuffled: Vec<u32> = rank.iter().flat_map(|&r| rows[r as usize].clone()).collect();
        let alive = vec![true; rank.len()];
        let found =
            near_duplicate_clusters(&shuffled, &rank, &alive, &clustering(4, Some(0.7))).unwrap();
        prop_assert_eq!(found.stats, in_id_order.stats);
        for (i, &smallest) in found.smallest.iter().enumerate() {
            prop_assert_eq!(rank[smallest as usize], in_id_order.smallest[rank[i] as usize]);
        }
    }
}
