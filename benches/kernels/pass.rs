//! Where the fused pass spends its time: each part alone, then all of it, on one thread.
//!
//! `cargo bench -p refinery-core --bench pass -- rates TEXTS.jsonl [MODEL]` (one object with `text`
//! a line) prints MB of text a second of processor time, median and best of some rounds. A part
//! alone includes what it shares with others (splitting words, token ids). Two more sections:
//!
//! - `count PART TEXTS.jsonl [MODEL]` runs one part twice, the second time in [`warm_run`], for
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

use std::fmt::Write as _;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use arrow_array::LargeStringArray;
use refinery_core::batch::{Pass, Score, ScoreModel, Texts};
use refinery_core::dedup::minhash::{MinHashParams, MinHasher};
use refinery_core::fasttext::Model;
use refinery_core::signal::{FAMILIES, family};
use refinery_core::tokens::Tokenizer;

const ROUNDS: usize = 5;
const BATCH_BYTES: usize = 8 << 20;
const WHOLE_JOB: [&str; 5] = [
    "datatrove.gopher_quality",
    "datatrove.gopher_repetition",
    "datatrove.c4",
    "datatrove.fineweb_quality",
    "kl3m",
];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["rates", path, ref model @ ..] => rates(path, model.first().copied()),
        ["count", part, path, ref model @ ..] => count(part, path, model.first().copied()),
        ["growth", ref part @ ..] => growth(part.first().copied()),
        _ => println!("give `rates TEXTS [MODEL]`, `count PART TEXTS [MODEL]` or `growth [PART]`"),
    }
}

/// Every part of the pass by its name, what it shares with others included; last, all families.
fn parts(model: Option<&str>) -> Vec<(String, Pass)> {
    let tokenizer = Arc::new(Tokenizer::embedded("cl100k_base").unwrap());
    let minhash = Arc::new(MinHasher::new(MinHashParams::default()).unwrap());
    let model = model.map(|path| Arc::new(Model::load(Path::new(path)).unwrap()));
    let scores = || -> Vec<Score> {
        let one = |model: &Arc<Model>| Score {
            name: "score".into(),
            model: ScoreModel::Label(Arc::clone(model), 0),
            view: None,
            chunks: None,
        };
        model.iter().map(one).collect()
    };
    let job = |families: Vec<_>| Pass {
        families,
        tokenizer: Some(Arc::clone(&tokenizer)),
        minhash: Some((Arc::clone(&minhash), None)),
        base_columns: true,
        ..Pass::default()
    };
    let mut parts = vec![("base".to_owned(), Pass::default())];
    parts[0].1.base_columns = true;
    parts.extend(FAMILIES.iter().map(|&family| {
        let pass = Pass {
            families: vec![(family, None)],
            tokenizer: family.needs.token_ids.then(|| Arc::clone(&tokenizer)),
            ..Pass::default()
        };
        (family.name.to_owned(), pass)
    }));
    let mut add = |name: &str, pass: Pass| parts.push((name.to_owned(), pass));
    add(
        "n_tokens",
        Pass {
            tokenizer: Some(Arc::clone(&tokenizer)),
            ..Pass::default()
        },
    );
    add(
        "minhash",
        Pass {
            minhash: Some((Arc::clone(&minhash), None)),
            ..Pass::default()
        },
    );
    if model.is_some() {
        add(
            "score",
            Pass {
                scores: scores(),
                ..Pass::default()
            },
        );
    }
    let families = || -> Vec<_> {
        let one = |name: &str| (family(name).unwrap(), None);
        WHOLE_JOB.into_iter().map(one).collect()
    };
    add("job without score", job(families()));
    if model.is_some() {
        add(
            "job",
            Pass {
                scores: scores(),
                ..job(families())
            },
        );
    }
    add("all", job(FAMILIES.iter().map(|&f| (f, None)).collect()));
    parts
}

fn rates(path: &str, model: Option<&str>) {
    let batches = batches(path);
    for (name, pass) in parts(model) {
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
    let (seconds, passes) = on_one_thread(|| {
        let before = processor_seconds();
        let mut passes = 0;
        // The system's clock of a thread ticks: a round must be much longer than a tick.
        while processor_seconds() - before < 0.3 {
            warm_run(batches, pass);
            passes += 1;
        }
        (processor_seconds() - before, passes)
    });
    (passes * n_bytes) as f64 / seconds / 1e6
}

fn count(part: &str, path: &str, model: Option<&str>) {
    let batches = batches(path);
    let n_bytes: usize = batches.iter().map(|b| b.value_data().len()).sum();
    let parts = parts(model);
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
    for (part, pass) in parts(None) {
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

/// The texts in batches of the engine's size.
fn batches(path: &str) -> Vec<LargeStringArray> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut batches = Vec::new();
    let (mut texts, mut n_bytes) = (Vec::new(), 0);
    for line in file.lines() {
        let row: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = row["text"].as_str().unwrap().to_owned();
        n_bytes += text.len();
        texts.push(text);
        if n_bytes >= BATCH_BYTES {
            batches.push(LargeStringArray::from(std::mem::take(&mut texts)));
            n_bytes = 0;
        }
    }
    batches.push(LargeStringArray::from(texts));
    batches
}

fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(work)
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
