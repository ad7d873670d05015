//! JSON Lines: the records of a block as documents, and chosen records as carried columns.
//!
//! A record is a line that is not blank; it must be one JSON object. Bad records are set aside
//! with the first reason found, see [`super::reasons`]. Ids are strings or numbers; a number is
//! cast by its own text, so `1` and `1.0` are two ids. Source and URL are optional: null or
//! absent they are null, and what is no string is carried by its JSON text.
//!
//! Not here: where lines end ([`super::line_blocks`]), the grammar ([`super::json_scan`]), types
//! of carried columns ([`super::shape`]).

use std::borrow::Cow;

use arrow_array::RecordBatch;

use super::columns;
use super::json_scan::{Kind, RawStr, Scanner, Value, check_keys};
use super::line_blocks::{RawBlock, Splitter};
use super::reasons::{Fault, Reason};
use super::records::{Collector, Columns, Label, Labels, Parsed, Text, carried, check_rows, utf8};
use super::shape::Schema;
use crate::{Error, Result};

type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// Parses a block.
///
/// # Errors
/// [`Error::Schema`] where the records have more than 10,000 keys between them.
pub fn parse(raw: &RawBlock, columns: &Columns) -> Result<Parsed> {
    let mut collector = Collector::new(raw);
    let mut reader = Reader::default();
    for (row, record) in raw.records(Splitter::lines()) {
        let document = utf8(record).and_then(|line| reader.read(line, columns));
        match document {
            Ok(document) => {
                let labels = Labels {
                    id: document.id.as_deref(),
                    source: document.source.as_deref(),
                    url: document.url.as_deref(),
                };
                collector.document(row, &document.text, labels);
            }
            Err(fault) => collector.quarantine(row, fault, record),
        }
    }
    reader.schema.check_width()?;
    collector.finish(reader.schema)
}

/// The parts of a block that outlive a record.
#[derive(Default)]
struct Reader<'a> {
    members: Members<'a>,
    keys: Vec<Cow<'a, str>>,
    schema: Schema,
}

struct Document<'a> {
    text: Text<'a>,
    id: Option<Label<'a>>,
    source: Option<Label<'a>>,
    url: Option<Label<'a>>,
}

impl<'a> Reader<'a> {
    /// One document. The schema grows only when nothing is wrong with the record.
    fn read(
        &mut self,
        line: &'a str,
        columns: &Columns,
    ) -> std::result::Result<Document<'a>, Fault> {
        self.scan(line)?;
        let text = self.text(&columns.text)?;
        let id = columns.id.as_ref().map(|name| self.id(name)).transpose()?;
        let optional = |name: &Option<String>| name.as_ref().and_then(|n| self.optional(n));
        let (source, url) = (optional(&columns.source), optional(&columns.url));
        self.absorb()?;
        Ok(Document {
            text,
            id,
            source,
            url,
        })
    }

    /// Checks the whole line and finds the members of its object.
    fn scan(&mut self, line: &'a str) -> std::result::Result<(), Fault> {
        let Self { members, keys, .. } = self;
        members.clear();
        keys.clear();
        let mut scanner = Scanner::new(line);
        if scanner.kind()? != Kind::Object {
            let value = scanner.value(keys)?;
            scanner.end()?;
            let message = format!("expected an object, found {}", name_of(value.kind));
            return Err(Fault::new(Reason::NotAnObject, message));
        }
        scanner.members(|s, key| {
            let value = s.value(keys)?;
            members.push((key.decode(), value));
            Ok(())
        })?;
        scanner.end()?;
        check_keys(&members.iter().map(|(key, _)| key.as_ref()))
    }

    fn find(&self, name: &str) -> Option<Value<'a>> {
        self.members
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> std::result::Result<Text<'a>, Fault> {
        let Some(value) = self.find(name) else {
            return Err(Fault::new(Reason::MissingText, format!("no key {name:?}")));
        };
        let reason = match value.kind {
            Kind::String => Reason::MissingText,
            Kind::Null => Reason::NullText,
            Kind::Number => Reason::TextIsNumber,
            Kind::Bool => Reason::TextIsBool,
            Kind::List => Reason::TextIsList,
            Kind::Object => Reason::TextIsObject,
        };
        let message = || format!("{name:?} is {}, not a string", name_of(value.kind));
        value
            .string()
            .map(Text::Json)
            .ok_or_else(|| Fault::new(reason, message()))
    }

    fn id(&self, name: &str) -> std::result::Result<Label<'a>, Fault> {
        let fault = |reason, message| Err(Fault::new(reason, message));
        match self.find(name) {
            None => fault(Reason::MissingId, format!("no key {name:?}")),
            Some(value) => match value.kind {
                Kind::String | Kind::Number => Ok(label(value)),
                Kind::Null => fault(Reason::NullId, format!("{name:?} is null")),
                kind => {
                    let found = name_of(kind);
                    fault(
                        Reason::BadId,
                        format!("{name:?} is {found}, not a string or number"),
                    )
                }
            },
        }
    }

    fn optional(&self, name: &str) -> Option<Label<'a>> {
        self.find(name)
            .filter(|value| value.kind != Kind::Null)
            .map(label)
    }

    fn absorb(&mut self) -> std::result::Result<(), Fault> {
        for (i, (key, value)) in self.members.iter().enumerate() {
            self.schema.fields.entry(key, i).0.absorb(*value)?;
        }
        Ok(())
    }
}

/// A string itself, anything else as it is written.
fn label(value: Value<'_>) -> Label<'_> {
    value
        .string()
        .map_or(Cow::Borrowed(value.text), RawStr::decode)
}

const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "true or false",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::List => "a list",
        Kind::Object => "an object",
    }
}

/// Every column of the chosen rows, in the types of `schema`.
///
/// `rows` are record numbers of documents (not of quarantined rows), rising.
///
/// # Errors
/// [`Error::Parameter`] for rows not in the block, [`Error::Schema`] where a record does not fit
/// the schema: nothing is left out silently.
pub fn decode(raw: &RawBlock, rows: &[u64], schema: &Schema) -> Result<RecordBatch> {
    check_rows(raw, rows)?;
    let mut columns = columns::Columns::new(&schema.fields);
    let mut wanted = rows.iter().copied().peekable();
    for (row, record) in raw.records(Splitter::lines()) {
        if wanted.peek().is_none() {
            break;
        }
        if wanted.next_if_eq(&row).is_some() {
            let appended = utf8(record).and_then(|line| columns.append(&mut Scanner::new(line)));
            appended.map_err(|fault| unfit(row, &fault))?;
        }
    }
    if columns.n_rows() < rows.len() {
        return Err(unfit(
            rows[columns.n_rows()],
            &Fault::new(Reason::TooLarge, "not readable"),
        ));
    }
    let n_rows = columns.n_rows();
    carried(schema, columns.finish()?, n_rows)
}

fn unfit(row: u64, fault: &Fault) -> Error {
    Error::Schema {
        column: format!("row {row}"),
        message: fault.message.clone(),
    }
}
