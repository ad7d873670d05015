//! The fused pass: one Arrow string column in, annotation columns out, parallel over rows.
//!
//! The only file of the crate's kernels that knows Arrow. Each document is visited once; words,
//! lines and tokens are split once for all families; every buffer and cache belongs to a worker
//! thread and is reused. Rows are independent and are written to their own places, so the result
//! does not depend on the number of threads.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, FixedSizeBinaryArray, Float64Array, Int64Array, LargeStringArray, StringArray,
    StringViewArray, cast::AsArray,
};
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::DataType;
use rayon::prelude::*;

use crate::chunks::{self, ChunkScratch, Chunks};
use crate::dedup::exact::content_hash;
use crate::dedup::minhash::{MinHashScratch, MinHasher};
use crate::edit::{Edit, View, ViewTexts, ViewTree};
use crate::fasttext::{Model, ModelScratch};
use crate::lm::interpolated::NgramModel;
use crate::lm::{Perplexity, Scratch as PerplexityScratch};
use crate::signal::{Asked, Family, Scratch};
use crate::text::{Needs, Splitter};
use crate::tokens::{TokenScratch, Tokenizer};
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

/// A score to compute.
pub struct Score {
    /// Column of the score.
    pub name: String,
    /// What gives it.
    pub model: ScoreModel,
    /// What it reads.
    pub view: ViewId,
    /// How the document is cut for the score's further columns; without it there are none.
    pub chunks: Option<Chunks>,
}

impl Score {
    /// Its columns, the score of the whole document first.
    fn columns(&self) -> impl Iterator<Item = String> {
        let of_chunks = self.chunks.map_or(&[][..], |_| &chunks::COLUMNS);
        let column = |what| format!("{}_{what}", self.name);
        std::iter::once(self.name.clone()).chain(of_chunks.iter().map(column))
    }
}

/// What gives a score.
pub enum ScoreModel {
    /// A classifier, and the index in [`Model::labels`] of the label whose probability it is.
    Label(Arc<Model>, usize),
    /// A language model: the score is the perplexity, undefined where a text has none.
    Perplexity(Arc<Perplexity>),
    /// A model trained here: the score is the perplexity per token, undefined for an empty text.
    Ngram(Arc<NgramModel>),
}

/// Which text something reads: `None` is the text as it was given, a number one of [`Pass::views`].
pub type ViewId = Option<usize>;

/// What one pass computes.
#[derive(Default)]
pub struct Pass {
    /// Views that something reads, beside the text itself.
    pub views: Vec<View>,
    /// Families of signals and what they read, in column order.
    pub families: Vec<(&'static Family, ViewId)>,
    /// Columns of the signals to make; without it, all of the families. The work behind others is
    /// left out as far as a family can do without it.
    pub signals: Option<HashSet<String>>,
    /// Tokenizer of `n_tokens`; without one there is no such column.
    pub tokenizer: Option<Arc<Tokenizer>>,
    /// Scores, in column order.
    pub scores: Vec<Score>,
    /// Signatures; without it there is no such column.
    pub minhash: Option<(Arc<MinHasher>, ViewId)>,
    /// Whether to make `n_chars`, `n_bytes` and `content_hash`.
    pub base_columns: bool,
}

#[derive(Default)]
struct Worker {
    splitter: Splitter,
    scratch: Scratch,
    views: ViewTexts,
    model: ModelScratch,
    perplexity: PerplexityScratch,
    symbols: Vec<u32>,
    tokens: TokenScratch,
    chunks: ChunkScratch,
    minhash: MinHashScratch,
    probabilities: Vec<f32>,
}

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::default();
}

/// Sizes of one text: characters, bytes, tokens.
type Sizes = [i64; 3];

/// The places of one row in the row-major buffers.
struct Row<'a> {
    values: &'a mut [f64],
    sizes: &'a mut [Sizes],
    hashes: &'a mut [[u8; 16]],
    signature: &'a mut [u8],
    is_signed: &'a mut bool,
}

