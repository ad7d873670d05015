//! What a parsed block is: documents, quarantined rows, the schema of what is carried.
//!
//! Shared by the formats; knows Arrow, no grammar.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, LargeStringBuilder};
use arrow_array::{ArrayRef, Int64Array, LargeStringArray, RecordBatch};
use arrow_schema::{Field, Schema as ArrowSchema};

use super::json_scan::RawStr;
use super::line_blocks::{EXCERPT_BYTES, RawBlock};
use super::reasons::{Fault, Reason};
use super::shape::Schema;
use crate::Result;

/// Which columns of the input are text, id, source and URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Name of the text column.
    pub text: String,
    /// Name of the id column, where ids are given.
    pub id: Option<String>,
    /// Name of the source column, where there is one.
    pub source: Option<String>,
    /// Name of the URL column, where one is needed.
    pub url: Option<String>,
}

/// A parsed block. Every record of it is in one of the two batches.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// `text` (`LargeUtf8`), `id` (`LargeUtf8`, all null where none is configured), `source`
    /// and `url` (`LargeUtf8`, may be null), `row` (`Int64`, record number in the file).
    pub documents: RecordBatch,
    /// `row` (`Int64`), `reason`, `message`, `excerpt` (`LargeUtf8`), `n_bytes` (`Int64`, length
    /// of the record, line end included), in order of row.
    pub quarantine: RecordBatch,
    /// Every column of the documents as it will be written.
    pub schema: Schema,
}

/// Collects the records of one block.
pub struct Collector<'a> {
    text: LargeStringBuilder,
    id: LargeStringBuilder,
    source: LargeStringBuilder,
    url: LargeStringBuilder,
    row: Int64Builder,
    quarantine: Quarantine,
    raw: &'a RawBlock,
}

/// What a document has beside its text, each `None` where it is null or not asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Labels<'a> {
    /// Its id.
    pub id: Option<&'a str>,
    /// Where it comes from.
    pub source: Option<&'a str>,
    /// Its address.
    pub url: Option<&'a str>,
}

