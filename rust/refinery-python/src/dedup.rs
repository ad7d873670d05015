//! Signatures and clusters of near duplicates.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray, UInt32Array};
use arrow_schema::DataType;
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use refinery_core::Error;
use refinery_core::dedup::cluster::{self, Clustering};
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

    /// Profile and format version: signatures compare only where it is the same.
    #[getter]
    fn scheme(&self) -> String {
        let profile = self.inner.params().profile.name();
        format!("{profile}/{}", minhash::FORMAT_VERSION)
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
    let [signatures, rank, alive] = [signatures, rank, alive].map(|a| a.into_inner().0);
    let clusters = detached(py, pool, || {
        let (signatures, num_perm) = signed(&signatures)?;
        let rank = rank
            .as_primitive_opt::<UInt32Type>()
            .ok_or_else(|| type_error("rank", "UInt32", rank.data_type()))?;
        let clustering = Clustering {
            num_perm,
            bands,
            threshold,
        };
        near_duplicates(
            signatures,
            rank,
            &taking_part(signatures, &alive)?,
            &clustering,
        )
    })?;
    Ok(PyArray::from_array_ref(Arc::new(clusters)))
}

/// The signatures and the number of values in each.
fn signed(array: &ArrayRef) -> Result<(&FixedSizeBinaryArray, usize), Error> {
    let wrong = || {
        type_error(
            "minhash",
            "FixedSizeBinary of 4 bytes a permutation",
            array.data_type(),
        )
    };
    let signatures = array.as_fixed_size_binary_opt().ok_or_else(wrong)?;
    let width = usize::try_from(signatures.value_length()).unwrap_or(0);
    if width.is_multiple_of(4) {
        Ok((signatures, width / 4))
    } else {
        Err(wrong())
    }
}

/// Documents that are alive and have a signature; null counts as not alive.
fn taking_part(signatures: &FixedSizeBinaryArray, alive: &ArrayRef) -> Result<Vec<bool>, Error> {
    let alive = alive
        .as_boolean_opt()
        .ok_or_else(|| type_error("alive", "Boolean", alive.data_type()))?;
    let is_signed = (0..signatures.len()).map(|i| signatures.is_valid(i));
    let is_alive = alive.iter().map(|value| value == Some(true));
    if signatures.len() == alive.len() {
        return Ok(is_signed.zip(is_alive).map(|(s, a)| s && a).collect());
    }
    Err(Error::Parameter {
        name: "alive",
        message: format!("got {} values; allowed: {}", alive.len(), signatures.len()),
    })
}

/// Clusters; signatures are read where they lie unless their bytes are in another order or place
/// than those of `u32`.
fn near_duplicates(
    signatures: &FixedSizeBinaryArray,
    rank: &UInt32Array,
    alive: &[bool],
    clustering: &Clustering,
) -> Result<UInt32Array, Error> {
    // A buffer may be longer than its array.
    let used = signatures.len() * 4 * clustering.num_perm;
    let buffer = signatures.values().slice_with_length(0, used);
    let is_in_place =
        cfg!(target_endian = "little") && buffer.as_ptr().align_offset(align_of::<u32>()) == 0;
    let copied: Vec<u32>;
    let values = if is_in_place {
        buffer.typed_data::<u32>()
    } else {
        let bytes = buffer.as_slice().as_chunks::<4>().0;
        copied = bytes.iter().map(|b| u32::from_le_bytes(*b)).collect();
        &copied
    };
    let clusters = cluster::near_duplicate_clusters(values, rank.values(), alive, clustering)?;
    Ok(clusters.smallest.into())
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<MinHasher>()?;
    m.add_function(wrap_pyfunction!(near_duplicate_clusters, m)?)
}
