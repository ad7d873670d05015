//! The parts of the fused pass that benches run, and the texts as the engine has them.

#![allow(dead_code, reason = "each bench uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::LargeStringArray;
use refinery_core::batch::{Pass, Score, ScoreModel};
use refinery_core::dedup::minhash::{MinHashParams, MinHasher};
use refinery_core::fasttext::Model;
use refinery_core::signal::{FAMILIES, family};
use refinery_core::tokens::Tokenizer;

const BATCH_BYTES: usize = 8 << 20;
/// The families of the whole job.
pub const WHOLE_JOB: [&str; 5] = [
    "datatrove.gopher_quality",
    "datatrove.gopher_repetition",
    "datatrove.c4",
    "datatrove.fineweb_quality",
    "kl3m",
];

/// Every part of the pass by its name, what it shares with others included; then the pass of the
/// whole job, whose score is of the first model, and that of all families.
pub fn parts(models: &[PathBuf]) -> Vec<(String, Pass)> {
    let tokenizer = Arc::new(Tokenizer::embedded("cl100k_base").unwrap());
    let minhash = Arc::new(MinHasher::new(MinHashParams::default()).unwrap());
    let models: Vec<_> = models.iter().map(|file| loaded(file)).collect();
    let score = |model: &Arc<Model>| Score {
        name: "score".into(),
        model: ScoreModel::Label(Arc::clone(model), 0),
        view: None,
        chunks: None,
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
    for (name, model) in &models {
        add(
            &format!("score_{name}"),
            Pass {
                scores: vec![score(model)],
                ..Pass::default()
            },
        );
    }
    let families = || -> Vec<_> {
        let one = |name: &str| (family(name).unwrap(), None);
        WHOLE_JOB.into_iter().map(one).collect()
    };
    add("job without score", job(families()));
    if let Some((_, model)) = models.first() {
        add(
            "job",
            Pass {
                scores: vec![score(model)],
                ..job(families())
            },
        );
    }
    add("all", job(FAMILIES.iter().map(|&f| (f, None)).collect()));
    parts
}

/// A model under the name of its file.
fn loaded(file: &Path) -> (String, Arc<Model>) {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    (name, Arc::new(Model::load(file).unwrap()))
}

/// The texts in batches of the engine's size.
pub fn batches(texts: &[String]) -> Vec<LargeStringArray> {
    let (mut batches, mut waiting, mut n_bytes) = (Vec::new(), Vec::new(), 0);
    for text in texts {
        n_bytes += text.len();
        waiting.push(text.as_str());
        if n_bytes >= BATCH_BYTES {
            batches.push(LargeStringArray::from(std::mem::take(&mut waiting)));
            n_bytes = 0;
        }
    }
    batches.push(LargeStringArray::from(waiting));
    batches
}

/// Runs `work` where the product finds a pool of one thread.
pub fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(work)
}
