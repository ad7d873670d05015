//! The signatures of a corpus, and the clusters of its duplicates.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_schema::DataType;
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use refinery_core::dedup::cluster::{self, Limits, PIECE_BYTES};
use refinery_core::dedup::ordered;
use refinery_core::dedup::sketches::{Resident, Shape, Sketches, Spilled, Value};
use refinery_core::{Error, Interrupt};

use crate::detach::{ThreadPool, detached, interruptible};

pub fn type_error(column: &str, expected: &str, found: &DataType) -> Error {
    Error::Schema {
        column: column.into(),
        message: format!("expected {expected}, found {found}"),
    }
}

/// Signatures of a corpus, in the order in which they are appended: in memory, or in files of
/// `folder` that have no name and vanish with this object.
#[pyclass(module = "refinery._core")]
pub struct Signatures {
    bands: usize,
    value_bytes: usize,
    folder: Option<PathBuf>,
    /// None until the first are appended, which tell their width.
    held: Option<Box<dyn Held>>,
    is_signed: Vec<bool>,
}

#[pymethods]
impl Signatures {
    #[new]
    #[pyo3(signature = (*, bands, value_bytes=4, folder=None))]
    fn new(bands: usize, value_bytes: usize, folder: Option<PathBuf>) -> Self {
        Self {
            bands,
            value_bytes,
            folder,
            held: None,
            is_signed: Vec::new(),
        }
    }

    fn __len__(&self) -> usize {
        self.is_signed.len()
    }

    /// Adds documents: `FixedSizeBinary(value_bytes x num_perm)`, null where a document has no
    /// signature.
    fn append(&mut self, py: Python<'_>, signatures: PyArray) -> PyResult<()> {
        let (array, _) = signatures.into_inner();
        detached(py, None, || self.append_array(&array))
    }

    /// For each document the index of the smallest-ranked document of its near-duplicate cluster.
    ///
    /// `rank`: `UInt32`, place in id order; `alive`: Boolean. Returns `UInt32`, as long as they are.
    /// At most `table_documents` of a band are sorted at a time.
    #[pyo3(signature = (rank, alive, *, threshold, table_documents=None, pool=None, stop=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn clusters(
        &self,
        py: Python<'_>,
        rank: PyArray,
        alive: PyArray,
        threshold: Option<f64>,
        table_documents: Option<usize>,
        pool: Option<&ThreadPool>,
        stop: Option<Bound<'_, PyAny>>,
    ) -> PyResult<PyArray> {
        let [rank, alive] = [rank, alive].map(|a| a.into_inner().0);
        let stop = stop.map(Bound::unbind);
        let clusters = interruptible(py, pool, stop.as_ref(), |interrupt| {
            let rank = ranks(&rank)?;
            let taking_part = self.taking_part(&alive)?;
            let limits = Limits {
                table_documents: table_documents.unwrap_or(usize::MAX),
                piece_bytes: PIECE_BYTES,
                interrupt,
            };
            match &self.held {
                Some(held) => held.clusters(rank, &taking_part, threshold, limits),
                None => Ok(Vec::new()),
            }
        })?;
        Ok(PyArray::from_array_ref(Arc::new(UInt32Array::from(
            clusters,
        ))))
    }

    /// For each document the one of its near-duplicate cluster that datatrove keeps; the order in
    /// which documents were appended decides. Only of signatures in memory.
    ///
    /// `alive`: Boolean. Returns `UInt32`, as long as it is.
    #[pyo3(signature = (alive, *, pool=None, stop=None))]
    fn kept_in_order(
        &self,
        py: Python<'_>,
        alive: PyArray,
        pool: Option<&ThreadPool>,
        stop: Option<Bound<'_, PyAny>>,
    ) -> PyResult<PyArray> {
        let (alive, _) = alive.into_inner();
        let stop = stop.map(Bound::unbind);
        let kept = interruptible(py, pool, stop.as_ref(), |interrupt| {
            let taking_part = self.taking_part(&alive)?;
            match &self.held {
                Some(held) => held.kept_in_order(&taking_part, interrupt),
                None => Ok(Vec::new()),
            }
        })?;
        Ok(PyArray::from_array_ref(Arc::new(UInt32Array::from(kept))))
    }
}

