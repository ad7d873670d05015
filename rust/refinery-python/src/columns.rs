//! Checks and hashes over plain columns.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray, UInt64Array};
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use refinery_core::batch::Texts;
use refinery_core::columns::{check_texts as check, hash_id};

use crate::detach::detached;

/// What is wrong with each value of a binary column as a text: `null_text`, `invalid_utf8`,
/// `too_large`, or null where nothing is. Utf8, as long as the input.
#[pyfunction]
fn check_texts(py: Python<'_>, texts: PyArray, max_bytes: usize) -> PyResult<PyArray> {
    let (array, _) = texts.into_inner();
    let found: StringArray = detached(py, None, || check(array.as_ref(), max_bytes))?;
    Ok(PyArray::from_array_ref(Arc::new(found)))
}

/// 64-bit hash of every id under a seed (`UInt64`, null where the id is): the only randomness.
#[pyfunction]
fn hash_ids(py: Python<'_>, ids: PyArray, seed: u64) -> PyResult<PyArray> {
    let (array, _) = ids.into_inner();
    let hashes: UInt64Array = detached(py, None, || {
        let ids = Texts::new(array.as_ref())?;
        Ok((0..array.len())
            .map(|i| ids.get(i).map(|id| hash_id(id, seed)))
            .collect())
    })?;
    let hashes: ArrayRef = Arc::new(hashes);
    Ok(PyArray::from_array_ref(hashes))
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(check_texts, m)?)?;
    m.add_function(wrap_pyfunction!(hash_ids, m)?)
}