/// One text of a row: what is computed of it, and where that goes.
struct Reading {
    view: ViewId,
    needs: Needs,
    /// Families with what is asked of them and the place of their first value.
    families: Vec<(&'static Family, Asked, usize)>,
    /// Place among the sized texts.
    sizes: Option<usize>,
    /// Place among the hashed texts.
    hash: Option<usize>,
    has_token_count: bool,
}

/// A pass laid out: one reading for each text that something reads.
struct Layout {
    tree: ViewTree,
    readings: Vec<Reading>,
    /// Column by value; none where it is not asked for.
    names: Vec<Option<String>>,
    /// Where the scores' values begin.
    scores_at: usize,
    /// Suffixes of the columns of the sized and of the hashed texts.
    sized: Vec<String>,
    hashed: Vec<String>,
}

impl Pass {
    fn layout(&self) -> Layout {
        let suffix =
            |view: ViewId| view.map_or(String::new(), |v| format!("@{}", self.views[v].name));
        let mut layout = Layout {
            tree: ViewTree::new(&self.views),
            readings: Vec::new(),
            names: Vec::new(),
            scores_at: 0,
            sized: Vec::new(),
            hashed: Vec::new(),
        };
        for view in std::iter::once(None).chain((0..self.views.len()).map(Some)) {
            let (is_sized, is_hashed) = view.map_or((self.base_columns, self.base_columns), |v| {
                (self.views[v].is_sized, self.views[v].is_hashed)
            });
            // The text's own tokens are counted whenever there is a tokenizer.
            let has_token_count =
                self.tokenizer.is_some() && view.is_none_or(|v| self.views[v].is_sized);
            let place = |is_there: bool, list: &mut Vec<String>| {
                is_there.then(|| {
                    list.push(suffix(view));
                    list.len() - 1
                })
            };
            layout.readings.push(Reading {
                view,
                needs: Needs::NONE,
                families: Vec::new(),
                sizes: place(is_sized || has_token_count, &mut layout.sized),
                hash: place(is_hashed, &mut layout.hashed),
                has_token_count,
            });
        }
        for &(family, view) in &self.families {
            let reading = &mut layout.readings[view.map_or(0, |v| v + 1)];
            let mut asked = Asked::NONE;
            for (place, signal) in family.signals.iter().enumerate() {
                let column = Some(family.column(signal) + &suffix(view)).filter(|c| self.asks(c));
                if column.is_some() {
                    asked = asked.or(Asked::at(place..place + 1));
                }
                layout.names.push(column);
            }
            reading.needs = reading.needs.or(family.needs_of(asked));
            reading.families.push((family, asked, layout.scores_at));
            layout.scores_at += family.signals.len();
        }
        layout
            .names
            .extend(self.scores.iter().flat_map(Score::columns).map(Some));
        layout
    }

    fn asks(&self, column: &str) -> bool {
        self.signals
            .as_ref()
            .is_none_or(|asked| asked.contains(column))
    }

    /// Annotates every row: one array per column, each as long as `texts`, null where the text is.
    ///
    /// Columns in order: `n_chars`, `n_bytes` (Int64), `n_tokens` (Int64, with a tokenizer), the
    /// same of every sized view, signals and scores (Float64; a score that is cut into chunks has
    /// [`chunks::COLUMNS`] behind it), `content_hash` (16 bytes), that of
    /// every hashed view, `minhash` (little-endian, as wide as its profile's values; null where it
    /// has no signature). What reads a view ends in `@` and the view's name, scores and signatures
    /// excepted.
    pub fn run(&self, texts: &Texts<'_>) -> Result<Vec<(String, ArrayRef)>> {
        let n = texts.len();
        let layout = self.layout();
        let width = layout.names.len();
        let signature_bytes = self
            .minhash
            .as_ref()
            .map_or(0, |(m, _)| m.signature_bytes());
        if layout.readings.iter().any(|r| r.needs.token_ids) && self.tokenizer.is_none() {
            return Err(Error::Parameter {
                name: "tokenizer",
                message: "a family of this pass reads token ids, so a tokenizer is needed".into(),
            });
        }

        // Row-major buffers: a row's places are disjoint slices, so threads never share any. A
        // width of zero still needs one element a row for the slices to line up with the rows.
        let stride = width.max(1);
        let sized_stride = layout.sized.len().max(1);
        let hashed_stride = layout.hashed.len().max(1);
        let signature_stride = signature_bytes.max(1);
        let mut values = vec![f64::NAN; n * stride];
        let mut sizes = vec![Sizes::default(); n * sized_stride];
        let mut hashes = vec![[0_u8; 16]; n * hashed_stride];
        let mut signatures = vec![0_u8; n * signature_stride];
        let mut signed = vec![false; n];

        values
            .par_chunks_mut(stride)
            .zip(sizes.par_chunks_mut(sized_stride))
            .zip(hashes.par_chunks_mut(hashed_stride))
            .zip(signatures.par_chunks_mut(signature_stride))
            .zip(signed.par_iter_mut())
            .enumerate()
            .for_each(|(i, ((((values, sizes), hashes), signature), is_signed))| {
                if let Some(text) = texts.get(i) {
                    let mut row = Row {
                        values,
                        sizes,
                        hashes,
                        signature,
                        is_signed,
                    };
                    WORKER.with_borrow_mut(|worker| self.row(text, &layout, worker, &mut row));
                }
            });

        let nulls = texts.nulls();
        let mut columns: Vec<(String, ArrayRef)> = Vec::with_capacity(width + 5);
        for (i, suffix) in layout.sized.iter().enumerate() {
            let column = |which: usize| int_column(&sizes[i..], which, sized_stride, n, nulls);
            if self.base_columns || !suffix.is_empty() {
                columns.push((format!("n_chars{suffix}"), column(0)));
                columns.push((format!("n_bytes{suffix}"), column(1)));
            }
            if self.tokenizer.is_some() {
                columns.push((format!("n_tokens{suffix}"), column(2)));
            }
        }
        for (j, name) in layout.names.into_iter().enumerate() {
            columns.extend(name.map(|name| (name, float_column(&values, j, stride, n))));
        }
        for (i, suffix) in layout.hashed.iter().enumerate() {
            let bytes: Vec<u8> = (0..n)
                .flat_map(|row| hashes[row * hashed_stride + i])
                .collect();
            let column = binary_column(16, bytes, nulls.cloned())?;
            columns.push((format!("content_hash{suffix}"), column));
        }
        if signature_bytes > 0 {
            let width = i32::try_from(signature_bytes).map_err(|_| Error::Parameter {
                name: "minhash",
                message: format!("{signature_bytes} bytes are more than a column can hold"),
            })?;
            columns.push((
                "minhash".into(),
                binary_column(width, signatures, Some(signed.into()))?,
            ));
        }
        Ok(columns)
    }

