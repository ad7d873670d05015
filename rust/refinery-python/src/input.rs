//! Line-based inputs: files cut into blocks, blocks parsed on any thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_arrow::{PyArray, PyRecordBatch, PySchema};
use refinery_core::input::line_blocks::{self, Block, BlockStream};
use refinery_core::input::reasons::{FILE_REASONS, Reason};
use refinery_core::input::records::Columns;
use refinery_core::input::shape::Schema;
use refinery_core::input::{self, Format, Options};
use refinery_core::{Error, Result};

use crate::detach::{detached, to_py_err};

/// A file of JSON Lines or CSV, plain, `.gz` or `.zst`.
#[pyclass(frozen, module = "refinery._core")]
pub struct LineFile {
    inner: Arc<input::LineFile>,
}

fn format_of(name: &str, delimiter: Option<char>, path: &std::path::Path) -> Result<Format> {
    match (name, delimiter) {
        ("jsonl", _) => Ok(Format::Jsonl),
        ("csv", None) => Ok(Format::csv_of_name(path)),
        // What is no ASCII is refused with the other options, as a byte that is none.
        ("csv", Some(c)) => Ok(Format::Csv {
            delimiter: u8::try_from(c).unwrap_or(u8::MAX),
        }),
        _ => Err(Error::UnknownName {
            kind: "line format",
            name: name.into(),
        }),
    }
}

#[pymethods]
impl LineFile {
    #[new]
    #[pyo3(signature = (
        path, *, format, text="text".into(), id=None, source=None, url=None, delimiter=None,
        block_bytes=input::BLOCK_BYTES, max_row_bytes=input::MAX_ROW_BYTES, max_expansion=None,
    ))]
    // One keyword each, as Python has them.
    #[expect(
        clippy::too_many_arguments,
        reason = "keyword arguments of the Python constructor"
    )]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        format: &str,
        text: String,
        id: Option<String>,
        source: Option<String>,
        url: Option<String>,
        delimiter: Option<char>,
        block_bytes: u64,
        max_row_bytes: u64,
        max_expansion: Option<u64>,
    ) -> PyResult<Self> {
        let inner = detached(py, None, move || {
            let format = format_of(format, delimiter, &path)?;
            let columns = Columns {
                text,
                id,
                source,
                url,
            };
            let options = Options {
                format,
                columns,
                block_bytes,
                max_row_bytes,
                max_expansion,
            };
            input::LineFile::open(&path, options)
        })?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    #[getter]
    fn compression(&self) -> &'static str {
        self.inner.compression().name()
    }

    /// Whether `read` reaches a block without reading those before it.
    #[getter]
    fn is_seekable(&self) -> bool {
        self.inner.is_seekable()
    }

    /// Columns of the header as a carried schema; none for JSON Lines.
    #[getter]
    fn header_schema(&self) -> String {
        self.inner.header_schema().to_json()
    }

    /// Every block, without its bytes: a whole pass over the file.
    fn blocks(&self, py: Python<'_>) -> PyResult<Vec<LineBlock>> {
        let blocks = detached(py, None, || self.inner.blocks())?;
        Ok(blocks
            .into_iter()
            .map(|inner| LineBlock { inner })
            .collect())
    }

    /// The blocks with their bytes, in order: all of them, or those given (in their order).
    #[pyo3(signature = (blocks=None))]
    fn stream(
        &self,
        py: Python<'_>,
        blocks: Option<Vec<PyRef<'_, LineBlock>>>,
    ) -> PyResult<LineStream> {
        let wanted: Option<Vec<Block>> =
            blocks.map(|blocks| blocks.iter().map(|b| b.inner.clone()).collect());
        let stream = detached(py, None, || self.inner.stream())?;
        let wanted = wanted.map(Vec::into_iter);
        let state = Mutex::new(StreamState { stream, wanted });
        Ok(LineStream {
            file: Arc::clone(&self.inner),
            state,
        })
    }

    /// One block's bytes again.
    fn read(&self, py: Python<'_>, block: &LineBlock) -> PyResult<RawBlock> {
        let inner = detached(py, None, || self.inner.read(&block.inner))?;
        Ok(RawBlock {
            file: Arc::clone(&self.inner),
            inner,
        })
    }
}

/// A block's place and name.
#[pyclass(frozen, eq, module = "refinery._core")]
#[derive(PartialEq)]
pub struct LineBlock {
    inner: Block,
}

#[pymethods]
impl LineBlock {
    /// From the parts of an earlier run.
    #[new]
    #[pyo3(signature = (*, offset, length, first_row, n_rows, fingerprint))]
    fn new(
        offset: u64,
        length: u64,
        first_row: u64,
        n_rows: u64,
        fingerprint: &str,
    ) -> PyResult<Self> {
        let fingerprint = u128::from_str_radix(fingerprint, 16).map_err(|_| {
            let message = "expected hexadecimal digits".into();
            to_py_err(Error::Parameter {
                name: "fingerprint",
                message,
            })
        })?;
        Ok(Self {
            inner: Block {
                offset,
                length,
                first_row,
                n_rows,
                fingerprint,
            },
        })
    }

    /// First byte in the decompressed file.
    #[getter]
    fn offset(&self) -> u64 {
        self.inner.offset
    }

    /// Length in decompressed bytes.
    #[getter]
    fn length(&self) -> u64 {
        self.inner.length
    }

    #[getter]
    fn first_row(&self) -> u64 {
        self.inner.first_row
    }

    /// Number of records, bad ones included.
    #[getter]
    fn n_rows(&self) -> u64 {
        self.inner.n_rows
    }

