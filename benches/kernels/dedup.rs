//! Rates of signatures (by instruction set) and of clustering (on generated signatures).
//!
//! `cargo bench -p refinery-core --bench dedup -- TEXTS.jsonl` (one object with `text` a line);
//! without a file only clustering is measured. Prints medians over rounds; nothing is judged.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints and may stop"
)]

mod timing;

use refinery_core::dedup::cluster::{Clustering, near_duplicate_clusters};
use refinery_core::dedup::minhash::{Kernel, MinHashParams, MinHashScratch, MinHasher};
use timing::{processor_seconds, texts};

const ROUNDS: usize = 5;

fn main() {
    let path = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    if let Some(path) = path {
        sign(&texts(&path));
    }
    cluster(1_000_000);
}

/// Median and least seconds of a round that runs on this thread.
fn seconds(mut round: impl FnMut()) -> (f64, f64) {
    median_and_least(|| {
        let before = processor_seconds();
        round();
        processor_seconds() - before
    })
}

fn median_and_least(timed: impl FnMut() -> f64) -> (f64, f64) {
    let mut times: Vec<f64> = std::iter::repeat_with(timed).take(ROUNDS).collect();
    times.sort_by(f64::total_cmp);
    (times[ROUNDS / 2], times[0])
}

fn sign(texts: &[String]) {
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} documents, {:.1} MB", texts.len(), bytes as f64 / 1e6);
    for kernel in Kernel::available() {
        for (bands, rows_per_band) in [(1, 1), (14, 8), (16, 8), (32, 8)] {
            let params = MinHashParams {
                bands,
                rows_per_band,
                ..MinHashParams::default()
            };
            let hasher = MinHasher::with_kernel(params, kernel).unwrap();
            let mut scratch = MinHashScratch::default();
            let mut signature = vec![0; hasher.signature_bytes()];
            let (median, least) = seconds(|| {
                for text in texts {
                    std::hint::black_box(hasher.sign(text, &mut scratch, &mut signature));
                }
            });
            println!(
                "sign {kernel:?} {:4} permutations: median {:6.0} MB/s, best {:6.0} MB/s",
                hasher.num_perm(),
                bytes as f64 / 1e6 / median,
                bytes as f64 / 1e6 / least,
            );
        }
    }
}

/// Signatures of random documents, of which every third is a copy of an earlier one with up to a
/// quarter of its values redrawn.
fn signatures(documents: usize, num_perm: usize) -> Vec<u32> {
    let mut state = 17_u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 32) as u32
    };
    let mut values: Vec<u32> = Vec::with_capacity(documents * num_perm);
    for document in 0..documents {
        let copied = (document % 3 == 2).then(|| next() as usize % document * num_perm);
        let redrawn = next() % (u32::MAX / 4);
        for i in 0..num_perm {
            let kept = copied
                .filter(|_| next() >= redrawn)
                .map(|from| values[from + i]);
            values.push(kept.unwrap_or_else(&mut next));
        }
    }
    values
}

fn cluster(documents: usize) {
    let (num_perm, bands) = (112, 14);
    let signatures = signatures(documents, num_perm);
    let rank: Vec<u32> = (0..documents as u32).rev().collect();
    let alive = vec![true; documents];
    let clustering = Clustering {
        num_perm,
        bands,
        threshold: Some(0.7),
    };
    let mut stats = None;
    // One thread, so that its own time is all there is.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let (median, least) = pool.install(|| {
        seconds(|| {
            let found = near_duplicate_clusters(&signatures, &rank, &alive, &clustering);
            stats = Some(found.unwrap().stats);
        })
    });
    println!(
        "cluster {documents} documents: median {:.0} ns, best {:.0} ns a document, {stats:?}",
        median * 1e9 / documents as f64,
        least * 1e9 / documents as f64,
    );
}
