//! The product's parts on the same texts, one thread: what `run.py` divides by the limits.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::LargeStringArray;
use refinery_core::batch::{Pass, Score, ScoreModel, Texts};
use refinery_core::dedup::minhash::{MinHashParams, MinHasher};
use refinery_core::fasttext::Model;
use refinery_core::signal::{FAMILIES, Family};
use refinery_core::tokens::{TokenScratch, Tokenizer};

use crate::Work;

/// Text of a batch, as the engine has it.
const BATCH_BYTES: usize = 8 << 20;
/// The families of the whole job.
const JOB: [&str; 5] = [
    "datatrove.gopher_quality",
    "datatrove.gopher_repetition",
    "datatrove.c4",
    "datatrove.fineweb_quality",
    "kl3m",
];

pub struct Kernels {
    batches: Vec<LargeStringArray>,
    n_bytes: usize,
    tokenizer: Arc<Tokenizer>,
    minhash: Arc<MinHasher>,
    models: Vec<(String, Arc<Model>)>,
}

impl Kernels {
    pub fn new(texts: &[String], models: &[(String, PathBuf)]) -> Self {
        let load =
            |(name, file): &(String, PathBuf)| (name.clone(), Arc::new(Model::load(file).unwrap()));
        Self {
            batches: batches(texts),
            n_bytes: texts.iter().map(String::len).sum(),
            tokenizer: Arc::new(Tokenizer::embedded("cl100k_base").unwrap()),
            minhash: Arc::new(MinHasher::new(MinHashParams::default()).unwrap()),
            models: models.iter().map(load).collect(),
        }
    }

    /// Tokens of all texts, to compare with the limit's.
    pub fn n_tokens(&self) -> usize {
        let mut scratch = TokenScratch::default();
        let texts = self.batches.iter().flat_map(|batch| batch.iter().flatten());
        texts
            .map(|text| self.tokenizer.count(text, &mut scratch))
            .sum()
    }

    /// Every kernel alone, then the pass of the whole job.
    pub fn works(&self) -> Vec<Work<'_>> {
        let mut works = vec![
            self.work(
                "base",
                Pass {
                    base_columns: true,
                    ..Pass::default()
                },
            ),
            self.work(
                "n_tokens",
                Pass {
                    tokenizer: Some(self.tokens()),
                    ..Pass::default()
                },
            ),
            self.work(
                "minhash",
                Pass {
                    minhash: Some(self.signatures()),
                    ..Pass::default()
                },
            ),
        ];
        for family in job() {
            let tokenizer = family.needs.token_ids.then(|| Arc::clone(&self.tokenizer));
            let families = vec![(family, None)];
            works.push(self.work(
                family.name,
                Pass {
                    families,
                    tokenizer,
                    ..Pass::default()
                },
            ));
        }
        for (name, model) in &self.models {
            let scores = vec![score(model)];
            works.push(self.work(
                &format!("score_{name}"),
                Pass {
                    scores,
                    ..Pass::default()
                },
            ));
        }
        works.push(self.work("pass", self.whole()));
        works
    }

    /// The pass of the whole job; its score is of the first model.
    fn whole(&self) -> Pass {
        Pass {
            families: job().map(|family| (family, None)).collect(),
            tokenizer: Some(self.tokens()),
            scores: self
                .models
                .iter()
                .take(1)
                .map(|(_, model)| score(model))
                .collect(),
            minhash: Some(self.signatures()),
            base_columns: true,
            ..Pass::default()
        }
    }

    fn tokens(&self) -> Arc<Tokenizer> {
        Arc::clone(&self.tokenizer)
    }

    fn signatures(&self) -> (Arc<MinHasher>, Option<usize>) {
        (Arc::clone(&self.minhash), None)
    }

    fn work(&self, name: &str, pass: Pass) -> Work<'_> {
        let run = move || {
            for batch in &self.batches {
                std::hint::black_box(pass.run(&Texts::LargeUtf8(batch)).unwrap());
            }
        };
        (name.to_owned(), "kernel", self.n_bytes, Box::new(run))
    }
}

fn job() -> impl Iterator<Item = &'static Family> {
    FAMILIES
        .iter()
        .copied()
        .filter(|family| JOB.contains(&family.name))
}

fn score(model: &Arc<Model>) -> Score {
    Score {
        name: "score".into(),
        model: ScoreModel::Label(Arc::clone(model), 0),
        view: None,
        chunks: None,
    }
}

fn batches(texts: &[String]) -> Vec<LargeStringArray> {
    let (mut batches, mut waiting, mut size) = (Vec::new(), Vec::new(), 0);
    for text in texts {
        size += text.len();
        waiting.push(text.as_str());
        if size >= BATCH_BYTES {
            batches.push(LargeStringArray::from(std::mem::take(&mut waiting)));
            size = 0;
        }
    }
    batches.push(LargeStringArray::from(waiting));
    batches
}
