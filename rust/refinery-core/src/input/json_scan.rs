//! A pull scanner over one JSON value: checks the grammar and hands out slices, builds nothing.
//!
//! Why not a general parser: a carried number must keep the digits it has, a carried value of
//! mixed type must keep its text, a lone surrogate and a second key must each have their reason,
//! and all of it in the one pass that every byte of the corpus goes through. What it accepts is
//! RFC 8259 and is tested to be what `serde_json` accepts, less lone surrogates, duplicate keys
//! and deep nesting, plus numbers of any size.
//!
//! Recursion is bounded by [`MAX_DEPTH`]; time is linear in the input.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Write};

use memchr::{memchr, memchr2};

use super::line_blocks::is_space;
use super::reasons::{Fault, Reason};

/// Deepest nesting, the record's own braces included; the limit of `serde_json` too.
pub const MAX_DEPTH: usize = 128;
/// Most keys of one object. A record of more is a table in the wrong place.
pub const MAX_KEYS: usize = 10_000;

type Result<T> = std::result::Result<T, Fault>;

/// What a value is, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list.
    List,
    /// An object.
    Object,
}

/// The inside of a string, escapes not yet replaced. Known to be valid.
#[derive(Clone, Copy, Debug)]
pub struct RawStr<'a> {
    raw: &'a str,
    is_escaped: bool,
}

impl<'a> RawStr<'a> {
    /// The string itself.
    pub fn decode(self) -> Cow<'a, str> {
        if !self.is_escaped {
            return Cow::Borrowed(self.raw);
        }
        let mut decoded = String::with_capacity(self.raw.len());
        // Writing to a string cannot fail.
        let _ = self.decode_into(&mut decoded);
        Cow::Owned(decoded)
    }

    /// Appends the string itself to `out`.
    pub fn decode_into(self, out: &mut impl Write) -> fmt::Result {
        let mut rest = self.raw;
        if self.is_escaped {
            while let Some(i) = memchr(b'\\', rest.as_bytes()) {
                out.write_str(&rest[..i])?;
                let (c, length) = unescape(&rest.as_bytes()[i..]);
                out.write_char(c)?;
                rest = &rest[i + length..];
            }
        }
        out.write_str(rest)
    }
}

/// The character of the valid escape that `bytes` begins with, and the escape's length.
fn unescape(bytes: &[u8]) -> (char, usize) {
    match bytes.get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => {
            let high = hex4(bytes, 2).unwrap_or(0xfffd);
            if !is_high_surrogate(high) {
                return (
                    char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER),
                    6,
                );
            }
            let low = hex4(bytes, 8).unwrap_or(0xdc00);
            let scalar = 0x1_0000 + ((high - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
            (
                char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER),
                12,
            )
        }
        Some(c) => (char::from(*c), 2),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |value, d| {
        Some(value << 4 | char::from(*d).to_digit(16)?)
    })
}

const fn is_high_surrogate(unit: u32) -> bool {
    matches!(unit, 0xd800..=0xdbff)
}

const fn is_low_surrogate(unit: u32) -> bool {
    matches!(unit, 0xdc00..=0xdfff)
}

/// A number as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    /// Its text.
    pub text: &'a str,
    /// No fraction and no exponent.
    pub is_integer: bool,
}

/// A value that was checked, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    is_escaped: bool,
}

impl<'a> Value<'a> {
    /// The string, `None` where it is no string.
    pub fn string(self) -> Option<RawStr<'a>> {
        if self.kind != Kind::String {
            return None;
        }
        let raw = self.text.get(1..self.text.len() - 1)?;
        Some(RawStr {
            raw,
            is_escaped: self.is_escaped,
        })
    }
}

