//! Arrow data in and out through the `PyCapsule` interface: no copy, no pyarrow needed.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;

use crate::detach::to_py_err;

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
