//! The fused pass: one Arrow string column in, annotation columns out, parallel over rows.
//!
//! The only file of the crate's kernels that knows Arrow. Each document is visited once; words,
//! lines and tokens are split once for all families; every buffer and cache belongs to a worker
//! thread and is reused. Rows are independent and are written to their own places, so the result
//! does not depend on the number of threads.

use std::cell::RefCell;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, FixedSizeBinaryArray, Float64Array, Int64Array, LargeStringArray, StringArray,
    StringViewArray, cast::AsArray,
};
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::DataType;
use rayon::prelude::*;

use crate::dedup::exact::content_hash;
use crate::dedup::minhash::{MinHashScratch, MinHasher};
use crate::fasttext::{Model, ModelScratch};
use crate::signal::{Family, Scratch};
use crate::text::{Needs, Splitter};
use crate::tokens::Tokenizer;
use crate::{Error, Result};

/// A string column of any Arrow string type.
pub enum Texts<'a> {
    /// `Utf8`.
    Utf8(&'a StringArray),
    /// `LargeUtf8`.
    LargeUtf8(&'a LargeStringArray),
    /// `Utf8View`.
    Utf8View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    /// Views `array` as strings; an error names the type where it is none of the three.
    pub fn new(array: &'a dyn Array) -> Result<Self> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Utf8(array.as_string())),
            DataType::LargeUtf8 => Ok(Self::LargeUtf8(array.as_string())),
            DataType::Utf8View => Ok(Self::Utf8View(array.as_string_view())),
            other => Err(Error::Schema {
                column: "text".into(),
                message: format!(
                    "expected a string column (Utf8, LargeUtf8 or Utf8View), found {other}"
                ),
            }),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Utf8(a) => a.len(),
            Self::LargeUtf8(a) => a.len(),
            Self::Utf8View(a) => a.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of a row, `None` where it is null.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Utf8(a) => a.is_valid(row).then(|| a.value(row)),
            Self::LargeUtf8(a) => a.is_valid(row).then(|| a.value(row)),
            Self::Utf8View(a) => a.is_valid(row).then(|| a.value(row)),
        }
    }

    fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::Utf8(a) => a.nulls(),
            Self::LargeUtf8(a) => a.nulls(),
            Self::Utf8View(a) => a.nulls(),
        }
    }
}

/// A score to compute: which model, and which of its labels' probabilities it is.
pub struct Score {
    /// Column of the score.
    pub name: String,
    /// The model.
    pub model: Arc<Model>,
    /// Index of the label in [`Model::labels`].
    pub label: usize,
}

/// What one pass computes.
#[derive(Default)]
pub struct Pass {
    /// Families of signals, in column order.
    pub families: Vec<&'static Family>,
    /// Tokenizer of `n_tokens`; without one there is no such column.
    pub tokenizer: Option<Arc<Tokenizer>>,
    /// Scores, in column order.
    pub scores: Vec<Score>,
    /// Signatures; without it there is no such column.
    pub minhash: Option<Arc<MinHasher>>,
    /// Whether to make `n_chars`, `n_bytes` and `content_hash`.
    pub base_columns: bool,
}

#[derive(Default)]
struct Worker {
    splitter: Splitter,
    scratch: Scratch,
    model: ModelScratch,
    minhash: MinHashScratch,
    probabilities: Vec<f32>,
}

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::default();
}

/// The places of one row in the row-major buffers.
struct Row<'a> {
    values: &'a mut [f64],
    counts: &'a mut [i64; 3],
    hash: &'a mut [u8; 16],
    signature: &'a mut [u32],
    is_signed: &'a mut bool,
}

impl Pass {
    /// Float columns of the pass: every signal, then every score.
    fn float_columns(&self) -> Vec<String> {
        let signals = self
            .families
            .iter()
            .flat_map(|f| f.signals.iter().map(|s| f.column(s)));
        signals
            .chain(self.scores.iter().map(|s| s.name.clone()))
            .collect()
    }

    fn needs(&self) -> Needs {
        self.families
            .iter()
            .fold(Needs::default(), |n, f| n.or(f.needs))
    }

