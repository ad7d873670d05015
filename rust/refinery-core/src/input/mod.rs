//! Readers of line-based inputs: JSON Lines and CSV, plain or compressed.
//!
//! A file is read twice in a run. *Annotate* needs text, id, source and URL of every record; *write*
//! needs every column of the records that are kept. Both go block by block ([`line_blocks`]),
//! and a block is parsed on any thread:
//!
//! ```no_run
//! use refinery_core::input::{Format, LineFile, Options, shape::Schema};
//!
//! let file = LineFile::open("part.jsonl.gz".as_ref(), Options::new(Format::Jsonl))?;
//! let (mut schema, mut blocks) = (Schema::default(), Vec::new());
//! for raw in file.stream()? {
//!     let raw = raw?; // raw.block.fingerprint names the unit; the rest can go to a worker
//!     let parsed = file.parse(&raw)?;
//!     schema.merge(parsed.schema)?;
//!     blocks.push(raw.block);
//! }
//! let mut again = file.stream()?;
//! let raw = again.read_known(&blocks[0])?;
//! let kept = file.decode(&raw, &[0, 3], &schema)?;
//! # Ok::<(), refinery_core::Error>(())
//! ```
//!
//! A bad record is data and goes to quarantine; a bad file is an error ([`reasons`] lists both).
//! Not here: Parquet and Arrow files, what is done about a bad file, which records are kept.

mod columns;
pub mod compression;
pub mod csv;
pub mod json_scan;
pub mod jsonl;
pub mod line_blocks;
pub mod reasons;
pub mod records;
pub mod shape;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use crate::{Error, Result};
use compression::{Compression, Stream};
use line_blocks::{Block, BlockStream, Cut, RawBlock, Splitter};
use records::{Columns, Parsed};
use shape::Schema;

/// Default of [`Options::block_bytes`]: enough to parse in a tenth of a second, and small enough
/// that every core can hold a few.
pub const BLOCK_BYTES: u64 = 16 << 20;
/// Default of [`Options::max_row_bytes`].
pub const MAX_ROW_BYTES: u64 = 64 << 20;
/// Bytes looked at to tell text from what is none.
const HEAD_BYTES: usize = 4096;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The grammar of a file's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// RFC 4180 with a header.
    Csv {
        /// The field separator, one ASCII byte.
        delimiter: u8,
    },
}

impl Format {
    /// CSV with the delimiter that the file's name implies: a tab for `.tsv`, else a comma.
    pub fn csv_of_name(path: &Path) -> Self {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let stem = name
            .strip_suffix(".gz")
            .or_else(|| name.strip_suffix(".zst"))
            .unwrap_or(&name);
        let is_tsv = Path::new(stem).extension().is_some_and(|e| e == "tsv");
        Self::Csv {
            delimiter: if is_tsv { b'\t' } else { b',' },
        }
    }
}

/// How a file is read. Everything here changes results.
#[derive(Clone, Debug)]
pub struct Options {
    /// The grammar.
    pub format: Format,
    /// Which columns are text, id, source and URL.
    pub columns: Columns,
    /// About how many decompressed bytes a block has.
    pub block_bytes: u64,
    /// A longer row is quarantined as `too_large`.
    pub max_row_bytes: u64,
    /// Most decompressed bytes for one compressed byte, `None` for no bound.
    pub max_expansion: Option<u64>,
}

impl Options {
    /// A text column called `text`, no id, source or URL, default sizes.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            columns: Columns {
                text: "text".into(),
                id: None,
                source: None,
                url: None,
            },
            block_bytes: BLOCK_BYTES,
            max_row_bytes: MAX_ROW_BYTES,
            max_expansion: None,
        }
    }

    fn check(&self) -> Result<()> {
        let parameter = |name, message: &str| {
            Err(Error::Parameter {
                name,
                message: message.into(),
            })
        };
        if self.block_bytes == 0 {
            return parameter("block_bytes", "expected at least 1");
        }
        if !(1..=u64::from(u32::MAX)).contains(&self.max_row_bytes) {
            return parameter("max_row_bytes", "expected 1 to 4294967295");
        }
        if self.max_expansion == Some(0) {
            return parameter("max_expansion", "expected at least 1");
        }
        match self.format {
            Format::Csv { delimiter }
                if !delimiter.is_ascii() || b"\"\r\n".contains(&delimiter) =>
            {
                parameter(
                    "delimiter",
                    "expected one ASCII character, not a quote or a line end",
                )
            }
            _ => Ok(()),
        }
    }
}

/// A file of records.
#[derive(Clone, Debug)]
pub struct LineFile {
    path: PathBuf,
    options: Options,
    cut: Cut,
    header: Option<csv::Header>,
}

