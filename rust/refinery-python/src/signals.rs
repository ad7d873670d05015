//! The fused pass, the tables of signals and edits.

use std::collections::HashSet;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_arrow::{PyArray, PyRecordBatch};
use refinery_core::batch::{Score, ScoreModel, Texts, ViewId};
use refinery_core::chunks::Chunks;
use refinery_core::edit::{EDITS, Edit, View, edit};
use refinery_core::signal::{FAMILIES, Family, SignalSpec, family};
use refinery_core::{Error, batch};

use crate::dedup::MinHasher;
use crate::detach::{self, ThreadPool, detached, to_py_err};
use crate::lm::PerplexityModel;
use crate::models::{Model, Tokenizer};
use crate::ngram::NgramModel;

/// One pass over a batch of documents: what it computes is fixed when it is made.
#[pyclass(frozen, module = "refinery._core")]
pub struct Pass {
    inner: batch::Pass,
}

#[pymethods]
impl Pass {
    /// `views`: names and the edits of each, in order; `sized` and `hashed`: those of them whose
    /// lengths and content hash are columns. A family is named alone or with the view it reads, as
    /// in `kl3m@VIEW`. `signals`: those of their columns that are made, all without it. `scores`: column name, model, index of the label (0 of a
    /// perplexity), view, and for columns of chunks the most words of one and the fewest of a
    /// document that has them. The view `text` is
    /// the text as it is given.
    #[new]
    #[pyo3(signature = (*, views=Vec::new(), sized=Vec::new(), hashed=Vec::new(), families=Vec::new(), signals=None, tokenizer=None, scores=Vec::new(), minhash=None, minhash_view="text", base_columns=false))]
    #[allow(
        clippy::too_many_arguments,
        reason = "keywords of a Python constructor"
    )]
    fn new(
        views: Vec<(String, Vec<String>)>,
        sized: Vec<String>,
        hashed: Vec<String>,
        families: Vec<String>,
        signals: Option<HashSet<String>>,
        tokenizer: Option<PyRef<'_, Tokenizer>>,
        scores: Vec<GivenScore<'_>>,
        minhash: Option<PyRef<'_, MinHasher>>,
        minhash_view: &str,
        base_columns: bool,
    ) -> PyResult<Self> {
        let [sized, hashed] = [sized, hashed].map(HashSet::<String>::from_iter);
        let views = views
            .into_iter()
            .map(|(name, edits)| {
                Ok(View {
                    is_sized: sized.contains(&name),
                    is_hashed: hashed.contains(&name),
                    edits: edits_of(edits)?,
                    name,
                })
            })
            .collect::<Result<Vec<View>, _>>()
            .map_err(to_py_err)?;
        let families = families
            .into_iter()
            .map(|name| family_on_view(&name, &views))
            .collect::<Result<_, _>>()
            .map_err(to_py_err)?;
        let scores = scores
            .into_iter()
            .map(|(name, model, label, view, chunks)| {
                Ok(Score {
                    name,
                    model: score_model(&model, label)?,
                    view: view_id(&view, &views)?,
                    chunks: chunks.map(|(words, min_words)| Chunks { words, min_words }),
                })
            })
            .collect::<refinery_core::Result<_>>()
            .map_err(to_py_err)?;
        let minhash_view = view_id(minhash_view, &views).map_err(to_py_err)?;
        let inner = batch::Pass {
            families,
            signals,
            tokenizer: tokenizer.map(|t| Arc::clone(&t.inner)),
            scores,
            minhash: minhash.map(|m| (Arc::clone(&m.inner), minhash_view)),
            base_columns,
            views,
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

fn unknown(kind: &'static str, name: &str) -> Error {
    Error::UnknownName {
        kind,
        name: name.into(),
    }
}

fn edits_of(names: Vec<String>) -> refinery_core::Result<Vec<&'static Edit>> {
    let found = names
        .into_iter()
        .map(|name| edit(&name).ok_or(Error::UnknownName { kind: "edit", name }));
    found.collect()
}

fn view_id(name: &str, views: &[View]) -> refinery_core::Result<ViewId> {
    if name == "text" {
        return Ok(None);
    }
    let found = views.iter().position(|view| view.name == name);
    found.map(Some).ok_or_else(|| unknown("view", name))
}

fn family_on_view(name: &str, views: &[View]) -> refinery_core::Result<(&'static Family, ViewId)> {
    let (name, view) = name.split_once('@').unwrap_or((name, "text"));
    let found = family(name).ok_or_else(|| unknown("family", name))?;
    Ok((found, view_id(view, views)?))
}

/// A score: its column, model, index of the label, view, and the words of its chunks.
type GivenScore<'py> = (String, AnyModel<'py>, usize, String, Option<(usize, usize)>);

