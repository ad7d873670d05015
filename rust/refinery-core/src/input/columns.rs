//! Builders of the carried columns: values of chosen records in the types of a merged schema.
//!
//! Types are not inferred here, and nothing is coerced: a value that its column cannot hold is
//! an error, since the schema was merged over the same records. Null and absent are both null.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, LargeStringBuilder};
use arrow_array::{ArrayRef, LargeListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::{ArrowError, DataType};

use super::json_scan::{Kind, Scanner};
use super::reasons::{Fault, Reason};
use super::shape::{Fields, Shape, item_field};

type Result<T> = std::result::Result<T, Fault>;

/// One column under construction.
enum Column {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Text(LargeStringBuilder),
    Json(LargeStringBuilder),
    List(ListColumn),
    Struct(Columns, NullBufferBuilder),
}

struct ListColumn {
    shape: Shape,
    offsets: Vec<i64>,
    nulls: NullBufferBuilder,
    item: Box<Column>,
}

impl Column {
    /// A column of a resolved shape.
    fn new(shape: &Shape) -> Self {
        match shape {
            Shape::Bool => Self::Bool(BooleanBuilder::new()),
            Shape::Int53 | Shape::Int64 => Self::Int(Int64Builder::new()),
            Shape::Float => Self::Float(Float64Builder::new()),
            Shape::Null | Shape::String => Self::Text(LargeStringBuilder::new()),
            Shape::Json => Self::Json(LargeStringBuilder::new()),
            Shape::List(item) => Self::List(ListColumn {
                shape: (**item).clone(),
                offsets: vec![0],
                nulls: NullBufferBuilder::new(0),
                item: Box::new(Self::new(item)),
            }),
            Shape::Struct(fields) => {
                Self::Struct(Columns::resolved(fields.clone()), NullBufferBuilder::new(0))
            }
        }
    }

    fn len(&self) -> usize {
        use arrow_array::builder::ArrayBuilder;
        match self {
            Self::Bool(b) => b.len(),
            Self::Int(b) => b.len(),
            Self::Float(b) => b.len(),
            Self::Text(b) | Self::Json(b) => b.len(),
            Self::List(list) => list.offsets.len() - 1,
            Self::Struct(columns, _) => columns.n_rows,
        }
    }

    /// Where a list that ends with the last value ends.
    fn end(&self) -> i64 {
        (self.len() as u64).cast_signed()
    }

    /// Appends the value `scanner` stands at.
    fn append(&mut self, scanner: &mut Scanner<'_>) -> Result<()> {
        let kind = scanner.kind()?;
        if kind == Kind::Null {
            scanner.null()?;
            self.append_null();
            return Ok(());
        }
        match (self, kind) {
            (Self::Json(b), _) => b.append_value(scanner.skip()?),
            (Self::Bool(b), Kind::Bool) => b.append_value(scanner.bool()?),
            (Self::Int(b), Kind::Number) => b.append_value(parse(scanner)?),
            (Self::Float(b), Kind::Number) => b.append_value(parse(scanner)?),
            (Self::Text(b), Kind::String) => {
                // The builder is a writer: what is written is one value once it is closed.
                let _ = scanner.string()?.decode_into(b);
                b.append_value("");
            }
            (Self::List(list), Kind::List) => list.append(scanner)?,
            (Self::Struct(columns, nulls), Kind::Object) => {
                columns.append(scanner)?;
                nulls.append_non_null();
            }
            (_, kind) => return misfit(&format!("a value of kind {kind:?}")),
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            Self::Bool(b) => b.append_null(),
            Self::Int(b) => b.append_null(),
            Self::Float(b) => b.append_null(),
            Self::Text(b) | Self::Json(b) => b.append_null(),
            Self::List(list) => {
                list.offsets.push(list.item.end());
                list.nulls.append_null();
            }
            Self::Struct(columns, nulls) => {
                columns.end_row();
                nulls.append_null();
            }
        }
    }

    fn finish(self) -> std::result::Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Bool(mut b) => Arc::new(b.finish()),
            Self::Int(mut b) => Arc::new(b.finish()),
            Self::Float(mut b) => Arc::new(b.finish()),
            Self::Text(mut b) | Self::Json(mut b) => Arc::new(b.finish()),
            Self::List(mut list) => Arc::new(LargeListArray::try_new(
                item_field(&list.shape),
                OffsetBuffer::new(list.offsets.into()),
                list.item.finish()?,
                list.nulls.finish(),
            )?),
            Self::Struct(columns, mut nulls) => {
                let DataType::Struct(fields) = Shape::Struct(columns.fields.clone()).data_type()
                else {
                    return Err(ArrowError::SchemaError("a struct without fields".into()));
                };
                let arrays = columns.finish()?;
                Arc::new(StructArray::try_new(fields, arrays, nulls.finish())?)
            }
        })
    }
}

