//! Where the fused pass spends its time: each part alone, then all of it, on one thread.
//!
//! `cargo bench -p refinery-core --bench pass -- TEXTS.jsonl [MODEL]` (one object with `text` a
//! line). Prints MB of text a second of processor time, median and best of some rounds; nothing is
//! judged. A part alone includes what it shares with others (splitting words, token ids).

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints and may stop"
)]

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use arrow_array::LargeStringArray;
use refinery_core::batch::{Pass, Score, ScoreModel, Texts};
use refinery_core::dedup::minhash::{MinHashParams, MinHasher};
use refinery_core::fasttext::Model;
use refinery_core::signal::FAMILIES;
use refinery_core::tokens::Tokenizer;

const ROUNDS: usize = 5;
const BATCH_BYTES: usize = 8 << 20;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let Some(path) = arguments.first() else {
        println!("give a file of JSON Lines with a text key");
        return;
    };
    let batches = batches(path);
    let tokenizer = Arc::new(Tokenizer::embedded("cl100k_base").unwrap());
    let minhash = || {
        Some((
            Arc::new(MinHasher::new(MinHashParams::default()).unwrap()),
            None,
        ))
    };
    let score = || -> Vec<Score> {
        let model = |path: &String| Arc::new(Model::load(Path::new(path)).unwrap());
        let one = |path: &String| Score {
            name: "score".into(),
            model: ScoreModel::Label(model(path), 0),
            view: None,
            chunks: None,
        };
        arguments.get(1).map(one).into_iter().collect()
    };
    measure(
        "counts and content hash",
        &batches,
        &Pass {
            base_columns: true,
            ..Pass::default()
        },
    );
    for &family in FAMILIES {
        let tokenizer = family.needs.token_ids.then(|| Arc::clone(&tokenizer));
        let pass = Pass {
            families: vec![(family, None)],
            tokenizer,
            ..Pass::default()
        };
        measure(family.name, &batches, &pass);
    }
    let pass = Pass {
        tokenizer: Some(Arc::clone(&tokenizer)),
        ..Pass::default()
    };
    measure("n_tokens", &batches, &pass);
    measure(
        "minhash",
        &batches,
        &Pass {
            minhash: minhash(),
            ..Pass::default()
        },
    );
    measure(
        "score",
        &batches,
        &Pass {
            scores: score(),
            ..Pass::default()
        },
    );
    let all = Pass {
        families: FAMILIES.iter().map(|&f| (f, None)).collect(),
        tokenizer: Some(tokenizer),
        scores: score(),
        minhash: minhash(),
        base_columns: true,
        ..Pass::default()
    };
    measure("all", &batches, &all);
}

/// The texts in batches of the engine's size.
fn batches(path: &str) -> Vec<LargeStringArray> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut batches = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for line in file.lines() {
        let row: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        texts.push(row["text"].as_str().unwrap().to_owned());
        if texts.iter().map(String::len).sum::<usize>() >= BATCH_BYTES {
            batches.push(LargeStringArray::from(std::mem::take(&mut texts)));
        }
    }
    batches.push(LargeStringArray::from(texts));
    batches
}

fn measure(name: &str, batches: &[LargeStringArray], pass: &Pass) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let n_bytes: usize = batches.iter().map(|b| b.value_data().len()).sum();
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let (seconds, passes) = pool.install(|| {
                let before = processor_seconds();
                let mut passes = 0;
                // The system's clock of a thread ticks: a round must be much longer than a tick.
                while processor_seconds() - before < 0.3 {
                    for batch in batches {
                        std::hint::black_box(pass.run(&Texts::LargeUtf8(batch)).unwrap());
                    }
                    passes += 1;
                }
                (processor_seconds() - before, passes)
            });
            (passes * n_bytes) as f64 / seconds / 1e6
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    println!(
        "{name:34} median {:8.1}   best {:8.1} MB/s",
        rates[ROUNDS / 2],
        rates[ROUNDS - 1]
    );
}

/// Seconds this thread has run on a processor (Linux).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds: f64 = stat
        .split_ascii_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    nanoseconds / 1e9
}