impl Signatures {
    fn append_array(&mut self, array: &ArrayRef) -> Result<(), Error> {
        let wrong = || {
            let expected = format!(
                "FixedSizeBinary of {} bytes a permutation",
                self.value_bytes
            );
            type_error("minhash", &expected, array.data_type())
        };
        let signatures = array.as_fixed_size_binary_opt().ok_or_else(wrong)?;
        let width = usize::try_from(signatures.value_length()).unwrap_or(0);
        if !matches!(self.value_bytes, 4 | 8) || !width.is_multiple_of(self.value_bytes) {
            return Err(wrong());
        }
        let shape = Shape {
            num_perm: width / self.value_bytes,
            bands: self.bands,
        };
        let mut held = match self.held.take() {
            Some(held) if held.shape() != shape => return Err(wrong()),
            Some(held) => held,
            None => self.empty(shape)?,
        };
        // A buffer may be longer than its array.
        let used = signatures.len() * width;
        let appended = held.append(&signatures.value_data()[..used]);
        self.held = Some(held);
        appended?;
        let is_signed = (0..signatures.len()).map(|i| signatures.is_valid(i));
        self.is_signed.extend(is_signed);
        Ok(())
    }

    fn empty(&self, shape: Shape) -> Result<Box<dyn Held>, Error> {
        shape.check()?;
        Ok(match (&self.folder, self.value_bytes) {
            (Some(folder), 8) => Box::new(Spilled::<u64>::create(folder, shape)?),
            (Some(folder), _) => Box::new(Spilled::<u32>::create(folder, shape)?),
            (None, 8) => Box::new(InMemory::<u64>::new(shape)),
            (None, _) => Box::new(InMemory::<u32>::new(shape)),
        })
    }

    /// Documents that are alive and have a signature; null counts as not alive.
    fn taking_part(&self, alive: &ArrayRef) -> Result<Vec<bool>, Error> {
        let alive = alive
            .as_boolean_opt()
            .ok_or_else(|| type_error("alive", "Boolean", alive.data_type()))?;
        if self.is_signed.len() != alive.len() {
            return Err(Error::Parameter {
                name: "alive",
                message: format!(
                    "got {} values; allowed: {}",
                    alive.len(),
                    self.is_signed.len()
                ),
            });
        }
        let is_alive = alive.iter().map(|value| value == Some(true));
        Ok(self
            .is_signed
            .iter()
            .zip(is_alive)
            .map(|(&s, a)| s && a)
            .collect())
    }
}

/// The places of `rank`.
pub fn ranks(rank: &ArrayRef) -> Result<&[u32], Error> {
    let rank = rank
        .as_primitive_opt::<UInt32Type>()
        .ok_or_else(|| type_error("rank", "UInt32", rank.data_type()))?;
    Ok(rank.values())
}

/// Signatures of one width of values, wherever they are.
trait Held: Send + Sync {
    fn shape(&self) -> Shape;

    /// Adds documents as they are stored.
    fn append(&mut self, stored: &[u8]) -> Result<(), Error>;

    fn clusters(
        &self,
        rank: &[u32],
        taking_part: &[bool],
        threshold: Option<f64>,
        limits: Limits<'_>,
    ) -> Result<Vec<u32>, Error>;

    fn kept_in_order(&self, taking_part: &[bool], interrupt: &Interrupt)
    -> Result<Vec<u32>, Error>;
}

struct InMemory<V> {
    values: Vec<V>,
    shape: Shape,
}

impl<V> InMemory<V> {
    fn new(shape: Shape) -> Self {
        Self {
            values: Vec::new(),
            shape,
        }
    }
}

impl<V: Value> Held for InMemory<V> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn append(&mut self, stored: &[u8]) -> Result<(), Error> {
        let values = stored.chunks_exact(size_of::<V>()).map(V::from_stored);
        self.values.extend(values);
        Ok(())
    }

    fn clusters(
        &self,
        rank: &[u32],
        taking_part: &[bool],
        threshold: Option<f64>,
        limits: Limits<'_>,
    ) -> Result<Vec<u32>, Error> {
        let sketches = Resident::new(&self.values, self.shape)?;
        Ok(cluster::cluster(&sketches, rank, taking_part, threshold, limits)?.smallest)
    }

    fn kept_in_order(
        &self,
        taking_part: &[bool],
        interrupt: &Interrupt,
    ) -> Result<Vec<u32>, Error> {
        ordered::kept_in_order(&self.values, taking_part, self.shape, interrupt)
    }
}

impl<V: Value> Held for Spilled<V> {
    fn shape(&self) -> Shape {
        Sketches::shape(self)
    }

    fn append(&mut self, stored: &[u8]) -> Result<(), Error> {
        Spilled::append(self, stored)
    }

    fn clusters(
        &self,
        rank: &[u32],
        taking_part: &[bool],
        threshold: Option<f64>,
        limits: Limits<'_>,
    ) -> Result<Vec<u32>, Error> {
        Ok(cluster::cluster(self, rank, taking_part, threshold, limits)?.smallest)
    }

    fn kept_in_order(&self, _: &[bool], _: &Interrupt) -> Result<Vec<u32>, Error> {
        Err(Error::Parameter {
            name: "folder",
            message: "signatures on disk have no order of values".into(),
        })
    }
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Signatures>()
}
