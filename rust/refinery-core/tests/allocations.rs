//! The pass asks for no memory per document or word once it has seen a corpus: what it asks for is
//! the same for a batch and for one of twice the rows, namely the columns.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use arrow_array::LargeStringArray;
use refinery_core::batch::{Pass, Score, ScoreModel, Texts};
use refinery_core::dedup::minhash::{MinHashParams, MinHasher};
use refinery_core::fasttext::Model;
use refinery_core::signal::FAMILIES;
use refinery_core::tokens::Tokenizer;

/// The system's allocator, which counts what each thread asks for.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|n| n.set(n.get() + 1));
}

// SAFETY: every call goes to the system's allocator as it came. The counter is a plain cell, which
// needs neither memory nor a destructor.
#[allow(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the families look for: words and marks of several scripts, lines that repeat, citations,
/// phrases of C4, bullets, addresses, numbers, special cases of the word rules, long words.
const PIECES: [&str; 16] = [
    "The quick brown fox jumps over the lazy dog, and that is to be had with ease.",
    "- a bullet; costs $3.50 (e.g. 10km at 5°C)...\n• another one…",
    "She didn't say \"Don't!\" to Mr. O'Neil, i.e. the U.S. envoy?",
    "Terms of use and privacy policy. We use cookies. Lorem ipsum dolor. JavaScript { x }",
    "It is so.[1] It was[citation needed] thus.[edit]",
    "Write to jane.doe@example.com or see https://www.example.org/a/b?c=d#e, 192.0.2.17, 555-123-4567.",
    "fn main() {\n\tlet a_b = c[0] != d->e;\r\n}\x0c",
    "Ünïcödé wörds: ΣΊΣΥΦΟΣ Σ, İstanbul ﬁ \u{212a}elvin, naïve ½ Ⅷ.",
    "日本語の文章です。ไทย ภาษา हिन्दी العربية עברית 한국어 👩‍👩‍👧 \u{3000}x\u{85}y\u{2028}z",
    "one two three four five six seven eight nine ten eleven twelve",
    "one two three four five six seven eight nine ten eleven twelve",
    "a a a a a a a a a a a a a a a a ab c d e f x a bc d e f",
    "10 20 30.5 40% 1,000,000 2026-11-21 12:30:59 +49 (0)30 1234567",
    "# Title\n\n\n## title\n| a | b |\n|---|---|\n***",
    "pneumonoultramicroscopicsilicovolcanoconiosis-and-then-some/otherwise_known=as=x;",
    "what the fuck is this shit, subscribe now, read more, sign in",
];

/// A word without end. Its tokens are found by the vocabulary's own encoder, which allocates.
const ENDLESS: usize = 1500;

/// Documents of some pieces each; the last ones are odd.
fn documents() -> Vec<String> {
    let pieces = |i: usize| (0..6).map(move |k| PIECES[(i * 7 + k * (i % 5 + 1)) % PIECES.len()]);
    let joined = |i: usize| {
        let separator = ["\n", "\n\n", " ", "\n \n"][i % 4];
        pieces(i).collect::<Vec<_>>().join(separator)
    };
    let odd = [
        String::new(),
        " \n".into(),
        "x".repeat(ENDLESS),
        "é. ".repeat(200),
    ];
    (0..16).map(joined).chain(odd).collect()
}

/// What a second run over `texts` asks for.
fn allocations(pass: &Pass, texts: &LargeStringArray) -> usize {
    let run = || drop(pass.run(&Texts::LargeUtf8(texts)).unwrap());
    // Twice: buffers that two steps swap have both their size only then.
    run();
    run();
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

/// The parts of a pass alone, and all of it.
fn passes() -> Vec<(&'static str, Pass)> {
    let tokenizer = Arc::new(Tokenizer::embedded("cl100k_base").unwrap());
    let minhash = Arc::new(MinHasher::new(MinHashParams::default()).unwrap());
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/refinery/models");
    let model = Arc::new(Model::load(&models.join("textbook.ftz")).unwrap());
    let empty = Pass::default;
    let score = || Score {
        name: "textbook".into(),
        model: ScoreModel::Label(Arc::clone(&model), 0),
        view: None,
        chunks: None,
    };
    let mut passes: Vec<(&str, Pass)> = FAMILIES
        .iter()
        .map(|&family| {
            let pass = Pass {
                families: vec![(family, None)],
                tokenizer: family.needs.token_ids.then(|| Arc::clone(&tokenizer)),
                ..empty()
            };
            (family.name, pass)
        })
        .collect();
    passes.push((
        "base columns",
        Pass {
            base_columns: true,
            ..empty()
        },
    ));
    passes.push((
        "n_tokens",
        Pass {
            tokenizer: Some(Arc::clone(&tokenizer)),
            ..empty()
        },
    ));
    passes.push((
        "minhash",
        Pass {
            minhash: Some((Arc::clone(&minhash), None)),
            ..empty()
        },
    ));
    passes.push((
        "score",
        Pass {
            scores: vec![score()],
            ..empty()
        },
    ));
    let all = Pass {
        families: FAMILIES.iter().map(|&family| (family, None)).collect(),
        tokenizer: Some(tokenizer),
        scores: vec![score()],
        minhash: Some((minhash, None)),
        base_columns: true,
        ..empty()
    };
    passes.push(("all", all));
    passes
}

#[test]
fn a_used_pass_allocates_columns_only() {
    let documents = documents();
    let batch =
        |documents: &[&String], times| LargeStringArray::from_iter_values(documents.repeat(times));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let mut found = Vec::new();
    for (name, pass) in passes() {
        let has_tokens = pass.tokenizer.is_some();
        let read = documents
            .iter()
            .filter(|d| !has_tokens || d.len() != ENDLESS);
        let read: Vec<&String> = read.collect();
        let [of_twice, of_once] =
            pool.install(|| [2, 1].map(|times| allocations(&pass, &batch(&read, times))));
        assert!(of_once > 0, "{name}: nothing was counted");
        if of_twice != of_once {
            found.push(format!(
                "{name}: {of_once} for a batch, {of_twice} for two in one"
            ));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