    /// Annotates every row: one array per column, each as long as `texts`, null where the text is.
    ///
    /// Columns in order: `n_chars`, `n_bytes` (Int64), `n_tokens` (Int64, with a tokenizer),
    /// signals and scores (Float64), `content_hash` (16 bytes), `minhash` (4 bytes little-endian a
    /// permutation, null without words).
    pub fn run(&self, texts: &Texts<'_>) -> Result<Vec<(String, ArrayRef)>> {
        let n = texts.len();
        let names = self.float_columns();
        let width = names.len();
        let num_perm = self.minhash.as_ref().map_or(0, |m| m.num_perm());
        let needs = self.needs();
        if needs.token_ids && self.tokenizer.is_none() {
            return Err(Error::Parameter {
                name: "tokenizer",
                message: "a family of this pass reads token ids, so a tokenizer is needed".into(),
            });
        }

        // Row-major buffers: a row's places are disjoint slices, so threads never share any. A
        // width of zero still needs one element a row for the slices to line up with the rows.
        let stride = width.max(1);
        let mut values = vec![f64::NAN; n * stride];
        let mut counts = vec![[0_i64; 3]; n];
        let mut hashes = vec![[0_u8; 16]; n];
        let signature_stride = num_perm.max(1);
        let mut signatures = vec![0_u32; if num_perm == 0 { n } else { n * num_perm }];
        let mut signed = vec![false; n];

        values
            .par_chunks_mut(stride)
            .zip(counts.par_iter_mut())
            .zip(hashes.par_iter_mut())
            .zip(signatures.par_chunks_mut(signature_stride))
            .zip(signed.par_iter_mut())
            .enumerate()
            .for_each(|(i, ((((values, counts), hash), signature), is_signed))| {
                if let Some(text) = texts.get(i) {
                    let row = Row {
                        values,
                        counts,
                        hash,
                        signature,
                        is_signed,
                    };
                    WORKER.with_borrow_mut(|worker| self.row(text, needs, worker, row));
                }
            });

        let nulls = texts.nulls();
        let mut columns: Vec<(String, ArrayRef)> = Vec::with_capacity(width + 5);
        if self.base_columns {
            columns.push(("n_chars".into(), int_column(&counts, 0, nulls)));
            columns.push(("n_bytes".into(), int_column(&counts, 1, nulls)));
        }
        if self.tokenizer.is_some() {
            columns.push(("n_tokens".into(), int_column(&counts, 2, nulls)));
        }
        for (j, name) in names.into_iter().enumerate() {
            columns.push((name, float_column(&values, j, stride, n)));
        }
        if self.base_columns {
            let bytes: Vec<u8> = hashes.concat();
            columns.push((
                "content_hash".into(),
                binary_column(16, bytes, nulls.cloned())?,
            ));
        }
        if num_perm > 0 {
            let bytes: Vec<u8> = signatures.iter().flat_map(|v| v.to_le_bytes()).collect();
            let width = i32::try_from(num_perm * 4).map_err(|_| Error::Parameter {
                name: "minhash",
                message: format!("{num_perm} permutations are more than a column can hold"),
            })?;
            columns.push((
                "minhash".into(),
                binary_column(width, bytes, Some(signed.into()))?,
            ));
        }
        Ok(columns)
    }

    fn row(&self, text: &str, needs: Needs, worker: &mut Worker, row: Row<'_>) {
        let Row {
            values,
            counts,
            hash,
            signature,
            is_signed,
        } = row;
        let tokenizer = self.tokenizer.as_deref();
        if let (Some(tokenizer), false) = (tokenizer, needs.token_ids) {
            counts[2] = worker.splitter.count_tokens(text, tokenizer) as i64;
        }
        let doc = worker.splitter.split(text, needs, tokenizer);
        if needs.token_ids {
            counts[2] = doc.tokens.len() as i64;
        }
        let mut at = 0;
        for family in &self.families {
            let end = at + family.signals.len();
            (family.compute)(&doc, &mut worker.scratch, &mut values[at..end]);
            at = end;
        }
        let n_chars = doc.n_chars as i64;
        for (score, value) in self.scores.iter().zip(&mut values[at..]) {
            score
                .model
                .predict(text, &mut worker.model, &mut worker.probabilities);
            *value = f64::from(worker.probabilities[score.label]);
        }
        if self.base_columns {
            counts[0] = n_chars;
            counts[1] = text.len() as i64;
            *hash = content_hash(text);
        }
        if let Some(minhash) = &self.minhash {
            *is_signed = minhash.sign(text, &mut worker.minhash, signature);
        }
    }
}

fn int_column(counts: &[[i64; 3]], which: usize, nulls: Option<&NullBuffer>) -> ArrayRef {
    let values: Vec<i64> = counts.iter().map(|c| c[which]).collect();
    Arc::new(Int64Array::new(values.into(), nulls.cloned()))
}

fn float_column(values: &[f64], column: usize, stride: usize, rows: usize) -> ArrayRef {
    let value = |row: usize| Some(values[row * stride + column]).filter(|v| !v.is_nan());
    Arc::new((0..rows).map(value).collect::<Float64Array>())
}

fn binary_column(width: i32, bytes: Vec<u8>, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    Ok(Arc::new(FixedSizeBinaryArray::try_new(
        width,
        Buffer::from_vec(bytes),
        nulls,
    )?))
}
