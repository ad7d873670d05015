//! The fused pass and the table of signals.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_arrow::{PyArray, PyRecordBatch};
use refinery_core::batch::{Score, Texts};
use refinery_core::signal::{FAMILIES, family};
use refinery_core::{Error, batch};

use crate::dedup::MinHasher;
use crate::detach::{self, ThreadPool, detached, to_py_err};
use crate::models::{Model, Tokenizer};

/// One pass over a batch of documents: what it computes is fixed when it is made.
#[pyclass(frozen, module = "refinery._core")]
pub struct Pass {
    inner: batch::Pass,
}

#[pymethods]
impl Pass {
    /// `scores`: triples of column name, model and index of the label.
    #[new]
    #[pyo3(signature = (*, families=Vec::new(), tokenizer=None, scores=Vec::new(), minhash=None, base_columns=false))]
    fn new(
        families: Vec<String>,
        tokenizer: Option<PyRef<'_, Tokenizer>>,
        scores: Vec<(String, PyRef<'_, Model>, usize)>,
        minhash: Option<PyRef<'_, MinHasher>>,
        base_columns: bool,
    ) -> PyResult<Self> {
        let families = families
            .into_iter()
            .map(|name| {
                family(&name).ok_or(Error::UnknownName {
                    kind: "family",
                    name,
                })
            })
            .collect::<Result<_, _>>()
            .map_err(to_py_err)?;
        let scores = scores
            .into_iter()
            .map(|(name, model, label)| score(name, &model, label))
            .collect::<Result<_, _>>()
            .map_err(to_py_err)?;
        let inner = batch::Pass {
            families,
            tokenizer: tokenizer.map(|t| Arc::clone(&t.inner)),
            scores,
            minhash: minhash.map(|m| Arc::clone(&m.inner)),
            base_columns,
        };
        Ok(Self { inner })
    }

    /// Annotates `texts` (any Arrow string type): one row per text, null where the text is null.
    #[pyo3(signature = (texts, pool=None))]
    fn run(
        &self,
        py: Python<'_>,
        texts: PyArray,
        pool: Option<&ThreadPool>,
    ) -> PyResult<PyRecordBatch> {
        let (array, _) = texts.into_inner();
        let columns = detached(py, pool, || self.inner.run(&Texts::new(array.as_ref())?))?;
        crate::arrow::batch(columns)
    }
}

fn score(name: String, model: &Model, label: usize) -> refinery_core::Result<Score> {
    let n = model.inner.labels().len();
    if label >= n {
        return Err(Error::Parameter {
            name: "label",
            message: format!("index {label} of a model with {n} labels"),
        });
    }
    Ok(Score {
        name,
        model: Arc::clone(&model.inner),
        label,
    })
}

/// Every family: name, source, needs, and per signal its name, column, definition and range.
#[pyfunction]
fn families(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    FAMILIES
        .iter()
        .map(|f| {
            let signals = f
                .signals
                .iter()
                .map(|s| {
                    let d = PyDict::new(py);
                    d.set_item("name", s.name)?;
                    d.set_item("column", f.column(s))?;
                    d.set_item("definition", s.definition)?;
                    d.set_item("range", s.range)?;
                    Ok(d)
                })
                .collect::<PyResult<Vec<_>>>()?;
            let d = PyDict::new(py);
            d.set_item("name", f.name)?;
            d.set_item("source", f.source)?;
            d.set_item("needs_words", f.needs.words)?;
            d.set_item("needs_token_ids", f.needs.token_ids)?;
            d.set_item("signals", signals)?;
            Ok(d)
        })
        .collect()
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    detach::register(m)?;
    m.add_class::<Pass>()?;
    m.add_function(wrap_pyfunction!(families, m)?)
}
