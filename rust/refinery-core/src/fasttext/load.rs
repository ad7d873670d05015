//! Reading a model file: a bounded, checked reader and the header.
//!
//! What it is not: a parser of anything else than versions 11 and 12 of the format, or of word
//! vectors. The reference library does not check its stream: a file cut short is accepted, loops
//! for ever or crashes. Here every number is checked when it is read, nothing is allocated that
//! the rest of the file could not fill, and a file that holds more than a model is refused too.

use std::fmt::Display;
use std::io::{BufRead, ErrorKind, Read};
use std::path::Path;

use crate::{Error, Result};

/// First four bytes of every file, little-endian.
const MAGIC: i32 = 793_712_314;
/// Longest word or character n-gram accepted. Published models use up to 6; a header that asks
/// for millions would make one long document run for hours.
const MAX_NGRAM: i32 = 32;

/// Largest weight accepted, far above any trained one. Below it no sum or product of a prediction
/// can leave the range of an `f32`, so that probabilities are always numbers.
const MAX_WEIGHT: f32 = 1e6;

/// A reader that knows where it is and how much there is.
pub(super) struct Source<'a, R> {
    path: &'a Path,
    reader: R,
    at: u64,
    len: u64,
}

impl<'a, R: BufRead> Source<'a, R> {
    pub(super) fn new(path: &'a Path, reader: R, len: u64) -> Self {
        Self {
            path,
            reader,
            at: 0,
            len,
        }
    }

    /// Size of the whole file.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// An error that names the file and the place.
    pub(super) fn fail(&self, what: impl Display) -> Error {
        Error::Model {
            path: self.path.to_path_buf(),
            message: format!("not a usable fastText model, at byte {}: {what}", self.at),
        }
    }

    fn failed_read(&self, what: &str, error: std::io::Error) -> Error {
        if error.kind() == ErrorKind::UnexpectedEof {
            self.fail(format_args!("the file ends inside {what}"))
        } else {
            Error::Io {
                path: self.path.to_path_buf(),
                source: error,
            }
        }
    }

    /// Refuses to go on when the rest of the file is shorter than `bytes`.
    pub(super) fn need(&self, bytes: Option<u64>, what: &str) -> Result<()> {
        let left = self.len.saturating_sub(self.at);
        match bytes {
            Some(bytes) if bytes <= left => Ok(()),
            Some(bytes) => Err(self.fail(format_args!(
                "the file ends inside {what}: {bytes} bytes are needed, {left} are left"
            ))),
            None => Err(self.fail(format_args!("{what}: the size overflows"))),
        }
    }

    fn fill(&mut self, buffer: &mut [u8], what: &str) -> Result<()> {
        self.reader
            .read_exact(buffer)
            .map_err(|error| self.failed_read(what, error))?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    pub(super) fn int(&mut self, what: &str) -> Result<i32> {
        Ok(i32::from_le_bytes(self.array(what)?))
    }

    pub(super) fn long(&mut self, what: &str) -> Result<i64> {
        Ok(i64::from_le_bytes(self.array(what)?))
    }

    pub(super) fn byte(&mut self, what: &str) -> Result<u8> {
        Ok(self.array::<1>(what)?[0])
    }

    /// A C++ `bool`: anything but 0 and 1 is damage.
    pub(super) fn flag(&mut self, what: &str) -> Result<bool> {
        match self.byte(what)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.fail(format_args!("{what} is {other}, neither 0 nor 1"))),
        }
    }

    /// An `int` within `min..=max`.
    pub(super) fn int_in(&mut self, what: &str, min: i32, max: i32) -> Result<u32> {
        let value = self.int(what)?;
        match u32::try_from(value) {
            Ok(unsigned) if value >= min && value <= max => Ok(unsigned),
            _ => Err(self.fail(format_args!("{what} is {value}, outside {min} to {max}"))),
        }
    }

    /// A `long` that counts rows, columns or occurrences.
    pub(super) fn count(&mut self, what: &str) -> Result<u64> {
        let value = self.long(what)?;
        u64::try_from(value).map_err(|_| self.fail(format_args!("{what} is {value}, below 0")))
    }

    /// `n` weights.
    pub(super) fn floats(&mut self, n: u64, what: &str) -> Result<Vec<f32>> {
        self.need(n.checked_mul(4), what)?;
        let n = usize::try_from(n).map_err(|_| self.fail(format_args!("{what}: too large")))?;
        let mut values: Vec<f32> = Vec::with_capacity(n);
        let mut buffer = vec![0; 1 << 16];
        while values.len() < n {
            let bytes = (4 * (n - values.len())).min(buffer.len());
            self.weights(&mut buffer[..bytes], values.len() as u64, what)?;
            let (chunks, _) = buffer[..bytes].as_chunks();
            values.extend(chunks.iter().map(|&c| f32::from_le_bytes(c)));
        }
        Ok(values)
    }

    /// Fills `bytes` with weights as the file has them, the first of which is number `first`.
    pub(super) fn weights(&mut self, bytes: &mut [u8], first: u64, what: &str) -> Result<()> {
        self.fill(bytes, what)?;
        let (chunks, _) = bytes.as_chunks();
        let weight = |&chunk: &[u8; 4]| f32::from_le_bytes(chunk);
        let is_weight = |value: f32| value.abs() <= MAX_WEIGHT;
        // Without a way out of the loop, it takes many weights at a time.
        let are_weights = chunks
            .iter()
            .fold(true, |all, c| all & is_weight(weight(c)));
        let mut values = chunks.iter().map(weight).enumerate();
        if !are_weights && let Some((i, value)) = values.find(|(_, value)| !is_weight(*value)) {
            let number = first + i as u64;
            return Err(self.fail(format_args!("{what}: weight {number} is {value}")));
        }
        Ok(())
    }

    /// `n` bytes.
    pub(super) fn codes(&mut self, n: u64, what: &str) -> Result<Vec<u8>> {
        self.need(Some(n), what)?;
        let n = usize::try_from(n).map_err(|_| self.fail(format_args!("{what}: too large")))?;
        let mut codes = vec![0; n];
        self.fill(&mut codes, what)?;
        Ok(codes)
    }

    /// Appends the bytes up to the next NUL, which is dropped; returns how many there were.
    pub(super) fn word(&mut self, arena: &mut Vec<u8>) -> Result<usize> {
        let before = arena.len();
        let left = self.len.saturating_sub(self.at);
        let read = self.reader.by_ref().take(left).read_until(0, arena);
        let read = read.map_err(|error| self.failed_read("a word", error))?;
        self.at += read as u64;
        if read == 0 || arena.pop() != Some(0) {
            return Err(self.fail("the file ends inside a word"));
        }
        Ok(arena.len() - before)
    }

    /// Refuses bytes after the model.
    pub(super) fn finish(mut self) -> Result<()> {
        let rest = self.reader.fill_buf();
        let rest = rest.map_err(|error| Error::Io {
            path: self.path.to_path_buf(),
            source: error,
        })?;
        if rest.is_empty() && self.at == self.len {
            return Ok(());
        }
        Err(self.fail("the model ends here, the file does not"))
    }
}

