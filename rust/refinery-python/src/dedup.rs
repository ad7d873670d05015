//! Signatures and clusters of near duplicates.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, UInt32Array};
use arrow_schema::DataType;
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use refinery_core::Error;
use refinery_core::dedup::cluster;
use refinery_core::dedup::minhash::{self, MinHashParams};

use crate::detach::{ThreadPool, detached, to_py_err};

/// Computes `MinHash` signatures inside a pass.
#[pyclass(frozen, module = "refinery._core")]
pub struct MinHasher {
    pub inner: Arc<minhash::MinHasher>,
}

#[pymethods]
impl MinHasher {
    #[new]
    #[pyo3(signature = (*, ngram, bands, rows_per_band))]
    fn new(ngram: usize, bands: usize, rows_per_band: usize) -> PyResult<Self> {
        let params = MinHashParams {
            ngram,
            bands,
            rows_per_band,
            ..MinHashParams::default()
        };
        let inner = minhash::MinHasher::new(params).map_err(to_py_err)?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    #[getter]
    fn num_perm(&self) -> usize {
        self.inner.num_perm()
    }
}

fn type_error(column: &str, expected: &str, found: &DataType) -> Error {
    Error::Schema {
        column: column.into(),
        message: format!("expected {expected}, found {found}"),
    }
}

/// For each document the index of the smallest-ranked document of its near-duplicate cluster.
///
/// `signatures`: `FixedSizeBinary(4 x num_perm)`, null where a document has none; `rank`: `UInt32`,
/// place in id order; `alive`: Boolean. Returns `UInt32`, as long as the inputs.
#[pyfunction]
#[pyo3(signature = (signatures, rank, alive, *, bands, threshold, pool=None))]
fn near_duplicate_clusters(
    py: Python<'_>,
    signatures: PyArray,
    rank: PyArray,
    alive: PyArray,
    bands: usize,
    threshold: Option<f64>,
    pool: Option<&ThreadPool>,
) -> PyResult<PyArray> {
    let (signatures, _) = signatures.into_inner();
    let (rank, _) = rank.into_inner();
    let (alive, _) = alive.into_inner();
    let clusters = detached(py, pool, || {
        let signatures = signatures
            .as_fixed_size_binary_opt()
            .ok_or_else(|| type_error("minhash", "FixedSizeBinary", signatures.data_type()))?;
        let rank = rank
            .as_primitive_opt::<UInt32Type>()
            .ok_or_else(|| type_error("rank", "UInt32", rank.data_type()))?;
        let alive = alive
            .as_boolean_opt()
            .ok_or_else(|| type_error("alive", "Boolean", alive.data_type()))?;
        let num_perm = usize::try_from(signatures.value_length()).unwrap_or(0) / 4;
        let values: Vec<u32> = (0..signatures.len())
            .flat_map(|i| signatures.value(i).as_chunks::<4>().0)
            .map(|b| u32::from_le_bytes(*b))
            .collect();
        let takes_part: Vec<bool> = (0..signatures.len())
            .map(|i| signatures.is_valid(i) && alive.is_valid(i) && alive.value(i))
            .collect();
        Ok(cluster::near_duplicate_clusters(
            &values,
            num_perm,
            bands,
            rank.values(),
            &takes_part,
            threshold,
        ))
    })?;
    Ok(PyArray::from_array_ref(Arc::new(UInt32Array::from(
        clusters,
    ))))
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<MinHasher>()?;
    m.add_function(wrap_pyfunction!(near_duplicate_clusters, m)?)
}
