//! Arrow data in and out through the `PyCapsule` interface: no copy, no pyarrow needed.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{Field, Schema};
use pyo3::prelude::*;
use pyo3_arrow::{PyArray, PyRecordBatch};
use rayon::prelude::*;
use refinery_core::batch::Texts;

use crate::detach::{ThreadPool, detached, to_py_err};

/// A record batch of nullable columns, in their order.
pub fn batch(columns: Vec<(String, ArrayRef)>) -> PyResult<PyRecordBatch> {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array))
        .unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|e| to_py_err(e.into()))?;
    Ok(PyRecordBatch::new(batch))
}

/// A number of every text, in parallel: null where the text is, and where the number is NaN.
pub fn number_of_texts<S: Default>(
    py: Python<'_>,
    texts: PyArray,
    pool: Option<&ThreadPool>,
    of: impl Fn(&str, &mut S) -> f64 + Send + Sync,
) -> PyResult<ArrayRef> {
    let (array, _) = texts.into_inner();
    detached(py, pool, || {
        let texts = Texts::new(array.as_ref())?;
        let number = |scratch: &mut S, i: usize| {
            Some(of(texts.get(i)?, scratch)).filter(|value| !value.is_nan())
        };
        let rows: Vec<Option<f64>> = (0..texts.len())
            .into_par_iter()
            .map_init(S::default, number)
            .collect();
        Ok(Arc::new(Float64Array::from(rows)) as ArrayRef)
    })
}