/// A model of any kind.
#[derive(FromPyObject)]
enum AnyModel<'py> {
    FastText(PyRef<'py, Model>),
    Perplexity(PyRef<'py, PerplexityModel>),
    Ngram(PyRef<'py, NgramModel>),
}

fn score_model(model: &AnyModel<'_>, label: usize) -> refinery_core::Result<ScoreModel> {
    let (n, model) = match model {
        AnyModel::FastText(model) => (
            model.inner.labels().len(),
            ScoreModel::Label(Arc::clone(&model.inner), label),
        ),
        AnyModel::Perplexity(model) => (1, ScoreModel::Perplexity(Arc::clone(&model.inner))),
        AnyModel::Ngram(model) => (1, ScoreModel::Ngram(Arc::clone(&model.inner))),
    };
    if label < n {
        return Ok(model);
    }
    Err(Error::Parameter {
        name: "label",
        message: format!("index {label} of a model with {n} labels"),
    })
}

/// What `edits`, one after the other, leave of `texts` (any Arrow string type): `LargeUtf8`, null
/// where the text is.
#[pyfunction]
#[pyo3(signature = (texts, edits, pool=None))]
fn edited(
    py: Python<'_>,
    texts: PyArray,
    edits: Vec<String>,
    pool: Option<&ThreadPool>,
) -> PyResult<PyArray> {
    let (array, _) = texts.into_inner();
    let edits = edits_of(edits).map_err(to_py_err)?;
    let edited = detached(py, pool, || {
        Ok(batch::edited(&Texts::new(array.as_ref())?, &edits))
    })?;
    Ok(PyArray::from_array_ref(Arc::new(edited)))
}

/// Every edit: name, definition and source.
#[pyfunction]
fn edits(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let table = EDITS.iter().map(|e| {
        let d = PyDict::new(py);
        d.set_item("name", e.name)?;
        d.set_item("definition", e.definition)?;
        d.set_item("source", e.source)?;
        Ok(d)
    });
    table.collect()
}

/// Of every signal its name, column, definition and range.
pub fn described<'py>(
    py: Python<'py>,
    signals: &[SignalSpec],
    column: impl Fn(&SignalSpec) -> String,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let table = signals.iter().map(|signal| {
        let d = PyDict::new(py);
        d.set_item("name", signal.name)?;
        d.set_item("column", column(signal))?;
        d.set_item("definition", signal.definition)?;
        d.set_item("range", signal.range)?;
        Ok(d)
    });
    table.collect()
}

/// Every family: name, source, needs, and per signal its name, column, definition and range.
#[pyfunction]
fn families(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    FAMILIES
        .iter()
        .map(|f| {
            let signals = described(py, f.signals, |s| f.column(s))?;
            let d = PyDict::new(py);
            d.set_item("name", f.name)?;
            d.set_item("source", f.source)?;
            d.set_item("word_rules", f.needs.word_rules())?;
            d.set_item("needs_token_ids", f.needs.token_ids)?;
            d.set_item("signals", signals)?;
            Ok(d)
        })
        .collect()
}

/// KL3M's metrics: column, weight, and the ends of the range without a term.
#[pyfunction]
fn kl3m_ranges() -> Vec<(String, f64, f64, f64)> {
    refinery_core::signal::kl3m::ranges().collect()
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    detach::register(m)?;
    m.add_class::<Pass>()?;
    m.add_function(wrap_pyfunction!(families, m)?)?;
    m.add_function(wrap_pyfunction!(edits, m)?)?;
    m.add_function(wrap_pyfunction!(kl3m_ranges, m)?)?;
    m.add_function(wrap_pyfunction!(edited, m)?)
}
