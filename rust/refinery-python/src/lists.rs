//! Signals that need lists of the user: bad words and blocked URLs.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_arrow::{PyArray, PyRecordBatch};
use rayon::prelude::*;
use refinery_core::batch::Texts;
use refinery_core::lists::{LIST_FAMILIES, ListFamily, bad_words, url};

use crate::arrow::batch;
use crate::detach::{ThreadPool, detached};
use crate::signals::described;

/// A list of bad words in one language: the file `path`, or the file of that name in a folder.
#[pyclass(frozen, module = "refinery._core")]
pub struct BadWords {
    inner: bad_words::BadWords,
}

#[pymethods]
impl BadWords {
    #[new]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "PyO3 hands over owned values"
    )]
    fn new(py: Python<'_>, path: PathBuf, language: String) -> PyResult<Self> {
        let inner = detached(py, None, || bad_words::BadWords::load(&path, &language))?;
        Ok(Self { inner })
    }

    /// Names the list and how it is searched for: 32 hexadecimal digits.
    #[getter]
    fn fingerprint(&self) -> &str {
        self.inner.fingerprint()
    }

    /// The family's columns (Float64) over `texts` (any Arrow string type), null where the text is.
    #[pyo3(signature = (texts, pool=None))]
    fn run(
        &self,
        py: Python<'_>,
        texts: PyArray,
        pool: Option<&ThreadPool>,
    ) -> PyResult<PyRecordBatch> {
        run(py, texts, pool, &bad_words::FAMILY, |text, lower| {
            Some([self.inner.count(text, lower) as f64])
        })
    }
}

/// The block lists of a folder, for URLs.
#[pyclass(frozen, module = "refinery._core")]
pub struct UrlFilter {
    inner: url::UrlFilter,
}

#[pymethods]
impl UrlFilter {
    #[new]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "PyO3 hands over owned values"
    )]
    fn new(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let inner = detached(py, None, || url::UrlFilter::load(&folder))?;
        Ok(Self { inner })
    }

    /// Names the lists: 32 hexadecimal digits.
    #[getter]
    fn fingerprint(&self) -> &str {
        self.inner.fingerprint()
    }

    /// Bytes that the lists take in memory.
    #[getter]
    fn n_bytes(&self) -> usize {
        self.inner.n_bytes()
    }

    /// The family's columns (Float64) over `urls` (any Arrow string type), null where the URL is
    /// null or empty.
    #[pyo3(signature = (urls, pool=None))]
    fn run(
        &self,
        py: Python<'_>,
        urls: PyArray,
        pool: Option<&ThreadPool>,
    ) -> PyResult<PyRecordBatch> {
        run(py, urls, pool, &url::FAMILY, |url, scratch| {
            self.inner.signals(url, scratch)
        })
    }
}

/// The columns of `family` that `compute` fills, one row a value of `values`.
fn run<S: Default, const N: usize>(
    py: Python<'_>,
    values: PyArray,
    pool: Option<&ThreadPool>,
    family: &ListFamily,
    compute: impl Fn(&str, &mut S) -> Option<[f64; N]> + Sync,
) -> PyResult<PyRecordBatch> {
    let (array, _) = values.into_inner();
    let rows: Vec<Option<[f64; N]>> = detached(py, pool, || {
        let texts = Texts::new(array.as_ref())?;
        Ok((0..texts.len())
            .into_par_iter()
            .map_init(S::default, |scratch, i| compute(texts.get(i)?, scratch))
            .collect())
    })?;
    let column = |i: usize| -> ArrayRef {
        let values = rows.iter().map(|row| row.map(|values| values[i]));
        Arc::new(values.collect::<Float64Array>())
    };
    let signals = family.signals.iter().enumerate();
    batch(
        signals
            .map(|(i, signal)| (family.column(signal), column(i)))
            .collect(),
    )
}

/// Every family with lists: name, source, the key of `annotate:` that names the lists, signals.
#[pyfunction]
fn list_families(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    LIST_FAMILIES
        .iter()
        .map(|f| {
            let signals = described(py, f.signals, |s| f.column(s))?;
            let d = PyDict::new(py);
            d.set_item("name", f.name)?;
            d.set_item("key", f.key)?;
            d.set_item("source", f.source)?;
            d.set_item("signals", signals)?;
            Ok(d)
        })
        .collect()
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<BadWords>()?;
    m.add_class::<UrlFilter>()?;
    m.add_function(wrap_pyfunction!(list_families, m)?)
}
