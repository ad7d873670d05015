//! Interpolated n-gram models: trained from token ids, read from files, asked for nats and
//! perplexities.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{Array, Float64Array, LargeListArray};
use arrow_schema::DataType;
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use rayon::prelude::*;
use refinery_core::lm::interpolated::{self, Counts};
use refinery_core::tokens::TokenScratch;
use refinery_core::{Error, Result};

use crate::arrow::number_of_texts;
use crate::detach::{ThreadPool, detached, to_py_err};
use crate::models::Tokenizer;

/// Counts of the n-grams of documents, from which a model is made once.
#[pyclass(frozen, module = "refinery._core")]
pub struct NgramCounts {
    counts: Mutex<Option<Counts>>,
    tokenizer: Arc<refinery_core::tokens::Tokenizer>,
}

#[pymethods]
impl NgramCounts {
    /// Nothing counted yet, over the tokens of `tokenizer`. More n-grams than `memory` bytes hold
    /// are an error when they come.
    #[new]
    #[pyo3(signature = (tokenizer, *, order, memory))]
    fn new(tokenizer: &Tokenizer, order: usize, memory: usize) -> PyResult<Self> {
        let max_ngrams = memory / Counts::BYTES_PER_NGRAM;
        let counts = Counts::new(order, tokenizer.inner.n_symbols(), max_ngrams);
        Ok(Self {
            counts: Mutex::new(Some(counts.map_err(to_py_err)?)),
            tokenizer: Arc::clone(&tokenizer.inner),
        })
    }

