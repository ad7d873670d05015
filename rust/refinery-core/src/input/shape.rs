//! Types of carried columns: inferred from the values, merged over blocks and files.
//!
//! A shape is a point of a lattice; two shapes merge to the least one that holds the values of
//! both. Merging is associative and, but for the order of keys, commutative, so blocks can be
//! inferred anywhere and merged in their order. A key's place is that of its first appearance.
//!
//! ```text
//! null < every other
//! int53 < int64      integers; int53 as long as all lie within ±2^53, where f64 is exact
//! int53 < float64    so integers become floats only where none changes
//! bool, string       below json only
//! list<T>, struct{}  merge item by item, key by key
//! json               all else: mixed types, numbers that do not fit; kept as JSON text
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Schema as ArrowSchema};
use serde_json::{Value, json};

use super::json_scan::{Kind, Number, Scanner, Value as JsonValue};
use super::reasons::Fault;
use crate::{Error, Result};

/// Most fields of a nested object; one of more (keyed by id or date, say) is carried as JSON.
const MAX_FIELDS: usize = 1_000;
/// Most columns of an input.
const MAX_COLUMNS: usize = 10_000;
/// Levels of lists and objects a column's type may have; what lies deeper is carried as JSON.
const MAX_LEVELS: usize = 16;
/// Integers up to here are exact in a float.
const MAX_EXACT: u64 = 1 << 53;

/// The type of the values seen under one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// No value but null yet.
    #[default]
    Null,
    /// true, false
    Bool,
    /// Integers within ±2^53.
    Int53,
    /// Integers within 64 bits, at least one beyond ±2^53.
    Int64,
    /// Numbers, at least one with a fraction or exponent.
    Float,
    /// Strings.
    String,
    /// Lists.
    List(Box<Shape>),
    /// Objects.
    Struct(Fields),
    /// Anything: carried as JSON text.
    Json,
}

/// Names with their shapes, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    entries: Vec<(String, Shape)>,
    /// Place of each name, once there are too many to try one by one. Never iterated.
    index: HashMap<String, usize>,
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Fields {}

/// Up to this many names are searched one by one.
const LINEAR: usize = 16;

impl Fields {
    /// Names and shapes.
    pub fn entries(&self) -> &[(String, Shape)] {
        &self.entries
    }

    /// Place of `name`. `hint` is where it is tried first: keys mostly come in one order.
    pub fn find(&self, name: &str, hint: usize) -> Option<usize> {
        if self.entries.get(hint).is_some_and(|(n, _)| n == name) {
            return Some(hint);
        }
        if self.entries.len() <= LINEAR {
            return self.entries.iter().position(|(n, _)| n == name);
        }
        self.index.get(name).copied()
    }

    /// The shape under `name`, which is added where it is new; and its place.
    pub fn entry(&mut self, name: &str, hint: usize) -> (&mut Shape, usize) {
        let place = self.find(name, hint).unwrap_or_else(|| self.push(name));
        (&mut self.entries[place].1, place)
    }

    fn push(&mut self, name: &str) -> usize {
        let place = self.entries.len();
        self.entries.push((name.into(), Shape::Null));
        if place == LINEAR {
            let names = self.entries.iter().enumerate();
            self.index = names.map(|(i, (n, _))| (n.clone(), i)).collect();
        } else if place > LINEAR {
            self.index.insert(name.into(), place);
        }
        place
    }

    fn merge(&mut self, other: Self) {
        for (i, (name, shape)) in other.entries.into_iter().enumerate() {
            self.entry(&name, i).0.merge(shape);
        }
    }
}

