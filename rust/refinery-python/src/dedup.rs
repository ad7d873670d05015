//! Signatures of near duplicates, and documents that differ by them.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, ArrowNativeTypeOp, BooleanArray, FixedSizeBinaryArray, Float64Array,
    UInt32Array,
};
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use refinery_core::Error;
use refinery_core::batch::Texts;
use refinery_core::dedup::diverse::{self, Diversity};
use refinery_core::dedup::minhash::{self, MinHashParams};
use refinery_core::dedup::sketches::Value;

use crate::detach::{detached, to_py_err};
use crate::signatures::type_error;

/// Computes `MinHash` signatures inside a pass.
#[pyclass(frozen, module = "refinery._core")]
pub struct MinHasher {
    pub inner: Arc<minhash::MinHasher>,
}

#[pymethods]
impl MinHasher {
    #[new]
    #[pyo3(signature = (*, ngram, bands, rows_per_band, profile="refinery"))]
    fn new(ngram: usize, bands: usize, rows_per_band: usize, profile: &str) -> PyResult<Self> {
        let params = MinHashParams {
            ngram,
            bands,
            rows_per_band,
            profile: profile.parse().map_err(to_py_err)?,
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

    #[getter]
    fn signature_bytes(&self) -> usize {
        self.inner.signature_bytes()
    }

    /// Bytes of one value of a signature.
    #[getter]
    fn value_bytes(&self) -> usize {
        self.inner.signature_bytes() / self.inner.num_perm()
    }

    /// Jaccard similarity of the shingles of two texts, row by row: what signatures estimate.
    ///
    /// `left`, `right`: string columns of one length. Returns `Float64`, as long as they are; null
    /// where a text is, or where neither has a shingle.
    fn similarities(&self, py: Python<'_>, left: PyArray, right: PyArray) -> PyResult<PyArray> {
        let [left, right] = [left, right].map(|array| array.into_inner().0);
        let found: Float64Array = detached(py, None, || {
            let texts = (Texts::new(left.as_ref())?, Texts::new(right.as_ref())?);
            Ok(self.compared(&texts.0, &texts.1))
        })?;
        let found: ArrayRef = Arc::new(found);
        Ok(PyArray::from_array_ref(found))
    }
}

impl MinHasher {
    fn compared(&self, left: &Texts<'_>, right: &Texts<'_>) -> Float64Array {
        let mut scratch = minhash::MinHashScratch::default();
        let mut sets = [Vec::new(), Vec::new()];
        let mut compare = |row| {
            let texts = [left.get(row)?, right.get(row)?];
            for (text, set) in texts.into_iter().zip(&mut sets) {
                self.inner.shingle_set(text, &mut scratch, set);
            }
            minhash::jaccard(&sets[0], &sets[1])
        };
        (0..left.len().min(right.len())).map(&mut compare).collect()
    }
}

/// Rows of the best documents that differ from each other, in the order in which they were chosen.
///
/// `signatures`: `FixedSizeBinary(value_bytes x num_perm)`, null where a document has none; `quality`: Float64, 0 to 1, null for a document that is no candidate;
/// `rank`: `UInt32`, what breaks ties. No two chosen documents share `too_like` of their values.
#[pyfunction]
#[pyo3(signature = (signatures, quality, rank, *, wanted, too_like, value_bytes=4))]
fn most_different(
    py: Python<'_>,
    signatures: PyArray,
    quality: PyArray,
    rank: PyArray,
    wanted: usize,
    too_like: f64,
    value_bytes: usize,
) -> PyResult<PyArray> {
    let [signatures, quality, rank] = [signatures, quality, rank].map(|a| a.into_inner().0);
    let chosen = detached(py, None, || {
        let quality = quality
            .as_primitive_opt::<Float64Type>()
            .ok_or_else(|| type_error("quality", "Float64", quality.data_type()))?;
        let is_candidate: ArrayRef = Arc::new(
            quality
                .iter()
                .map(|value| Some(value.is_some()))
                .collect::<BooleanArray>(),
        );
        let signed = Signed::new(&signatures, &is_candidate, value_bytes)?;
        let rank = rank
            .as_primitive_opt::<UInt32Type>()
            .ok_or_else(|| type_error("rank", "UInt32", rank.data_type()))?
            .values();
        let taking_part = signed.taking_part.iter().zip(quality.values());
        let quality: Vec<f64> = taking_part
            .map(|(&is_in, &value)| if is_in { value } else { f64::NAN })
            .collect();
        let diversity = Diversity {
            num_perm: signed.num_perm,
            wanted,
            too_like,
        };
        match value_bytes {
            8 => signed.with_values::<u64, _>(|values| {
                diverse::most_different(values, &quality, rank, &diversity)
            }),
            _ => signed.with_values::<u32, _>(|values| {
                diverse::most_different(values, &quality, rank, &diversity)
            }),
        }
    })?;
    let chosen: UInt32Array = chosen.into();
    Ok(PyArray::from_array_ref(Arc::new(chosen)))
}

/// Signatures, and who of their documents takes part.
struct Signed<'a> {
    signatures: &'a FixedSizeBinaryArray,
    num_perm: usize,
    taking_part: Vec<bool>,
}

impl<'a> Signed<'a> {
    fn new(array: &'a ArrayRef, alive: &ArrayRef, value_bytes: usize) -> Result<Self, Error> {
        let wrong = || {
            let expected = format!("FixedSizeBinary of {value_bytes} bytes a permutation");
            type_error("minhash", &expected, array.data_type())
        };
        let signatures = array.as_fixed_size_binary_opt().ok_or_else(wrong)?;
        let width = usize::try_from(signatures.value_length()).unwrap_or(0);
        if !matches!(value_bytes, 4 | 8) || !width.is_multiple_of(value_bytes) {
            return Err(wrong());
        }
        Ok(Self {
            signatures,
            num_perm: width / value_bytes,
            taking_part: taking_part(signatures, alive)?,
        })
    }

    /// Hands the values to `work`: read where they lie unless their bytes are in another order or
    /// place than those of `V`.
    fn with_values<V: Stored, R>(&self, work: impl FnOnce(&[V]) -> R) -> R {
        // A buffer may be longer than its array.
        let used = self.signatures.len() * size_of::<V>() * self.num_perm;
        let buffer = self.signatures.values().slice_with_length(0, used);
        let is_in_place =
            cfg!(target_endian = "little") && buffer.as_ptr().align_offset(align_of::<V>()) == 0;
        if is_in_place {
            return work(buffer.typed_data());
        }
        let bytes = buffer.chunks_exact(size_of::<V>());
        let copied: Vec<V> = bytes.map(V::from_stored).collect();
        work(&copied)
    }
}

/// A value as it lies in a column.
trait Stored: Value + ArrowNativeTypeOp {}

impl Stored for u32 {}

impl Stored for u64 {}

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

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<MinHasher>()?;
    m.add_function(wrap_pyfunction!(most_different, m)?)
}