    /// Counts `documents`, a `LargeList` of `UInt32` as `Tokenizer.encode` gives it: those of `rows`
    /// (`UInt64`), all without. Stops after `max_tokens`, in the midst of a document.
    #[pyo3(signature = (documents, *, rows=None, max_tokens=None))]
    fn add(
        &self,
        py: Python<'_>,
        documents: PyArray,
        rows: Option<PyArray>,
        max_tokens: Option<usize>,
    ) -> PyResult<()> {
        let (documents, _) = documents.into_inner();
        let rows = rows.map(|rows| rows.into_inner().0);
        detached(py, None, || {
            let documents = Documents::new(documents.as_ref())?;
            let mut left = max_tokens.unwrap_or(usize::MAX);
            let mut guard = self.lock();
            let counts = guard.as_mut().ok_or_else(used)?;
            for row in chosen(rows.as_deref(), documents.len())? {
                let document = documents.get(row)?;
                counts.add(&document[..document.len().min(left)])?;
                left -= document.len().min(left);
                if left == 0 {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The model of what was counted; nothing is left of the counts.
    fn model(&self, py: Python<'_>) -> PyResult<NgramModel> {
        let inner = detached(py, None, || {
            let counts = self.lock().take().ok_or_else(used)?;
            interpolated::NgramModel::new(counts, Arc::clone(&self.tokenizer))
        })?;
        Ok(NgramModel {
            inner: Arc::new(inner),
        })
    }
}

impl NgramCounts {
    /// A panic while counting leaves counts that are of no use, not a lock that nobody can take.
    fn lock(&self) -> MutexGuard<'_, Option<Counts>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn used() -> Error {
    Error::Parameter {
        name: "counts",
        message: "the model was made: what more to count goes to new counts".into(),
    }
}

/// An interpolated n-gram model with the tokenizer of its symbols.
#[pyclass(frozen, module = "refinery._core")]
pub struct NgramModel {
    pub inner: Arc<interpolated::NgramModel>,
}

#[pymethods]
impl NgramModel {
    /// Reads a model file.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 hands over owned paths")]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = detached(py, None, || interpolated::NgramModel::load(&path))?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Writes the model to a file.
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 hands over owned paths")]
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        detached(py, None, || self.inner.save(&path))
    }

    /// Names the model's content.
    #[getter]
    fn fingerprint(&self) -> String {
        self.inner.fingerprint()
    }

    /// Most tokens of an n-gram.
    #[getter]
    fn order(&self) -> usize {
        self.inner.model().order()
    }

    /// Number of different n-grams of all orders.
    #[getter]
    fn n_ngrams(&self) -> usize {
        self.inner.model().n_ngrams()
    }

    /// Memory of the model, without the tokenizer's.
    #[getter]
    fn n_bytes(&self) -> usize {
        self.inner.n_bytes()
    }

    /// Negative logarithm to base e of the probability of every document: Float64. With `starts`
    /// (`UInt64`), of its tokens from this one on, after those before.
    #[pyo3(signature = (documents, starts=None, pool=None))]
    fn nats(
        &self,
        py: Python<'_>,
        documents: PyArray,
        starts: Option<PyArray>,
        pool: Option<&ThreadPool>,
    ) -> PyResult<PyArray> {
        let (documents, _) = documents.into_inner();
        let starts = starts.map(|starts| starts.into_inner().0);
        let nats: Float64Array = detached(py, pool, || {
            let documents = Documents::new(documents.as_ref())?;
            let starts = starts.as_deref().map(numbers).transpose()?;
            let model = self.inner.model();
            let of = |row: usize| {
                let start = starts.and_then(|s| s.get(row)).copied().unwrap_or(0);
                Ok(model.nats(documents.get(row)?, start as usize))
            };
            let rows: Result<Vec<f64>> = (0..documents.len()).into_par_iter().map(of).collect();
            Ok(rows?.into())
        })?;
        Ok(PyArray::from_array_ref(Arc::new(nats)))
    }

    /// Perplexity per token of every text: Float64, null for an empty text and where it is null.
    #[pyo3(signature = (texts, pool=None))]
    fn perplexity(
        &self,
        py: Python<'_>,
        texts: PyArray,
        pool: Option<&ThreadPool>,
    ) -> PyResult<PyArray> {
        let of = |text: &str, (scratch, ids): &mut (TokenScratch, Vec<u32>)| {
            self.inner.perplexity(text, scratch, ids)
        };
        Ok(PyArray::from_array_ref(number_of_texts(
            py, texts, pool, of,
        )?))
    }
}

/// Lists of token ids, checked once.
struct Documents<'a> {
    lists: &'a LargeListArray,
    ids: &'a [u32],
}

impl<'a> Documents<'a> {
    fn new(array: &'a dyn Array) -> Result<Self> {
        let found = array.data_type();
        if !matches!(found, DataType::LargeList(item) if *item.data_type() == DataType::UInt32) {
            return Err(schema("documents", "expected a LargeList of UInt32", found));
        }
        let lists: &LargeListArray = array.as_list();
        let ids = lists.values().as_primitive::<UInt32Type>().values();
        Ok(Self { lists, ids })
    }

    fn len(&self) -> usize {
        self.lists.len()
    }

    fn get(&self, row: usize) -> Result<&'a [u32]> {
        if row >= self.len() {
            return Err(Error::Parameter {
                name: "rows",
                message: format!("{row} is not below the number of documents, {}", self.len()),
            });
        }
        // Arrow's offsets are never negative.
        let at = |i: usize| usize::try_from(self.lists.value_offsets()[i]).unwrap_or(0);
        Ok(&self.ids[at(row)..at(row + 1)])
    }
}

fn numbers(array: &dyn Array) -> Result<&[u64]> {
    if *array.data_type() == DataType::UInt64 && array.null_count() == 0 {
        return Ok(array.as_primitive::<UInt64Type>().values());
    }
    Err(schema(
        "rows",
        "expected UInt64 without nulls",
        array.data_type(),
    ))
}

fn chosen(rows: Option<&dyn Array>, n: usize) -> Result<Vec<usize>> {
    let Some(rows) = rows else {
        return Ok((0..n).collect());
    };
    Ok(numbers(rows)?.iter().map(|&row| row as usize).collect())
}

fn schema(column: &str, expected: &str, found: &DataType) -> Error {
    Error::Schema {
        column: column.into(),
        message: format!("{expected}, found {found}"),
    }
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<NgramCounts>()?;
    m.add_class::<NgramModel>()
}