/// The text of a document as its format holds it.
pub enum Text<'a> {
    /// As it is.
    Plain(&'a str),
    /// With JSON's escapes.
    Json(RawStr<'a>),
}

impl<'a> Collector<'a> {
    /// A collector for the records of `raw`; those too large to be read are in it at once.
    pub fn new(raw: &'a RawBlock) -> Self {
        let n = raw.block.n_rows as usize;
        Self {
            text: LargeStringBuilder::with_capacity(n, raw.bytes.len()),
            id: LargeStringBuilder::new(),
            source: LargeStringBuilder::new(),
            url: LargeStringBuilder::new(),
            row: Int64Builder::with_capacity(n),
            quarantine: Quarantine::default(),
            raw,
        }
    }

    /// Adds a document.
    pub fn document(&mut self, row: u64, text: &Text<'_>, labels: Labels<'_>) {
        match text {
            Text::Plain(text) => self.text.append_value(text),
            Text::Json(text) => {
                // The builder is a writer: what is written is one value once it is closed.
                let _ = text.decode_into(&mut self.text);
                self.text.append_value("");
            }
        }
        self.id.append_option(labels.id);
        self.source.append_option(labels.source);
        self.url.append_option(labels.url);
        self.row.append_value(row.cast_signed());
    }

    /// Sets a record aside.
    pub fn quarantine(&mut self, row: u64, fault: Fault, record: &[u8]) {
        self.quarantine
            .push(row, fault, record, record.len() as u64);
    }

    /// The batches.
    pub fn finish(mut self, schema: Schema) -> Result<Parsed> {
        for row in &self.raw.oversized {
            let message = format!("the row has {} bytes", row.length);
            let fault = Fault::new(Reason::TooLarge, message);
            self.quarantine
                .push(row.row, fault, &row.excerpt, row.length);
        }
        let documents = batch(vec![
            ("text", Arc::new(self.text.finish())),
            ("id", Arc::new(self.id.finish())),
            ("source", Arc::new(self.source.finish())),
            ("url", Arc::new(self.url.finish())),
            ("row", Arc::new(self.row.finish())),
        ])?;
        Ok(Parsed {
            documents,
            quarantine: self.quarantine.finish()?,
            schema,
        })
    }
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    let fields = columns.iter().map(|(name, array)| {
        Field::new(
            *name,
            array.data_type().clone(),
            matches!(*name, "id" | "source" | "url"),
        )
    });
    let schema = ArrowSchema::new(fields.collect::<Vec<_>>());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Ok(RecordBatch::try_new(Arc::new(schema), arrays)?)
}

/// Rows set aside, sorted when they are finished.
#[derive(Default)]
struct Quarantine {
    rows: Vec<QuarantinedRow>,
}

struct QuarantinedRow {
    row: u64,
    fault: Fault,
    excerpt: String,
    n_bytes: u64,
}

impl Quarantine {
    fn push(&mut self, row: u64, fault: Fault, record: &[u8], n_bytes: u64) {
        self.rows.push(QuarantinedRow {
            row,
            fault,
            excerpt: excerpt(record),
            n_bytes,
        });
    }

    fn finish(mut self) -> Result<RecordBatch> {
        self.rows.sort_unstable_by_key(|row| row.row);
        let numbers = |value: fn(&QuarantinedRow) -> u64| -> ArrayRef {
            let values = self.rows.iter().map(|row| value(row).cast_signed());
            Arc::new(Int64Array::from_iter_values(values))
        };
        let strings = |value: fn(&QuarantinedRow) -> &str| -> ArrayRef {
            Arc::new(LargeStringArray::from_iter_values(
                self.rows.iter().map(value),
            ))
        };
        batch(vec![
            ("row", numbers(|row| row.row)),
            ("reason", strings(|row| row.fault.reason.name())),
            ("message", strings(|row| &row.fault.message)),
            ("excerpt", strings(|row| &row.excerpt)),
            ("n_bytes", numbers(|row| row.n_bytes)),
        ])
    }
}

/// The first 256 bytes of a record, safe to print: bytes that are not UTF-8, control characters
/// (line ends and those that turn the direction of text too) and backslashes are escaped.
pub fn excerpt(record: &[u8]) -> String {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    let head = &record[..record.len().min(EXCERPT_BYTES)];
    let mut shown = String::with_capacity(head.len());
    for chunk in head.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => shown.push_str("\\\\"),
                c if is_invisible(c) => shown.extend(c.escape_default()),
                c => shown.push(c),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// `record` as text.
pub fn utf8(record: &[u8]) -> std::result::Result<&str, Fault> {
    simdutf8::basic::from_utf8(record).map_err(|_| {
        let at = std::str::from_utf8(record).map_or_else(|e| e.valid_up_to(), str::len);
        Fault::new(Reason::InvalidUtf8, format!("not UTF-8 at byte {at}"))
    })
}

/// Checks that the rows asked for are numbers of the block's records, in rising order.
pub fn check_rows(raw: &RawBlock, rows: &[u64]) -> Result<()> {
    let range = raw.block.first_row..raw.block.first_row + raw.block.n_rows;
    let is_rising = rows.windows(2).all(|pair| pair[0] < pair[1]);
    if is_rising && rows.iter().all(|row| range.contains(row)) {
        return Ok(());
    }
    Err(crate::Error::Parameter {
        name: "rows",
        message: format!(
            "expected rising record numbers from {} to {}",
            range.start, range.end
        ),
    })
}

/// The carried columns of chosen rows.
pub fn carried(schema: &Schema, arrays: Vec<ArrayRef>, n_rows: usize) -> Result<RecordBatch> {
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(n_rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::new(schema.arrow()),
        arrays,
        &options,
    )?)
}

/// A string or the text of a number.
pub type Label<'a> = Cow<'a, str>;