/// A reader of one record. Each method leaves it just past what it read.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    /// A scanner at the first value of `text`.
    pub fn new(text: &'a str) -> Self {
        let mut scanner = Self {
            text,
            at: 0,
            depth: 0,
        };
        scanner.skip_space();
        scanner
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn malformed<T>(&self, expected: &str) -> Result<T> {
        let rest = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next());
        let found = rest.map_or_else(|| "the end".into(), |c| format!("{c:?}"));
        self.fault(
            Reason::MalformedRecord,
            &format!("expected {expected}, found {found}"),
        )
    }

    fn fault<T>(&self, reason: Reason, what: &str) -> Result<T> {
        Err(Fault::new(reason, format!("{what} at byte {}", self.at)))
    }

    /// What the next value is.
    pub fn kind(&self) -> Result<Kind> {
        match self.peek() {
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            _ => self.malformed("a value"),
        }
    }

    /// Nothing but white space is left.
    pub fn end(&mut self) -> Result<()> {
        self.skip_space();
        if self.at < self.text.len() {
            self.malformed("the end of the record")
        } else {
            Ok(())
        }
    }

    fn literal(&mut self, word: &str) -> Result<()> {
        if !self.bytes()[self.at..].starts_with(word.as_bytes()) {
            return self.malformed("a value");
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads `null`.
    pub fn null(&mut self) -> Result<()> {
        self.literal("null")
    }

    /// Reads `true` or `false`.
    pub fn bool(&mut self) -> Result<bool> {
        let value = self.peek() == Some(b't');
        self.literal(if value { "true" } else { "false" })
            .map(|()| value)
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            self.malformed("a digit")
        } else {
            Ok(())
        }
    }

    /// Reads a number of any size.
    pub fn number(&mut self) -> Result<Number<'a>> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            is_integer = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            is_integer = false;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Number {
            text: &self.text[start..self.at],
            is_integer,
        })
    }

    /// Reads a string: no raw control characters, only whole escapes, no half surrogate pairs.
    pub fn string(&mut self) -> Result<RawStr<'a>> {
        if self.peek() != Some(b'"') {
            return self.malformed("a string");
        }
        self.at += 1;
        let start = self.at;
        let mut is_escaped = false;
        loop {
            let rest = &self.bytes()[self.at..];
            let Some(length) = memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return self.malformed("the end of a string");
            };
            // The least byte, not the first bad one: this way the loop is vectorised.
            if rest[..length]
                .iter()
                .fold(u8::MAX, |least, b| least.min(*b))
                < b' '
            {
                self.at += rest.iter().take_while(|b| **b >= b' ').count();
                return self.malformed("an escape in place of a control character");
            }
            self.at += length;
            if rest[length] == b'"' {
                let raw = &self.text[start..self.at];
                self.at += 1;
                return Ok(RawStr { raw, is_escaped });
            }
            is_escaped = true;
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Result<()> {
        match self.bytes().get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => return self.unicode_escape(),
            _ => return self.fault(Reason::MalformedRecord, "an unknown escape"),
        }
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<()> {
        let rest = &self.bytes()[self.at..];
        let Some(unit) = hex4(rest, 2) else {
            return self.fault(
                Reason::MalformedRecord,
                "an escape without four hexadecimal digits",
            );
        };
        if is_low_surrogate(unit) {
            return self.fault(Reason::BadEscape, "a low surrogate without a high one");
        }
        if !is_high_surrogate(unit) {
            self.at += 6;
            return Ok(());
        }
        let has_pair = rest[6..].starts_with(b"\\u") && hex4(rest, 8).is_some_and(is_low_surrogate);
        if !has_pair {
            return self.fault(Reason::BadEscape, "a high surrogate without a low one");
        }
        self.at += 12;
        Ok(())
    }

    fn enter(&mut self, open: u8) -> Result<()> {
        if self.peek() != Some(open) {
            return self.malformed(if open == b'{' { "an object" } else { "a list" });
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fault(Reason::TooDeep, &format!("more than {MAX_DEPTH} levels"));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// After a member or item: true if another follows.
    fn another(&mut self, close: u8, expected: &str) -> Result<bool> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_space();
                Ok(true)
            }
            Some(b) if b == close => Ok(false),
            _ => self.malformed(expected),
        }
    }

    /// Reads an object: `member` is called at each value and must read it.
    pub fn members(
        &mut self,
        mut member: impl FnMut(&mut Self, RawStr<'a>) -> Result<()>,
    ) -> Result<()> {
        self.enter(b'{')?;
        if self.peek() != Some(b'}') {
            loop {
                let key = self.string()?;
                self.skip_space();
                if self.peek() != Some(b':') {
                    return self.malformed("':'");
                }
                self.at += 1;
                self.skip_space();
                member(self, key)?;
                if !self.another(b'}', "',' or '}'")? {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Reads a list: `item` is called at each value and must read it.
    pub fn items(&mut self, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.enter(b'[')?;
        if self.peek() != Some(b']') {
            loop {
                item(self)?;
                if !self.another(b']', "',' or ']'")? {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Reads any value and checks it.
    ///
    /// `keys` is scratch; what it holds on entry is left as it is.
    pub fn value(&mut self, keys: &mut Vec<Cow<'a, str>>) -> Result<Value<'a>> {
        let start = self.at;
        let kind = self.kind()?;
        let mut is_escaped = false;
        match kind {
            Kind::Null => self.null()?,
            Kind::Bool => drop(self.bool()?),
            Kind::Number => drop(self.number()?),
            Kind::String => is_escaped = self.string()?.is_escaped,
            Kind::List => self.items(|s| s.value(keys).map(drop))?,
            Kind::Object => {
                let base = keys.len();
                self.members(|s, key| {
                    keys.push(key.decode());
                    s.value(keys).map(drop)
                })?;
                check_keys(&keys[base..].iter().map(AsRef::as_ref))?;
                keys.truncate(base);
            }
        }
        Ok(Value {
            kind,
            text: &self.text[start..self.at],
            is_escaped,
        })
    }

    /// Reads a value that is known to be valid and returns its text.
    pub fn skip(&mut self) -> Result<&'a str> {
        let start = self.at;
        match self.kind()? {
            Kind::Null => self.null()?,
            Kind::Bool => drop(self.bool()?),
            Kind::Number => drop(self.number()?),
            Kind::String => drop(self.string()?),
            Kind::List => self.items(|s| s.skip().map(drop))?,
            Kind::Object => self.members(|s, _| s.skip().map(drop))?,
        }
        Ok(&self.text[start..self.at])
    }
}

/// Refuses an object with one key twice, or with more keys than [`MAX_KEYS`].
pub fn check_keys<'k>(keys: &(impl ExactSizeIterator<Item = &'k str> + Clone)) -> Result<()> {
    let n = keys.len();
    if n > MAX_KEYS {
        let message = format!("an object of {n} keys, more than {MAX_KEYS}");
        return Err(Fault::new(Reason::TooLarge, message));
    }
    // Below some dozens of keys comparing all pairs costs less than hashing each.
    let duplicate = if n <= 24 {
        let mut earlier = keys.clone().enumerate();
        earlier
            .find(|(i, key)| keys.clone().take(*i).any(|k| k == *key))
            .map(|(_, key)| key)
    } else {
        let mut seen = HashSet::with_capacity(n);
        keys.clone().find(|key| !seen.insert(*key))
    };
    match duplicate {
        Some(key) => {
            let shown: String = key.chars().take(64).collect();
            Err(Fault::new(
                Reason::DuplicateKey,
                format!("the key {shown:?} stands twice"),
            ))
        }
        None => Ok(()),
    }
}
