//! CSV and TSV: the records of a block as documents, and chosen records as carried columns.
//!
//! RFC 4180 with a header: a field that starts with a quote ends with one, a quote inside is
//! doubled, line ends inside quotes are text; `\n` and `\r\n` end a record. A quote inside a
//! field that does not start with one is text, as every reader has it. What follows a closing
//! quote, a quote that is never closed and a record of another width than the header are
//! quarantined. A record's bounds depend on quotes, so one unclosed quote takes everything up to
//! the next quote with it; that is the format's, and the reason says so.
//!
//! **No types are inferred**: every column is carried as the text that stands there, since what
//! looks like a number (`007`, `1e5`, a postcode) often is none and would not survive the trip.
//! An empty text is a document, an empty id is none, an empty source or URL is null.

use std::ops::Range;

use arrow_array::RecordBatch;
use memchr::memchr;

use super::columns;
use super::line_blocks::{RawBlock, Splitter};
use super::reasons::{Fault, Reason};
use super::records::{Collector, Columns, Labels, Parsed, Text, carried, check_rows, utf8};
use super::shape::{Schema, Shape};
use crate::{Error, Result};

/// The header of a CSV file and what it says about the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    delimiter: u8,
    names: Vec<String>,
    text: usize,
    id: Option<usize>,
    source: Option<usize>,
    url: Option<usize>,
}

impl Header {
    /// Reads the header record.
    ///
    /// # Errors
    /// [`Error::Schema`] where it is no CSV record, names a column twice, or lacks a configured
    /// column; the message names the columns found and the nearest name.
    pub fn parse(record: &[u8], delimiter: u8, columns: &Columns) -> Result<Self> {
        let mut fields = FieldReader::default();
        let line = utf8(record).and_then(|line| fields.read(line, delimiter).map(|()| line));
        if let Err(fault) = line {
            let message = format!("the header is no CSV record: {}", fault.message);
            return Err(Error::Schema {
                column: columns.text.clone(),
                message,
            });
        }
        let names: Vec<String> = fields.iter().map(str::to_owned).collect();
        check_distinct(&names)?;
        let find = |name: &String| find(&names, name);
        let text = find(&columns.text)?;
        let id = columns.id.as_ref().map(find).transpose()?;
        let source = columns.source.as_ref().map(find).transpose()?;
        let url = columns.url.as_ref().map(find).transpose()?;
        Ok(Self {
            delimiter,
            names,
            text,
            id,
            source,
            url,
        })
    }

    /// All columns, as strings.
    pub fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        for (i, name) in self.names.iter().enumerate() {
            *schema.fields.entry(name, i).0 = Shape::String;
        }
        schema
    }
}

fn check_distinct(names: &[String]) -> Result<()> {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::Schema {
            column: pair[0].clone(),
            message: "stands twice in the header".into(),
        }),
        None => Ok(()),
    }
}

fn find(names: &[String], name: &str) -> Result<usize> {
    names.iter().position(|n| n == name).ok_or_else(|| {
        let nearest = names.iter().min_by_key(|n| distance(n, name));
        let hint = nearest.map_or_else(String::new, |n| format!("; did you mean {n:?}?"));
        let found: Vec<String> = names.iter().take(50).map(|n| format!("{n:?}")).collect();
        let message = format!("not in the header, which has {}{hint}", found.join(", "));
        Error::Schema {
            column: name.into(),
            message,
        }
    })
}

/// Levenshtein distance, capped in length: names are short or not meant.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The fields of one record, unquoted. Its buffers are reused.
#[derive(Default)]
struct FieldReader {
    text: String,
    fields: Vec<Range<usize>>,
}

impl FieldReader {
    fn iter(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|range| &self.text[range.clone()])
    }

    fn get(&self, i: usize) -> &str {
        self.fields
            .get(i)
            .map_or("", |range| &self.text[range.clone()])
    }

    /// Splits `record`, its line end included.
    fn read(&mut self, record: &str, delimiter: u8) -> std::result::Result<(), Fault> {
        self.text.clear();
        self.fields.clear();
        let record = record.strip_suffix('\n').unwrap_or(record);
        let record = record.strip_suffix('\r').unwrap_or(record);
        let mut rest = record;
        loop {
            let start = self.text.len();
            let length = if rest.starts_with('"') {
                self.quoted(rest).map_err(|message| {
                    let field = self.fields.len() + 1;
                    Fault::new(Reason::MalformedRecord, format!("field {field}: {message}"))
                })?
            } else {
                let length = memchr(delimiter, rest.as_bytes()).unwrap_or(rest.len());
                self.text.push_str(&rest[..length]);
                length
            };
            self.fields.push(start..self.text.len());
            rest = &rest[length..];
            match rest.as_bytes().first() {
                None => return Ok(()),
                Some(b) if *b == delimiter => rest = &rest[1..],
                Some(_) => {
                    let field = self.fields.len();
                    let message = format!("field {field}: text after the closing quote");
                    return Err(Fault::new(Reason::MalformedRecord, message));
                }
            }
        }
    }

    /// Takes the quoted field that `rest` begins with and returns its length, quotes included.
    fn quoted(&mut self, rest: &str) -> std::result::Result<usize, &'static str> {
        let mut at = 1;
        loop {
            let Some(length) = memchr(b'"', &rest.as_bytes()[at..]) else {
                return Err("a quote is opened and never closed");
            };
            self.text.push_str(&rest[at..at + length]);
            at += length + 1;
            if rest.as_bytes().get(at) != Some(&b'"') {
                return Ok(at);
            }
            self.text.push('"');
            at += 1;
        }
    }
}

