//! How fast one core could do each step of the whole job, and how fast our kernels do it.
//!
//! `cargo bench -p refinery-core --bench limits -- TEXTS.jsonl [--rounds N] [MODEL…]`
//!
//! A limit is one plain loop over the same texts that does what no program for the step can leave
//! out, on inputs that an earlier step has made (`steps/`): rates can be put together without
//! counting a step twice. It knows ASCII only, has no table that can be missed and gives no answer
//! that anybody could use. It calls none of the product's code. It is a demonstrated rate: a floor
//! under what is possible, not a proof.
//!
//! Prints one JSON object a line: what was measured (`limit` or `kernel`) with MB of text per second
//! of processor time in each round; and counts (`count`) by which two sides can be seen to do the
//! same work. `run.py` beside this file puts them together.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints and may stop"
)]
#![allow(
    clippy::inline_always,
    reason = "a loop is compiled into each of its callers, which differ in their instructions"
)]
#![allow(
    clippy::naive_bytecount,
    clippy::needless_bitwise_bool,
    clippy::needless_range_loop,
    reason = "these forms become vector instructions without a branch"
)]

mod dispatch;
mod documents;
#[path = "../kernels/parts.rs"]
mod parts;
mod steps;
#[path = "../kernels/timing.rs"]
mod timing;

use std::hint::black_box;
use std::path::PathBuf;

use arrow_array::LargeStringArray;
use documents::Documents;
use refinery_core::batch::Texts;
use refinery_core::signal::FAMILIES;
use refinery_core::text::spacy::SpacyWords;
use refinery_core::tokens::{TokenScratch, Tokenizer};

/// Processor time of one measurement; a round has one of each.
const SECONDS: f64 = 0.1;
/// What is measured, `limit` or `kernel`, the bytes it handles, and the work itself.
type Work<'a> = (String, &'static str, usize, Box<dyn FnMut() + 'a>);

struct Options {
    texts: String,
    rounds: usize,
    models: Vec<PathBuf>,
}

fn main() {
    match options() {
        Some(options) => parts::on_one_thread(|| measure(&options)),
        None => println!("give a file of JSON Lines with a text key"),
    }
}

fn measure(options: &Options) {
    let texts = timing::texts(&options.texts);
    let documents = Documents::new(&texts);
    let prepared = steps::Prepared::new(&documents);
    println!(
        "{}",
        serde_json::json!({"kind": "count", "name": "texts", "documents": texts.len(),
            "bytes": documents.n_bytes(), "instructions": dispatch::name(),
            "words": prepared.words.len(), "words_marked": prepared.marked.len(),
            "words_spaced": prepared.spaced.len(), "product_words": n_words(&texts),
            "tokens": prepared.n_tokens(),
            "product_tokens": n_tokens(&texts)})
    );
    let batches = parts::batches(&texts);
    let mut works = steps::limits(&documents, &prepared);
    works.extend(kernels(&batches, documents.n_bytes(), &options.models));
    for _ in 0..options.rounds {
        for (name, kind, n_bytes, work) in &mut works {
            let rate = timing::megabytes_per_second(*n_bytes, SECONDS, work);
            println!(
                "{}",
                serde_json::json!({"kind": kind, "name": name, "mb_per_s": rate})
            );
        }
    }
}

/// The parts of the product's pass that the whole job has, and that job's pass.
fn kernels<'a>(
    batches: &'a [LargeStringArray],
    n_bytes: usize,
    models: &[PathBuf],
) -> impl Iterator<Item = Work<'a>> {
    let others = |name: &str| {
        let is_family = FAMILIES.iter().any(|family| family.name == name);
        is_family && !parts::WHOLE_JOB.contains(&name)
            || ["all", "job without score"].contains(&name)
    };
    let chosen = parts::parts(models).into_iter();
    chosen
        .filter(move |(name, _)| !others(name))
        .map(move |(name, pass)| {
            let run = move || {
                for batch in batches {
                    black_box(pass.run(&Texts::LargeUtf8(batch)).unwrap());
                }
            };
            (
                name,
                "kernel",
                n_bytes,
                Box::new(run) as Box<dyn FnMut() + 'a>,
            )
        })
}

/// Tokens of all texts by the product, to compare with the limit's.
fn n_tokens(texts: &[String]) -> usize {
    let tokenizer = Tokenizer::embedded("cl100k_base").unwrap();
    let mut scratch = TokenScratch::default();
    let counts = texts.iter().map(|text| tokenizer.count(text, &mut scratch));
    counts.sum()
}

/// Words of all texts by the product as datatrove counts them, to compare with the limit's.
fn n_words(texts: &[String]) -> usize {
    let mut splitter = SpacyWords::default();
    let mut words = Vec::new();
    let counts = texts.iter().map(|text| {
        splitter.split(text, &mut words);
        words.len()
    });
    counts.sum()
}

fn options() -> Option<Options> {
    let (mut files, mut rounds) = (Vec::new(), 5);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next()?.parse().ok()?,
            // What cargo itself adds.
            flag if flag.starts_with("--") => {}
            file => files.push(file.to_owned()),
        }
    }
    let (texts, models) = files.split_first()?;
    Some(Options {
        texts: texts.clone(),
        rounds,
        models: models.iter().map(PathBuf::from).collect(),
    })
}
