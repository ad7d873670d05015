//! Checks and hashes over plain columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, StringArray, UInt64Array};
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use refinery_core::Error;
use refinery_core::batch::Texts;
use refinery_core::chunks;
use refinery_core::columns::{check_texts as check, hash_id};
use refinery_core::fasttext::math;

use crate::detach::{detached, to_py_err};

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

/// e to the power of every value (Float64, null where it is), to the same bits on every machine.
#[pyfunction]
fn exp(values: PyArray) -> PyResult<PyArray> {
    each(values, math::exp)
}

/// Natural logarithm of every value (Float64, null where it is), to the same bits on every machine;
/// not a number where the value is not positive.
#[pyfunction]
fn ln(values: PyArray) -> PyResult<PyArray> {
    each(values, math::ln)
}

fn each(values: PyArray, function: fn(f64) -> f64) -> PyResult<PyArray> {
    let (array, _) = values.into_inner();
    let values = array
        .as_primitive_opt::<Float64Type>()
        .ok_or_else(|| Error::Schema {
            column: "values".into(),
            message: format!("expected Float64, found {}", array.data_type()),
        })
        .map_err(to_py_err)?;
    let found: Float64Array = values.unary(function);
    Ok(PyArray::from_array_ref(Arc::new(found)))
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(check_texts, m)?)?;
    m.add("CHUNK_COLUMNS", chunks::COLUMNS)?;
    m.add_function(wrap_pyfunction!(exp, m)?)?;
    m.add_function(wrap_pyfunction!(ln, m)?)?;
    m.add_function(wrap_pyfunction!(hash_ids, m)?)
}