impl Shape {
    /// The shape of one number.
    fn number(number: Number<'_>) -> Self {
        if !number.is_integer {
            let value: f64 = number.text.parse().unwrap_or(f64::INFINITY);
            return if value.is_finite() {
                Self::Float
            } else {
                Self::Json
            };
        }
        // Fifteen digits and a sign are always below 2^53.
        if number.text.len() <= 15 {
            return Self::Int53;
        }
        match number.text.parse::<i64>() {
            Ok(value) if value.unsigned_abs() <= MAX_EXACT => Self::Int53,
            Ok(_) => Self::Int64,
            Err(_) => Self::Json,
        }
    }

    /// Widens this shape so that it holds `value`, a column's.
    pub fn absorb(&mut self, value: JsonValue<'_>) -> std::result::Result<(), Fault> {
        match value.kind {
            // Known without reading it again: most bytes of a corpus are in strings.
            Kind::String => self.merge(Self::String),
            _ => self.absorb_level(&mut Scanner::new(value.text), 1)?,
        }
        Ok(())
    }

    fn absorb_level(
        &mut self,
        scanner: &mut Scanner<'_>,
        level: usize,
    ) -> std::result::Result<(), Fault> {
        let kind = scanner.kind()?;
        if kind == Kind::Number {
            self.merge(Self::number(scanner.number()?));
            return Ok(());
        }
        self.merge(Self::empty(kind, level));
        match (&mut *self, kind) {
            (Self::List(item), Kind::List) => {
                scanner.items(|s| item.absorb_level(s, level + 1))?;
            }
            (Self::Struct(fields), Kind::Object) => {
                let mut hint = 0;
                scanner.members(|s, key| {
                    let (shape, place) = fields.entry(&key.decode(), hint);
                    hint = place + 1;
                    shape.absorb_level(s, level + 1)
                })?;
                self.limit();
            }
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    /// The least shape of a kind.
    fn empty(kind: Kind, level: usize) -> Self {
        match kind {
            Kind::Null | Kind::Number => Self::Null,
            Kind::Bool => Self::Bool,
            Kind::String => Self::String,
            Kind::List | Kind::Object if level > MAX_LEVELS => Self::Json,
            Kind::List => Self::List(Box::default()),
            Kind::Object => Self::Struct(Fields::default()),
        }
    }

    fn limit(&mut self) {
        if matches!(self, Self::Struct(fields) if fields.entries.len() > MAX_FIELDS) {
            *self = Self::Json;
        }
    }

    /// Widens this shape so that it holds the values of `other` too.
    pub fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::List(mine), Self::List(theirs)) => mine.merge(*theirs),
            (Self::Struct(mine), Self::Struct(theirs)) => {
                mine.merge(theirs);
                self.limit();
            }
            (_, Self::Null) | (Self::Int64 | Self::Float, Self::Int53) => {}
            (Self::Null, other) | (Self::Int53, other @ (Self::Int64 | Self::Float)) => {
                *self = other;
            }
            (mine, other) if *mine == other => {}
            _ => *self = Self::Json,
        }
    }

    /// The shape that is written: a column needs a type even where it has no value, and Parquet
    /// has no object without fields.
    #[must_use]
    pub fn resolved(&self) -> Self {
        match self {
            Self::Null => Self::String,
            Self::Struct(fields) if fields.entries.is_empty() => Self::Json,
            Self::Struct(fields) => {
                let mut resolved = fields.clone();
                resolved
                    .entries
                    .iter_mut()
                    .for_each(|(_, s)| *s = s.resolved());
                Self::Struct(resolved)
            }
            Self::List(item) => Self::List(Box::new(item.resolved())),
            other => other.clone(),
        }
    }

    /// The Arrow type of a resolved shape.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int53 | Self::Int64 => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Null | Self::String | Self::Json => DataType::LargeUtf8,
            Self::List(item) => DataType::LargeList(item_field(item)),
            Self::Struct(fields) => DataType::Struct(
                fields
                    .entries
                    .iter()
                    .map(|(n, s)| Field::new(n, s.data_type(), true))
                    .collect(),
            ),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Null => "null".into(),
            Self::Bool => "bool".into(),
            Self::Int53 => "int53".into(),
            Self::Int64 => "int64".into(),
            Self::Float => "float64".into(),
            Self::String => "string".into(),
            Self::Json => "json".into(),
            Self::List(item) => json!({ "list": item.to_value() }),
            Self::Struct(fields) => json!({ "struct": fields.to_value() }),
        }
    }

    fn from_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::String(name) => match name.as_str() {
                "null" => Self::Null,
                "bool" => Self::Bool,
                "int53" => Self::Int53,
                "int64" => Self::Int64,
                "float64" => Self::Float,
                "string" => Self::String,
                "json" => Self::Json,
                _ => return None,
            },
            Value::Object(parts) if parts.len() == 1 => match parts.iter().next()? {
                (key, item) if key == "list" => Self::List(Box::new(Self::from_value(item)?)),
                (key, fields) if key == "struct" => Self::Struct(Fields::from_value(fields)?),
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// The field of a list's items.
pub fn item_field(item: &Shape) -> FieldRef {
    Arc::new(Field::new("item", item.data_type(), true))
}

impl Fields {
    fn to_value(&self) -> Value {
        self.entries
            .iter()
            .map(|(name, shape)| json!([name, shape.to_value()]))
            .collect()
    }

    fn from_value(value: &Value) -> Option<Self> {
        let mut fields = Self::default();
        for (place, pair) in value.as_array()?.iter().enumerate() {
            let [Value::String(name), shape] = pair.as_array()?.as_slice() else {
                return None;
            };
            let shape = Shape::from_value(shape)?;
            let (entry, found) = fields.entry(name, place);
            *entry = shape;
            // A name that stands twice is found at its first place.
            (found == place).then_some(())?;
        }
        Some(fields)
    }
}

/// The columns of an input: every top-level key, text and id included.
///
/// ```
/// use refinery_core::input::shape::Schema;
/// let mut all = Schema::from_json(r#"[["text","string"],["n","int53"]]"#)?;
/// all.merge(Schema::from_json(r#"[["n","float64"],["tags",{"list":"string"}]]"#)?)?;
/// assert_eq!(all.to_json(), r#"[["text","string"],["n","float64"],["tags",{"list":"string"}]]"#);
/// # Ok::<(), refinery_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The columns.
    pub fields: Fields,
}

