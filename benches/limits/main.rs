//! How fast one core could do each step of the whole job, and how fast our kernels do it.
//!
//! `cargo bench -p refinery-core --bench limits -- TEXTS.jsonl [--rounds N] [--model NAME=FILE]…`,
//! or with `--count KERNEL`, which runs one kernel twice, for a counter of instructions.
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
mod kernels;
mod steps;
#[path = "../kernels/timing.rs"]
mod timing;

use std::path::PathBuf;

use documents::Documents;

/// Processor time of one measurement; a round has one of each.
const SECONDS: f64 = 0.1;
/// What is measured, and the work itself.
type Work<'a> = (String, &'static str, usize, Box<dyn FnMut() + 'a>);

struct Options {
    texts: String,
    rounds: usize,
    models: Vec<(String, PathBuf)>,
    count: Option<String>,
}

fn main() {
    let Some(options) = options() else {
        println!("give a file of JSON Lines with a text key");
        return;
    };
    // The product spreads a batch over the pool that it is called in.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(|| match &options.count {
        Some(name) => count(&options, name),
        None => measure(&options),
    });
}

/// Runs one kernel twice: buffers and caches are filled before the second time, which is counted.
fn count(options: &Options, name: &str) {
    let product = kernels::Kernels::new(&timing::texts(&options.texts), &options.models);
    let found = product.works().into_iter().find(|work| work.0 == name);
    let (_, _, _, mut work) = found.unwrap();
    work();
    instructions_are_counted_here(&mut work);
}

/// By its name the counter knows where to begin and to end.
#[inline(never)]
fn instructions_are_counted_here(work: &mut dyn FnMut()) {
    work();
    std::hint::black_box(());
}

fn measure(options: &Options) {
    let texts = timing::texts(&options.texts);
    let documents = Documents::new(&texts);
    let prepared = steps::Prepared::new(&documents);
    let product = kernels::Kernels::new(&texts, &options.models);
    println!(
        "{}",
        serde_json::json!({"kind": "count", "name": "texts", "documents": texts.len(),
            "bytes": documents.n_bytes(), "instructions": dispatch::name(),
            "words": prepared.words.len(), "tokens": prepared.n_tokens(),
            "product_tokens": product.n_tokens()})
    );
    let mut works = steps::limits(&documents, &prepared);
    works.extend(product.works());
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

fn options() -> Option<Options> {
    let (mut texts, mut rounds, mut models, mut count) = (None, 5, Vec::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next()?.parse().ok()?,
            "--count" => count = Some(arguments.next()?),
            "--model" => {
                let given = arguments.next()?;
                let (name, file) = given.split_once('=')?;
                models.push((name.to_owned(), PathBuf::from(file)));
            }
            // What cargo itself adds.
            flag if flag.starts_with("--") => {}
            file => texts = Some(file.to_owned()),
        }
    }
    Some(Options {
        texts: texts?,
        rounds,
        models,
        count,
    })
}