    /// 32 hexadecimal digits.
    #[getter]
    fn fingerprint(&self) -> String {
        format!("{:032x}", self.inner.fingerprint)
    }

    fn __repr__(&self) -> String {
        let Block {
            offset,
            length,
            first_row,
            n_rows,
            fingerprint,
        } = &self.inner;
        format!(
            "LineBlock(offset={offset}, length={length}, first_row={first_row}, \
             n_rows={n_rows}, fingerprint='{fingerprint:032x}')"
        )
    }
}

struct StreamState {
    stream: BlockStream,
    wanted: Option<std::vec::IntoIter<Block>>,
}

impl StreamState {
    fn next(&mut self) -> Result<Option<line_blocks::RawBlock>> {
        let Some(wanted) = &mut self.wanted else {
            return self.stream.next_block();
        };
        wanted
            .next()
            .map(|block| self.stream.read_known(&block))
            .transpose()
    }
}

/// Iterator of blocks. Threads may share one: each `next` gives the next block to one of them.
#[pyclass(frozen, module = "refinery._core")]
pub struct LineStream {
    file: Arc<input::LineFile>,
    state: Mutex<StreamState>,
}

#[pymethods]
impl LineStream {
    const fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    /// A block that an earlier pass found; skips what lies before it. In rising order only,
    /// unless the file is seekable.
    fn read(&self, py: Python<'_>, block: &LineBlock) -> PyResult<RawBlock> {
        let inner = detached(py, None, || {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.stream.read_known(&block.inner)
        })?;
        Ok(RawBlock {
            file: Arc::clone(&self.file),
            inner,
        })
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<RawBlock>> {
        // Waits without the GIL, so that the thread that reads can go on.
        let next = detached(py, None, || {
            self.state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .next()
        })?;
        Ok(next.map(|inner| RawBlock {
            file: Arc::clone(&self.file),
            inner,
        }))
    }
}

/// A block with its bytes.
#[pyclass(frozen, module = "refinery._core")]
pub struct RawBlock {
    file: Arc<input::LineFile>,
    inner: line_blocks::RawBlock,
}

#[pymethods]
impl RawBlock {
    #[getter]
    fn block(&self) -> LineBlock {
        LineBlock {
            inner: self.inner.block.clone(),
        }
    }

    /// Bytes held in memory.
    #[getter]
    fn n_bytes(&self) -> usize {
        self.inner.bytes.len()
    }

    /// Documents, quarantined rows, and the schema of all columns (see `merge_schemas`).
    fn parse(&self, py: Python<'_>) -> PyResult<(PyRecordBatch, PyRecordBatch, String)> {
        let parsed = detached(py, None, || self.file.parse(&self.inner))?;
        let batches = (
            PyRecordBatch::new(parsed.documents),
            PyRecordBatch::new(parsed.quarantine),
        );
        Ok((batches.0, batches.1, parsed.schema.to_json()))
    }

    /// All columns of the documents numbered `rows` (Int64, rising) as `schema` has them.
    fn decode(&self, py: Python<'_>, rows: PyArray, schema: &str) -> PyResult<PyRecordBatch> {
        let (rows, _) = rows.into_inner();
        let batch = detached(py, None, || {
            let rows = row_numbers(&rows)?;
            self.file
                .decode(&self.inner, &rows, &Schema::from_json(schema)?)
        })?;
        Ok(PyRecordBatch::new(batch))
    }
}

fn row_numbers(rows: &ArrayRef) -> Result<Vec<u64>> {
    let numbers = rows
        .as_primitive_opt::<Int64Type>()
        .filter(|rows| rows.null_count() == 0);
    let numbers = numbers.and_then(|rows| {
        rows.values()
            .iter()
            .map(|row| u64::try_from(*row).ok())
            .collect::<Option<Vec<_>>>()
    });
    numbers.ok_or_else(|| Error::Schema {
        column: "rows".into(),
        message: format!(
            "expected Int64 of 0 or more without nulls, found {}",
            rows.data_type()
        ),
    })
}

/// The schema that holds the records of all `schemas`; columns in order of first appearance.
#[pyfunction]
fn merge_schemas(py: Python<'_>, schemas: Vec<String>) -> PyResult<String> {
    detached(py, None, move || {
        let mut merged = Schema::default();
        for schema in schemas {
            merged.merge(Schema::from_json(&schema)?)?;
        }
        Ok(merged.to_json())
    })
}

/// The Arrow schema in which columns of a carried schema are decoded.
#[pyfunction]
fn schema_to_arrow(schema: &str) -> PyResult<PySchema> {
    let schema = Schema::from_json(schema).map_err(to_py_err)?;
    Ok(PySchema::new(Arc::new(schema.arrow())))
}

/// Why rows and files are refused: `{"rows": {reason: meaning}, "files": {reason: meaning}}`.
#[pyfunction]
fn input_reasons(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let rows = PyDict::new(py);
    for reason in Reason::ALL {
        rows.set_item(reason.name(), reason.description())?;
    }
    let files = PyDict::new(py);
    for (name, description) in FILE_REASONS {
        files.set_item(name, description)?;
    }
    let all = PyDict::new(py);
    all.set_item("rows", rows)?;
    all.set_item("files", files)?;
    Ok(all)
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<LineFile>()?;
    m.add_class::<LineBlock>()?;
    m.add_class::<LineStream>()?;
    m.add_class::<RawBlock>()?;
    m.add_function(wrap_pyfunction!(merge_schemas, m)?)?;
    m.add_function(wrap_pyfunction!(schema_to_arrow, m)?)?;
    m.add_function(wrap_pyfunction!(input_reasons, m)?)
}
