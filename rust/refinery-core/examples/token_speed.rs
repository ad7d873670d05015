//! Speed of token counts and of the KL3M and count families on one thread, beside the plain count
//! of the `bpe-openai` crate on the same documents. Usage: `token_speed FILE`, documents in FILE
//! separated by NUL bytes.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the terminal"
)]

use std::hint::black_box;
use std::time::Duration;

use refinery_core::signal::{Scratch, family};
use refinery_core::text::{Needs, Splitter};
use refinery_core::tokens::{TokenScratch, Tokenizer};

const ROUNDS: usize = 5;

/// Time this thread has run, so that other load on the machine counts less. Linux only.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// Prints the fastest and the middle of some rounds, and the result, which must not change.
fn measure(name: &str, n_bytes: usize, mut run: impl FnMut() -> usize) {
    let mut seconds = Vec::new();
    let mut result = 0;
    for _ in 0..ROUNDS {
        let start = cpu_time();
        result = black_box(run());
        seconds.push((cpu_time() - start).as_secs_f64());
    }
    let first = seconds[0];
    seconds.sort_by(f64::total_cmp);
    let speed = |s: f64| n_bytes as f64 / s / 1e6;
    println!(
        "{name:32} first {:7.1}  median {:7.1}  best {:7.1} MB/s  result {result}",
        speed(first),
        speed(seconds[ROUNDS / 2]),
        speed(seconds[0]),
    );
}

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let content = std::fs::read_to_string(path).unwrap();
    let docs: Vec<&str> = content.split('\0').collect();
    let n_bytes = docs.iter().map(|d| d.len()).sum();
    println!("{} documents, {n_bytes} bytes", docs.len());
    for (name, twin) in [
        ("cl100k_base", bpe_openai::cl100k_base()),
        ("o200k_base", bpe_openai::o200k_base()),
    ] {
        let tokenizer = Tokenizer::embedded(name).unwrap();
        let mut scratch = TokenScratch::default();
        measure(&format!("{name}: bpe-openai count"), n_bytes, || {
            docs.iter().map(|d| twin.count(*d)).sum()
        });
        measure(&format!("{name}: count"), n_bytes, || {
            docs.iter().map(|d| tokenizer.count(d, &mut scratch)).sum()
        });
        let mut ids = Vec::new();
        measure(&format!("{name}: encode"), n_bytes, || {
            docs.iter()
                .map(|d| {
                    ids.clear();
                    tokenizer.encode(d, &mut scratch, &mut ids);
                    ids.len()
                })
                .sum()
        });
    }
    let tokenizer = Tokenizer::embedded("cl100k_base").unwrap();
    let mut splitter = Splitter::default();
    let mut scratch = Scratch::default();
    for (label, name, token_ids) in [
        ("counts", "counts", false),
        ("kl3m without tokens", "kl3m", false),
        ("kl3m and its tokens", "kl3m", true),
    ] {
        let family = family(name).unwrap();
        let mut out = vec![0.0; family.signals.len()];
        measure(label, n_bytes, || {
            let mut sum = 0.0;
            for text in &docs {
                let doc = splitter.split(
                    text,
                    Needs {
                        words: false,
                        token_ids,
                    },
                    Some(&tokenizer),
                );
                (family.compute)(&doc, &mut scratch, &mut out);
                sum += out.iter().filter(|v| v.is_finite()).sum::<f64>();
            }
            sum as usize
        });
    }
}
