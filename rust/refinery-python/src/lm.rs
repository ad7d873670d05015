//! Perplexity under n-gram models, and `CCNet`'s normalisation of whole columns.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{Array, ArrayRef, Float32Array, LargeStringArray, UInt64Array};
use pyo3::prelude::*;
use pyo3_arrow::{PyArray, PyRecordBatch};
use rayon::prelude::*;
use refinery_core::batch::Texts;
use refinery_core::lm::sentencepiece::UnigramScratch;
use refinery_core::lm::{ArpaModel, LanguageModel, Perplexity, Pieces, Scratch};
use refinery_core::text::ccnet::{Normalization, NormalizeScratch, Punctuation, line_key};
use refinery_core::{Error, Result};

use crate::arrow::{batch, number_of_texts};
use crate::detach::{ThreadPool, detached};

/// An n-gram language model out of an ARPA file, with what cuts text into its words.
#[pyclass(frozen, module = "refinery._core")]
pub struct PerplexityModel {
    pub inner: Arc<Perplexity>,
}

#[pymethods]
impl PerplexityModel {
    /// `path`: an ARPA file, `.gz` and `.zst` included. `tokenizer`: a `SentencePiece` unigram
    /// `.model` or a `tokenizer.json`; without one, words stand between spaces.
    #[new]
    #[pyo3(signature = (path, tokenizer=None))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 hands over owned paths")]
    fn new(py: Python<'_>, path: PathBuf, tokenizer: Option<PathBuf>) -> PyResult<Self> {
        let inner = detached(py, None, || {
            // The small file first: its faults are found at once.
            let pieces = tokenizer.map(|path| Pieces::load(&path)).transpose()?;
            Ok(Perplexity::new(ArpaModel::load(&path)?, pieces))
        })?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Names what determines the numbers: the contents of the model and of the tokenizer.
    #[getter]
    fn fingerprint(&self) -> String {
        self.inner.fingerprint()
    }

    /// Most words of an n-gram.
    #[getter]
    fn order(&self) -> usize {
        self.inner.model().order()
    }

    /// Memory of the model, without the tokenizer's.
    #[getter]
    fn n_bytes(&self) -> usize {
        self.inner.model().n_bytes()
    }

    /// One Float64 column `perplexity`, null where a document has none.
    #[pyo3(signature = (texts, pool=None))]
    fn run(
        &self,
        py: Python<'_>,
        texts: PyArray,
        pool: Option<&ThreadPool>,
    ) -> PyResult<PyRecordBatch> {
        let column = number_of_texts(py, texts, pool, |text, scratch: &mut Scratch| {
            self.inner.perplexity(text, scratch)
        })?;
        batch(vec![("perplexity".into(), column)])
    }

    /// Logarithm to base 10 of the probability of every line, its words between ASCII white space:
    /// Float32, null where the line is.
    #[pyo3(signature = (lines, pool=None))]
    fn score(
        &self,
        py: Python<'_>,
        lines: PyArray,
        pool: Option<&ThreadPool>,
    ) -> PyResult<PyArray> {
        let (array, _) = lines.into_inner();
        let scores: Float32Array = detached(py, pool, || {
            let lines = Texts::new(array.as_ref())?;
            let model = self.inner.model();
            let rows: Vec<Option<f32>> = (0..lines.len())
                .into_par_iter()
                .map(|i| lines.get(i).map(|line| model.score_line(line)))
                .collect();
            Ok(rows.into())
        })?;
        Ok(PyArray::from_array_ref(Arc::new(scores)))
    }

    /// The pieces of every text as it is, not normalised: a list of strings, null where the text
    /// is, and for every text without a tokenizer.
    fn pieces(&self, py: Python<'_>, texts: PyArray) -> PyResult<PyArray> {
        let (array, _) = texts.into_inner();
        let lists = detached(py, None, || {
            let texts = Texts::new(array.as_ref())?;
            let mut scratch = UnigramScratch::default();
            let mut lists = ListBuilder::new(StringBuilder::new());
            for text in (0..texts.len()).map(|i| texts.get(i)) {
                let found = text.zip(self.inner.pieces());
                if let Some((text, pieces)) = found {
                    pieces.encode(text, &mut scratch, |_, piece| {
                        lists.values().append_value(String::from_utf8_lossy(piece));
                    });
                }
                lists.append(found.is_some());
            }
            Ok(lists.finish())
        })?;
        Ok(PyArray::from_array_ref(Arc::new(lists)))
    }
}

/// `CCNet`'s `normalize` of every text: `LargeUtf8`, null where the text is. `punct` is `keep`,
/// `replace` or `remove`.
#[pyfunction]
#[pyo3(signature = (texts, *, accent=true, case=true, numbers=true, punct="replace"))]
fn ccnet_normalize(
    py: Python<'_>,
    texts: PyArray,
    accent: bool,
    case: bool,
    numbers: bool,
    punct: &str,
) -> PyResult<PyArray> {
    let (array, _) = texts.into_inner();
    let normal: LargeStringArray = detached(py, None, || {
        let how = Normalization {
            strip_accents: accent,
            lower: case,
            mask_digits: numbers,
            punctuation: punctuation(punct)?,
        };
        let texts = Texts::new(array.as_ref())?;
        let mut scratch = NormalizeScratch::default();
        let mut normalized = |text| {
            let mut out = String::new();
            how.apply(text, &mut scratch, &mut out);
            out
        };
        Ok((0..texts.len())
            .map(|i| texts.get(i).map(&mut normalized))
            .collect())
    })?;
    Ok(PyArray::from_array_ref(Arc::new(normal)))
}

fn punctuation(name: &str) -> Result<Punctuation> {
    match name {
        "keep" => Ok(Punctuation::Keep),
        "replace" => Ok(Punctuation::Replace),
        "remove" => Ok(Punctuation::Remove),
        _ => Err(Error::Parameter {
            name: "punct",
            message: format!("{name:?} is none of keep, replace, remove"),
        }),
    }
}

/// `CCNet`'s key of every text as one line: `UInt64`, null where the text is. Lines with one key
/// count as one.
#[pyfunction]
fn ccnet_line_keys(py: Python<'_>, lines: PyArray) -> PyResult<PyArray> {
    let (array, _) = lines.into_inner();
    let keys: UInt64Array = detached(py, None, || {
        let lines = Texts::new(array.as_ref())?;
        let mut scratch = NormalizeScratch::default();
        Ok((0..array.len())
            .map(|i| lines.get(i).map(|line| line_key(line, &mut scratch)))
            .collect())
    })?;
    let keys: ArrayRef = Arc::new(keys);
    Ok(PyArray::from_array_ref(keys))
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PerplexityModel>()?;
    m.add_function(wrap_pyfunction!(ccnet_normalize, m)?)?;
    m.add_function(wrap_pyfunction!(ccnet_line_keys, m)?)
}