impl LineFile {
    /// Opens a file, checks that it is what its name says, and reads a CSV header.
    ///
    /// # Errors
    /// [`Error::Parameter`] for options out of range; [`Error::Io`] and [`Error::BadFile`] as
    /// [`Stream::open`]; [`Error::Schema`] for a CSV header without a configured column.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        options.check()?;
        let mut head = Head::open(path, &options)?;
        let start = if head.bytes.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        head.stream.check_text(&head.bytes[start..])?;
        let mut cut = Cut {
            splitter: Splitter::lines(),
            data_start: start as u64,
            block_bytes: options.block_bytes,
            max_row_bytes: options.max_row_bytes,
            salt: Vec::new(),
        };
        let mut header = None;
        if let Format::Csv { delimiter } = options.format {
            cut.splitter = Splitter::csv(delimiter);
            let end = head.record_end(start, delimiter, &options)?;
            cut.data_start = end as u64;
            cut.salt = [&[delimiter], &head.bytes[start..end]].concat();
            if start < end {
                let record = &head.bytes[start..end];
                let is_line_end = |b: &&u8| matches!(**b, b'\r' | b'\n');
                let blank = record.iter().take_while(is_line_end).count();
                let record = &record[blank..];
                header = Some(csv::Header::parse(record, delimiter, &options.columns)?);
            }
        }
        Ok(Self {
            path: path.into(),
            options,
            cut,
            header,
        })
    }

    /// Whether a block can be read without reading those before it.
    pub fn is_seekable(&self) -> bool {
        self.compression() == Compression::None
    }

    /// How the file is compressed.
    pub fn compression(&self) -> Compression {
        Compression::of_name(&self.path)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The blocks with their bytes, in order, from one pass over the file.
    ///
    /// # Errors
    /// As [`Stream::open`].
    pub fn stream(&self) -> Result<BlockStream> {
        let stream = Stream::open(&self.path, self.options.max_expansion)?;
        BlockStream::new(stream, self.cut.clone())
    }

    /// The blocks without their bytes: a whole pass over the file.
    ///
    /// # Errors
    /// As [`Stream::read`].
    pub fn blocks(&self) -> Result<Vec<Block>> {
        self.stream()?.map(|raw| raw.map(|raw| raw.block)).collect()
    }

    /// One block again. For several blocks of a compressed file, hold one [`LineFile::stream`]
    /// and use [`BlockStream::read_known`].
    ///
    /// # Errors
    /// As [`BlockStream::read_known`].
    pub fn read(&self, block: &Block) -> Result<RawBlock> {
        self.stream()?.read_known(block)
    }

    /// The documents of a block, and its bad rows.
    ///
    /// # Errors
    /// [`Error::Schema`] where there are too many columns. Never for a bad row.
    pub fn parse(&self, raw: &RawBlock) -> Result<Parsed> {
        match &self.header {
            Some(header) => csv::parse(raw, header),
            None => jsonl::parse(raw, &self.options.columns),
        }
    }

    /// Every column of chosen documents of a block, in the types of `schema`, which must hold
    /// at least the schemas of the blocks they are from.
    ///
    /// # Errors
    /// [`Error::Parameter`] for rows out of order or out of the block; [`Error::Schema`] for rows
    /// that do not fit.
    pub fn decode(&self, raw: &RawBlock, rows: &[u64], schema: &Schema) -> Result<RecordBatch> {
        match &self.header {
            Some(header) => csv::decode(raw, rows, schema, header),
            None => jsonl::decode(raw, rows, schema),
        }
    }

    /// Columns known before any record is read: those of a CSV header, none of JSON Lines.
    pub fn header_schema(&self) -> Schema {
        self.header
            .as_ref()
            .map(csv::Header::schema)
            .unwrap_or_default()
    }
}

/// The beginning of a decompressed file.
struct Head {
    stream: Stream,
    bytes: Vec<u8>,
}

impl Head {
    fn open(path: &Path, options: &Options) -> Result<Self> {
        let stream = Stream::open(path, options.max_expansion)?;
        let mut head = Self {
            stream,
            bytes: Vec::new(),
        };
        while head.bytes.len() < HEAD_BYTES && head.more()? {}
        Ok(head)
    }

    /// Reads on; false at the end of the file.
    fn more(&mut self) -> Result<bool> {
        let old = self.bytes.len();
        self.bytes.resize(old + HEAD_BYTES.max(old), 0);
        let n = self.stream.read(&mut self.bytes[old..])?;
        self.bytes.truncate(old + n);
        Ok(n > 0)
    }

    /// End of the first CSV record that is no blank line; `start` where there is none.
    fn record_end(&mut self, start: usize, delimiter: u8, options: &Options) -> Result<usize> {
        let mut splitter = Splitter::csv(delimiter);
        let mut at = start;
        loop {
            if let Some(length) = splitter.find_end(&self.bytes[at..]) {
                at += length;
                if splitter.start_record() {
                    return Ok(at);
                }
                continue;
            }
            at = self.bytes.len();
            if (at - start) as u64 > options.max_row_bytes {
                let message = "the header is longer than max_row_bytes".into();
                return Err(Error::Schema {
                    column: options.columns.text.clone(),
                    message,
                });
            }
            if !self.more()? {
                return Ok(if splitter.start_record() { at } else { start });
            }
        }
    }
}
