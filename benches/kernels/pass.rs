//! Where the fused pass spends its time: each part alone, then all of it, on one thread.
//!
//! `cargo bench -p refinery-core --bench pass -- rates TEXTS.jsonl [MODEL…]` (one object with `text`
//! a line) prints MB of text a second of processor time, median and best of some rounds. A part
//! alone includes what it shares with others (splitting words, token ids). Two more sections:
//!
//! - `count PART TEXTS.jsonl [MODEL…]` runs one part twice, the second time in [`warm_run`], for
//!   instruction counts, which no neighbour disturbs: `valgrind --tool=callgrind
//!   --collect-atstart=no --toggle-collect='*warm_run*' target/release/deps/pass-* count …`.
//! - `growth [PART]` prints nanoseconds a byte of documents of 1, 10 and 100 MB, natural and odd.
//!
//! Nothing is judged.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints and may stop"
)]

mod parts;
mod timing;

use std::fmt::Write as _;
use std::path::PathBuf;

use arrow_array::LargeStringArray;
use parts::{batches, on_one_thread, parts};
use refinery_core::batch::{Pass, Texts};
use timing::processor_seconds;

const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["rates", path, ref models @ ..] => rates(path, &files(models)),
        ["count", part, path, ref models @ ..] => count(part, path, &files(models)),
        ["growth", ref part @ ..] => growth(part.first().copied()),
        _ => {
            println!("give `rates TEXTS [MODEL…]`, `count PART TEXTS [MODEL…]` or `growth [PART]`");
        }
    }
}

fn files(models: &[&str]) -> Vec<PathBuf> {
    models.iter().map(PathBuf::from).collect()
}

fn rates(path: &str, models: &[PathBuf]) {
    let batches = batches(&timing::texts(path));
    for (name, pass) in parts(models) {
        let mut rates: Vec<f64> = (0..ROUNDS).map(|_| rate(&batches, &pass)).collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "{name:34} median {:8.1}   best {:8.1} MB/s",
            rates[ROUNDS / 2],
            rates[ROUNDS - 1]
        );
    }
}

/// MB a second of processor time.
fn rate(batches: &[LargeStringArray], pass: &Pass) -> f64 {
    let n_bytes: usize = batches.iter().map(|b| b.value_data().len()).sum();
    on_one_thread(|| timing::megabytes_per_second(n_bytes, 0.3, || warm_run(batches, pass)))
}

fn count(part: &str, path: &str, models: &[PathBuf]) {
    let batches = batches(&timing::texts(path));
    let n_bytes: usize = batches.iter().map(|b| b.value_data().len()).sum();
    let parts = parts(models);
    let Some((_, pass)) = parts.iter().find(|(name, _)| name == part) else {
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        println!("no part {part:?}; there are {}", names.join(", "));
        return;
    };
    on_one_thread(|| {
        for batch in &batches {
            pass.run(&Texts::LargeUtf8(batch)).unwrap();
        }
        warm_run(&batches, pass);
    });
    println!("{n_bytes} bytes of text");
}

/// Named, so that a profiler can be told to look at nothing else.
#[inline(never)]
fn warm_run(batches: &[LargeStringArray], pass: &Pass) {
    for batch in batches {
        std::hint::black_box(pass.run(&Texts::LargeUtf8(batch)).unwrap());
    }
}

fn growth(only: Option<&str>) {
    const SIZES: [usize; 3] = [1_000_000, 10_000_000, 100_000_000];
    for (part, pass) in parts(&[]) {
        if only.is_some_and(|only| only != part) {
            continue;
        }
        for (shape, make) in SHAPES {
            let mut line = format!("{part:34} {shape:16}");
            for size in SIZES {
                let text = LargeStringArray::from(vec![make(size)]);
                let seconds = on_one_thread(|| {
                    let before = processor_seconds();
                    warm_run(std::slice::from_ref(&text), &pass);
                    processor_seconds() - before
                });
                write!(line, " {:9.2}", seconds * 1e9 / size as f64).unwrap();
            }
            println!("{line} ns/byte");
        }
    }
}

/// A document of a given number of bytes, about.
type Shape = fn(usize) -> String;

const SHAPES: [(&str, Shape); 8] = [
    ("prose", |n| words(n, 20_000, 12)),
    ("one line", |n| words(n, 20_000, usize::MAX)),
    ("few words", |n| words(n, 3, 12)),
    ("distinct words", |n| words(n, usize::MAX, 12)),
    ("same word", |n| "word ".repeat(n / 5)),
    ("endless word", |n| "w".repeat(n)),
    ("punctuation", |n| "?!.,;-(\"".repeat(n / 8)),
    ("newlines", |n| "\n".repeat(n)),
];

/// Words of a made-up language of `kinds` words, the frequent ones more often, so many a line.
fn words(n_bytes: usize, kinds: usize, per_line: usize) -> String {
    let mut text = String::with_capacity(n_bytes + 32);
    let mut state = 1_u64;
    let mut n_words = 0;
    while text.len() < n_bytes {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The product of two draws: low ranks come more often.
        let (a, b) = ((state >> 48) as usize, (state >> 32 & 0xffff) as usize);
        let rank = if kinds == usize::MAX {
            n_words
        } else {
            (a * b * kinds) >> 32
        };
        push_word(&mut text, rank);
        n_words += 1;
        let ends_line = n_words % per_line == 0;
        text.push_str(if ends_line { ".\n" } else { " " });
    }
    text
}

/// The word of that rank: its digits in base 20 as syllables.
fn push_word(text: &mut String, mut rank: usize) {
    loop {
        let digit = rank % 20;
        text.push(char::from(b"bdfgklmnprstvzhjcwxq"[digit]));
        text.push(char::from(b"aeiou"[rank % 5]));
        rank /= 20;
        if rank == 0 {
            return;
        }
    }
}