impl Schema {
    /// Widens this schema so that it holds the records of `other` too; new columns come last.
    ///
    /// # Errors
    /// [`Error::Schema`] beyond 10,000 columns: nothing is ever left out silently.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        self.fields.merge(other.fields);
        self.check_width()
    }

    pub(super) fn check_width(&self) -> Result<()> {
        let n = self.fields.entries.len();
        match self.fields.entries.get(MAX_COLUMNS) {
            Some((name, _)) => Err(Error::Schema {
                column: name.clone(),
                message: format!("{n} columns, more than {MAX_COLUMNS}; is a key an id?"),
            }),
            None => Ok(()),
        }
    }

    /// The schema as it is written, one nullable field per column.
    pub fn arrow(&self) -> ArrowSchema {
        let entries = self.fields.entries.iter();
        let fields: Vec<_> = entries
            .map(|(n, s)| Field::new(n, s.resolved().data_type(), true))
            .collect();
        ArrowSchema::new(fields)
    }

    /// A list of pairs of name and shape, as JSON.
    pub fn to_json(&self) -> String {
        self.fields.to_value().to_string()
    }

    /// Reads what [`Schema::to_json`] wrote.
    ///
    /// # Errors
    /// [`Error::Parameter`] where it is anything else.
    pub fn from_json(text: &str) -> Result<Self> {
        let fields = serde_json::from_str(text)
            .ok()
            .and_then(|v| Fields::from_value(&v));
        let fields = fields.ok_or_else(|| Error::Parameter {
            name: "schema",
            message: "not a schema of carried columns".into(),
        })?;
        Ok(Self { fields })
    }
}
