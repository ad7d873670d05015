//! Token ids and token counts: embedded `cl100k_base` and `o200k_base`, or any Hugging Face
//! `tokenizer.json`.
//!
//! What is here: ids of the whole text, nothing added (no begin or end tokens) and nothing cut.
//! What is not here: decoding, training, chat templates.
//!
//! A [`Tokenizer`] is shared by all threads; a [`TokenScratch`] belongs to one thread and holds its
//! cache of words, 4.5 MiB at most. It may serve several tokenizers in turn.
//!
//! ```
//! use refinery_core::tokens::{TokenScratch, Tokenizer};
//!
//! let tokenizer = Tokenizer::embedded("cl100k_base")?;
//! let mut scratch = TokenScratch::default();
//! let mut ids = Vec::new();
//! tokenizer.encode("hello world", &mut scratch, &mut ids);
//! assert_eq!(ids, [15339, 1917]);
//! assert_eq!(tokenizer.count("hello world", &mut scratch), 2);
//! # Ok::<(), refinery_core::Error>(())
//! ```

mod cache;
mod embedded;
mod file;
mod merge;
mod short;
mod split;
mod train;
mod whole;

use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use crate::{Error, Result};
use cache::WordCache;
use embedded::Embedded;
use file::File;

/// Names that [`Tokenizer::embedded`] knows, the default first.
pub const NAMES: &[&str] = embedded::NAMES;

/// A tokenizer that is shared by all threads.
pub struct Tokenizer {
    name: String,
    fingerprint: String,
    kind: Kind,
}

enum Kind {
    Embedded(Embedded),
    // Boxed: a file's tokenizer is a large struct.
    File(Box<File>),
    /// Every byte is a token.
    Bytes,
}

/// Buffers and caches of one thread.
#[derive(Default)]
pub struct TokenScratch {
    words: WordCache,
}

impl Tokenizer {
    /// An embedded tokenizer by its name, one of [`NAMES`].
    ///
    /// Errors: [`Error::UnknownName`] for any other name.
    pub fn embedded(name: &str) -> Result<Self> {
        let embedded = Embedded::new(name).ok_or_else(|| Error::UnknownName {
            kind: "tokenizer",
            name: name.into(),
        })?;
        Ok(Self {
            name: name.into(),
            fingerprint: format!("{:032x}", embedded.fingerprint(name)),
            kind: Kind::Embedded(embedded),
        })
    }

    /// A tokenizer from a Hugging Face `tokenizer.json`, without special tokens added.
    ///
    /// Truncation, padding and dropout of the file are switched off. Special tokens that stand in
    /// the text are recognised where the file says so.
    ///
    /// Errors: [`Error::Io`] when the file cannot be read; [`Error::Model`] when it is no
    /// tokenizer, or one that fails on some texts because it lacks its own unknown-word token.
    pub fn from_file(path: &Path) -> Result<Self> {
        let file = File::read(path)?;
        Ok(Self {
            name: path.display().to_string(),
            fingerprint: format!("{:032x}", file.fingerprint()),
            kind: Kind::File(Box::new(file)),
        })
    }

    /// The tokenizer whose tokens are the bytes of the text.
    pub fn bytes() -> Self {
        Self {
            name: "bytes".into(),
            fingerprint: format!("{:032x}", xxh3_128(b"bytes")),
            kind: Kind::Bytes,
        }
    }

    /// A tokenizer from the content of a `tokenizer.json`.
    ///
    /// Errors: [`Error::Parameter`] when it is none.
    pub fn from_json(content: &[u8]) -> Result<Self> {
        let file = File::parse(content).map_err(|message| Error::Parameter {
            name: "tokenizer",
            message,
        })?;
        Ok(Self {
            name: "tokenizer.json".into(),
            fingerprint: format!("{:032x}", file.fingerprint()),
            kind: Kind::File(Box::new(file)),
        })
    }

    /// The tokenizer as the content of a `tokenizer.json`; empty for [`Tokenizer::bytes`].
    ///
    /// Errors: [`Error::Parameter`] for an embedded one.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let refused = |message: String| Error::Parameter {
            name: "tokenizer",
            message,
        };
        match &self.kind {
            Kind::Embedded(_) => Err(refused(format!("{} has no tokenizer.json", self.name))),
            Kind::File(file) => file.to_json().map_err(refused),
            Kind::Bytes => Ok(Vec::new()),
        }
    }

    /// One more than the largest id.
    pub fn n_symbols(&self) -> u32 {
        match &self.kind {
            Kind::Embedded(embedded) => embedded.n_symbols(),
            Kind::File(file) => file.n_symbols(),
            Kind::Bytes => 256,
        }
    }

    /// The name of an embedded tokenizer, or the path of the file as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hash of what determines the ids, 32 hexadecimal digits: the vocabulary and the way texts
    /// are cut, or the content of the file. Stored counts are reusable while it is the same.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether this is `kl3m-004-128k-cased`, known by its vocabulary and not by its name.
    ///
    /// Rule: 131072 entries, a dozen of them checked by token and id, and every id that a metric
    /// of [`crate::signal::kl3m`] names exists.
    pub fn is_kl3m(&self) -> bool {
        match &self.kind {
            Kind::Embedded(_) | Kind::Bytes => false,
            Kind::File(file) => file.is_kl3m(),
        }
    }

    /// Appends the token ids of `text` to `ids`.
    pub fn encode(&self, text: &str, scratch: &mut TokenScratch, ids: &mut Vec<u32>) {
        self.pieces(text, scratch, |piece| ids.extend_from_slice(piece));
    }

    /// Number of tokens of `text`.
    pub fn count(&self, text: &str, scratch: &mut TokenScratch) -> usize {
        let mut n = 0;
        self.pieces(text, scratch, |piece| n += piece.len());
        n
    }

    /// Calls `sink` with the id and the text of every token of `text`; false, and no call, for an
    /// embedded tokenizer, whose tokens are bytes and no text.
    pub(crate) fn texts(&self, text: &str, mut sink: impl FnMut(u32, &str)) -> bool {
        let Kind::File(file) = &self.kind else {
            return false;
        };
        file.texts(text, &mut sink);
        true
    }

    /// The entries of a file's vocabulary by id; none for an embedded tokenizer.
    pub(crate) fn vocabulary(&self) -> Vec<Option<String>> {
        match &self.kind {
            Kind::Embedded(_) | Kind::Bytes => Vec::new(),
            Kind::File(file) => file.vocabulary(),
        }
    }

    #[inline]
    fn pieces(&self, text: &str, scratch: &mut TokenScratch, mut sink: impl FnMut(&[u32])) {
        match &self.kind {
            Kind::Embedded(embedded) => embedded.pieces(text, &mut scratch.words, sink),
            Kind::File(file) => file.pieces(text, &mut sink),
            Kind::Bytes => text.as_bytes().iter().for_each(|b| sink(&[u32::from(*b)])),
        }
    }
}

#[cfg(test)]
mod tests;