    fn row(&self, text: &str, layout: &Layout, worker: &mut Worker, row: &mut Row<'_>) {
        let tokenizer = self.tokenizer.as_deref();
        let Worker {
            splitter,
            scratch,
            views,
            model: model_scratch,
            perplexity: perplexity_scratch,
            symbols,
            tokens: token_scratch,
            chunks: chunk_scratch,
            minhash: minhash_scratch,
            probabilities,
        } = worker;
        layout.tree.fill(text, views);
        for reading in &layout.readings {
            let text = text_of(layout, reading.view, text, views);
            let mut n_tokens = 0;
            if let (true, false, Some(tokenizer)) =
                (reading.has_token_count, reading.needs.token_ids, tokenizer)
            {
                n_tokens = splitter.count_tokens(text, tokenizer);
            }
            let doc = splitter.split(text, reading.needs, tokenizer);
            if reading.needs.token_ids {
                n_tokens = doc.tokens.len();
            }
            for &(family, asked, at) in &reading.families {
                scratch.asked = asked;
                let out = &mut row.values[at..at + family.signals.len()];
                (family.compute)(&doc, scratch, out);
            }
            if let Some(at) = reading.sizes {
                row.sizes[at] = [doc.n_chars as i64, text.len() as i64, n_tokens as i64];
            }
            if let Some(at) = reading.hash {
                row.hashes[at] = content_hash(text);
            }
        }
        let mut values = row.values[layout.scores_at..].iter_mut();
        for score in &self.scores {
            let text = text_of(layout, score.view, text, views);
            let mut value_of = |text: &str| match &score.model {
                ScoreModel::Label(model, label) => {
                    model.predict(text, model_scratch, probabilities);
                    f64::from(probabilities[*label])
                }
                ScoreModel::Perplexity(model) => model.perplexity(text, perplexity_scratch),
                ScoreModel::Ngram(model) => model.perplexity(text, token_scratch, symbols),
            };
            let whole = value_of(text);
            let of_chunks = score
                .chunks
                .map(|chunks| chunks.summarise(text, whole, chunk_scratch, value_of));
            let found = std::iter::once(whole).chain(of_chunks.into_iter().flatten());
            for (value, place) in found.zip(values.by_ref()) {
                *place = value;
            }
        }
        if let Some((minhash, view)) = &self.minhash {
            let text = text_of(layout, *view, text, views);
            *row.is_signed = minhash.sign(text, minhash_scratch, row.signature);
        }
    }
}

fn text_of<'a>(layout: &Layout, view: ViewId, text: &'a str, views: &'a ViewTexts) -> &'a str {
    view.map_or(text, |v| layout.tree.text(v, text, views))
}

/// The text that `edits`, one after the other, leave of every row: null where the text is.
pub fn edited(texts: &Texts<'_>, edits: &[&'static Edit]) -> LargeStringArray {
    let view = View {
        edits: edits.to_vec(),
        ..View::default()
    };
    let tree = ViewTree::new(&[view]);
    let rows: Vec<Option<String>> = (0..texts.len())
        .into_par_iter()
        .map(|row| {
            let text = texts.get(row)?;
            Some(WORKER.with_borrow_mut(|worker| {
                tree.fill(text, &mut worker.views);
                tree.text(0, text, &worker.views).to_owned()
            }))
        })
        .collect();
    LargeStringArray::from(rows)
}

fn int_column(
    sizes: &[Sizes],
    which: usize,
    stride: usize,
    rows: usize,
    nulls: Option<&NullBuffer>,
) -> ArrayRef {
    let values: Vec<i64> = (0..rows).map(|row| sizes[row * stride][which]).collect();
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