impl ListColumn {
    fn append(&mut self, scanner: &mut Scanner<'_>) -> Result<()> {
        scanner.items(|s| self.item.append(s))?;
        self.offsets.push(self.item.end());
        self.nulls.append_non_null();
        Ok(())
    }
}

fn misfit<T>(what: &str) -> Result<T> {
    Err(Fault::new(
        Reason::MalformedRecord,
        format!("{what} does not fit the merged schema"),
    ))
}

fn parse<T: std::str::FromStr>(scanner: &mut Scanner<'_>) -> Result<T> {
    let text = scanner.number()?.text;
    text.parse().or_else(|_| misfit(text))
}

/// Named columns of one length: the fields of an object, or of the record itself.
pub struct Columns {
    fields: Fields,
    builders: Vec<Column>,
    n_rows: usize,
}

impl Columns {
    /// Columns of any shapes.
    pub fn new(fields: &Fields) -> Self {
        match Shape::Struct(fields.clone()).resolved() {
            Shape::Struct(fields) => Self::resolved(fields),
            _ => Self::resolved(Fields::default()),
        }
    }

    fn resolved(fields: Fields) -> Self {
        let builders = fields
            .entries()
            .iter()
            .map(|(_, shape)| Column::new(shape))
            .collect();
        Self {
            fields,
            builders,
            n_rows: 0,
        }
    }

    /// Appends the object `scanner` stands at.
    pub fn append(&mut self, scanner: &mut Scanner<'_>) -> Result<()> {
        let mut hint = 0;
        scanner.members(|s, key| {
            let key = key.decode();
            let Some(place) = self.fields.find(&key, hint) else {
                return misfit(&format!("the key {key:?}"));
            };
            hint = place + 1;
            let column = &mut self.builders[place];
            if column.len() > self.n_rows {
                return misfit(&format!("the key {key:?}, which stands twice,"));
            }
            column.append(s).map_err(|fault| within(&key, &fault))
        })?;
        self.end_row();
        Ok(())
    }

    /// Appends strings, one per column of strings or JSON; `None` is null.
    pub fn append_strings<'v>(&mut self, values: impl Iterator<Item = Option<&'v str>>) {
        for (column, value) in self.builders.iter_mut().zip(values) {
            match (column, value) {
                (Column::Text(builder), Some(value)) => builder.append_value(value),
                (Column::Json(builder), Some(value)) => {
                    builder.append_value(serde_json::Value::from(value).to_string());
                }
                _ => {}
            }
        }
        self.end_row();
    }

    fn end_row(&mut self) {
        self.n_rows += 1;
        for column in &mut self.builders {
            if column.len() < self.n_rows {
                column.append_null();
            }
        }
    }

    /// The arrays, in the order of the fields.
    pub fn finish(self) -> std::result::Result<Vec<ArrayRef>, ArrowError> {
        self.builders.into_iter().map(Column::finish).collect()
    }

    /// Number of rows appended.
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }
}

fn within(key: &str, fault: &Fault) -> Fault {
    Fault::new(fault.reason, format!("{key}: {}", fault.message))
}