/// The training losses, which decide how probabilities are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LossKind {
    /// Hierarchical softmax.
    Tree,
    /// Negative sampling and one-versus-all: one sigmoid a label.
    Sigmoid,
    /// Softmax.
    Softmax,
}

/// What inference needs of the training arguments.
pub(super) struct Header {
    pub(super) dim: usize,
    pub(super) word_ngrams: usize,
    pub(super) loss: LossKind,
    /// Rows for hashed n-grams.
    pub(super) bucket: u32,
    pub(super) minn: usize,
    pub(super) maxn: usize,
}

impl Header {
    pub(super) fn read<R: BufRead>(source: &mut Source<'_, R>) -> Result<Self> {
        let magic = source.int("the magic number")?;
        if magic != MAGIC {
            return Err(source.fail(format_args!("the magic number is {magic}, not {MAGIC}")));
        }
        let version = source.int_in("the format version", 11, 12)?;
        let dim = source.int_in("dim", 1, i32::MAX)? as usize;
        for name in ["ws", "epoch", "minCount", "neg"] {
            source.int_in(name, 0, i32::MAX)?;
        }
        let word_ngrams = source.int_in("wordNgrams", 0, MAX_NGRAM)? as usize;
        let loss = match source.int_in("the loss", 1, 4)? {
            1 => LossKind::Tree,
            3 => LossKind::Softmax,
            _ => LossKind::Sigmoid,
        };
        if source.int_in("the kind of model", 1, 3)? != 3 {
            return Err(source.fail("these are word vectors, not a supervised model"));
        }
        let bucket = source.int_in("bucket", 0, i32::MAX)?;
        let minn = source.int_in("minn", 0, MAX_NGRAM)? as usize;
        let maxn = source.int_in("maxn", 0, MAX_NGRAM)? as usize;
        source.int_in("lrUpdateRate", 0, i32::MAX)?;
        if !f64::from_le_bytes(source.array("t")?).is_finite() {
            return Err(source.fail("t is not a finite number"));
        }
        // Supervised models of version 11 were trained without character n-grams, whatever the
        // header says.
        let maxn = if version == 11 { 0 } else { maxn };
        let header = Self {
            dim,
            word_ngrams,
            loss,
            bucket,
            minn,
            maxn,
        };
        if header.has_ngrams() && bucket == 0 {
            return Err(source.fail("bucket is 0 in a model with n-grams"));
        }
        Ok(header)
    }

    /// Whether any n-gram is hashed into the buckets.
    pub(super) fn has_ngrams(&self) -> bool {
        self.maxn > 0 || self.word_ngrams > 1
    }
}