impl Header {
    fn splitter(&self) -> Splitter {
        Splitter::csv(self.delimiter)
    }

    fn read(&self, record: &[u8], fields: &mut FieldReader) -> std::result::Result<(), Fault> {
        fields.read(utf8(record)?, self.delimiter)?;
        let (found, expected) = (fields.fields.len(), self.names.len());
        if found != expected {
            let message = format!("{found} fields, the header has {expected}");
            return Err(Fault::new(Reason::MalformedRecord, message));
        }
        match self.id {
            Some(i) if fields.get(i).is_empty() => {
                let message = format!("{:?} is empty", self.names[i]);
                Err(Fault::new(Reason::NullId, message))
            }
            _ => Ok(()),
        }
    }
}

/// Parses a block.
pub fn parse(raw: &RawBlock, header: &Header) -> Result<Parsed> {
    let mut collector = Collector::new(raw);
    let mut fields = FieldReader::default();
    for (row, record) in raw.records(header.splitter()) {
        match header.read(record, &mut fields) {
            Ok(()) => {
                let field = |column: Option<usize>| column.map(|i| fields.get(i));
                let labels = Labels {
                    id: field(header.id),
                    source: field(header.source).filter(|s| !s.is_empty()),
                    url: field(header.url).filter(|s| !s.is_empty()),
                };
                collector.document(row, &Text::Plain(fields.get(header.text)), labels);
            }
            Err(fault) => collector.quarantine(row, fault, record),
        }
    }
    collector.finish(header.schema())
}

/// Every column of the chosen rows as strings; columns of other files are null.
///
/// # Errors
/// [`Error::Parameter`] for rows not in the block, [`Error::Schema`] for a row that is no
/// document or a schema that lacks a column of this file or has another type for it.
pub fn decode(
    raw: &RawBlock,
    rows: &[u64],
    schema: &Schema,
    header: &Header,
) -> Result<RecordBatch> {
    check_rows(raw, rows)?;
    check_schema(schema, header)?;
    let entries = schema.fields.entries();
    let place = |(name, _): &(String, Shape)| header.names.iter().position(|n| n == name);
    let places: Vec<Option<usize>> = entries.iter().map(place).collect();
    let mut columns = columns::Columns::new(&schema.fields);
    let mut fields = FieldReader::default();
    let mut wanted = rows.iter().copied().peekable();
    for (row, record) in raw.records(header.splitter()) {
        if wanted.next_if_eq(&row).is_some() {
            header
                .read(record, &mut fields)
                .map_err(|fault| unfit(row, fault))?;
            columns.append_strings(places.iter().map(|p| p.map(|i| fields.get(i))));
        }
    }
    if columns.n_rows() < rows.len() {
        let fault = Fault::new(Reason::TooLarge, "not readable");
        return Err(unfit(rows[columns.n_rows()], fault));
    }
    let n_rows = columns.n_rows();
    carried(schema, columns.finish()?, n_rows)
}

fn unfit(row: u64, fault: Fault) -> Error {
    Error::Schema {
        column: format!("row {row}"),
        message: fault.message,
    }
}

/// Columns of a CSV file are strings, or JSON where another file's type disagrees.
fn check_schema(schema: &Schema, header: &Header) -> Result<()> {
    for (i, name) in header.names.iter().enumerate() {
        let place = schema.fields.find(name, i);
        let shape = place.map(|p| &schema.fields.entries()[p].1);
        if !matches!(shape, Some(Shape::String | Shape::Json)) {
            return Err(Error::Schema {
                column: name.clone(),
                message: format!("a string here, {shape:?} in the schema"),
            });
        }
    }
    Ok(())
}
