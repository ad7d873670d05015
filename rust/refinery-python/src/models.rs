//! Tokenizers and fastText models as Python objects; both are shared by all threads.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, LargeListArray, UInt32Array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field};
use pyo3::prelude::*;
use pyo3_arrow::{PyArray, PyRecordBatch};
use rayon::prelude::*;
use refinery_core::batch::Texts;
use refinery_core::fasttext::ModelScratch;
use refinery_core::tokens::TokenScratch;

use crate::arrow::batch;
use crate::detach::{ThreadPool, detached, to_py_err};

/// A tokenizer: embedded by name, or any Hugging Face `tokenizer.json`.
#[pyclass(frozen, module = "refinery._core")]
pub struct Tokenizer {
    pub inner: Arc<refinery_core::tokens::Tokenizer>,
}

#[pymethods]
impl Tokenizer {
    #[staticmethod]
    fn embedded(name: &str) -> PyResult<Self> {
        let inner = refinery_core::tokens::Tokenizer::embedded(name).map_err(to_py_err)?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 hands over owned paths")]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = detached(py, None, || {
            refinery_core::tokens::Tokenizer::from_file(&path)
        })?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// A tokenizer from the content of a `tokenizer.json`.
    #[staticmethod]
    fn from_json(py: Python<'_>, content: &[u8]) -> PyResult<Self> {
        let inner = detached(py, None, || {
            refinery_core::tokens::Tokenizer::from_json(content)
        })?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The tokenizer whose tokens are the bytes of the text.
    #[staticmethod]
    fn bytes() -> Self {
        Self {
            inner: Arc::new(refinery_core::tokens::Tokenizer::bytes()),
        }
    }

    /// A byte-level BPE tokenizer of at most `vocabulary` tokens, trained on `texts`.
    #[staticmethod]
    #[pyo3(signature = (texts, *, vocabulary, pool=None))]
    fn train_bpe(
        py: Python<'_>,
        texts: PyArray,
        vocabulary: usize,
        pool: Option<&ThreadPool>,
    ) -> PyResult<Self> {
        let (array, _) = texts.into_inner();
        let inner = detached(py, pool, || {
            let texts = Texts::new(array.as_ref())?;
            let present = (0..texts.len()).filter_map(|i| texts.get(i));
            refinery_core::tokens::Tokenizer::train_bpe(present, vocabulary)
        })?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Names the token ids it gives: equal for equal tokenizers only.
    #[getter]
    fn fingerprint(&self) -> &str {
        self.inner.fingerprint()
    }

    /// One more than the largest id.
    #[getter]
    fn n_symbols(&self) -> u32 {
        self.inner.n_symbols()
    }

    /// The content of a `tokenizer.json` that gives this tokenizer.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        let json = detached(py, None, || self.inner.to_json())?;
        Ok(String::from_utf8_lossy(&json).into_owned())
    }

    /// Token ids of every text: a list of `UInt32`, empty where the text is null. Special tokens are
    /// not recognised; `end` stands behind every text where it is given.
    #[pyo3(signature = (texts, pool=None, *, end=None))]
    fn encode(
        &self,
        py: Python<'_>,
        texts: PyArray,
        pool: Option<&ThreadPool>,
        end: Option<u32>,
    ) -> PyResult<PyArray> {
        let (array, _) = texts.into_inner();
        let lists = detached(py, pool, || {
            let texts = Texts::new(array.as_ref())?;
            let encode = |scratch: &mut TokenScratch, i: usize| {
                let mut ids = Vec::new();
                let text = texts.get(i).unwrap_or_default();
                self.inner.encode(text, scratch, &mut ids);
                ids.extend(end);
                ids
            };
            let rows: Vec<Vec<u32>> = (0..texts.len())
                .into_par_iter()
                .map_init(TokenScratch::default, encode)
                .collect();
            let values = UInt32Array::from(rows.concat());
            let lengths = OffsetBuffer::from_lengths(rows.iter().map(Vec::len));
            let item = Arc::new(Field::new("item", DataType::UInt32, false));
            Ok(LargeListArray::new(item, lengths, Arc::new(values), None))
        })?;
        Ok(PyArray::from_array_ref(Arc::new(lists)))
    }
}

/// A fastText model.
#[pyclass(frozen, module = "refinery._core")]
pub struct Model {
    pub inner: Arc<refinery_core::fasttext::Model>,
}

#[pymethods]
impl Model {
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 hands over owned paths")]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = detached(py, None, || refinery_core::fasttext::Model::load(&path))?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Names the file's content: 32 hexadecimal digits.
    #[getter]
    fn fingerprint(&self) -> String {
        self.inner.fingerprint()
    }

    /// Memory of its matrices and dictionary.
    #[getter]
    fn n_bytes(&self) -> usize {
        self.inner.n_bytes()
    }

    #[getter]
    fn labels(&self) -> Vec<String> {
        self.inner.labels().to_vec()
    }

    /// One Float32 column per label, in the order of `labels`, null where the text is.
    #[pyo3(signature = (texts, pool=None))]
    fn predict(
        &self,
        py: Python<'_>,
        texts: PyArray,
        pool: Option<&ThreadPool>,
    ) -> PyResult<PyRecordBatch> {
        let (array, _) = texts.into_inner();
        let labels = self.inner.labels();
        let rows: Vec<Option<Vec<f32>>> = detached(py, pool, || {
            let texts = Texts::new(array.as_ref())?;
            let predict = |scratch: &mut ModelScratch, i: usize| {
                texts.get(i).map(|text| {
                    let mut probabilities = Vec::new();
                    self.inner.predict(text, scratch, &mut probabilities);
                    probabilities
                })
            };
            Ok((0..texts.len())
                .into_par_iter()
                .map_init(ModelScratch::default, predict)
                .collect())
        })?;
        let column = |label: usize| -> ArrayRef {
            let values = rows.iter().map(|row| row.as_ref().map(|p| p[label]));
            Arc::new(values.collect::<Float32Array>())
        };
        batch(
            labels
                .iter()
                .enumerate()
                .map(|(i, l)| (l.clone(), column(i)))
                .collect(),
        )
    }
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("EMBEDDED_TOKENIZERS", refinery_core::tokens::NAMES)?;
    m.add_class::<Tokenizer>()?;
    m.add_class::<Model>()
}
