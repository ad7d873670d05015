//! Tokenizers out of a Hugging Face `tokenizer.json`, run by the `tokenizers` crate.
//!
//! The ids are those of `Tokenizer.encode(text, add_special_tokens=False)`. What a file may ask
//! for beyond that is refused or switched off, because a count must be that of the whole text and
//! the same every time: truncation, padding and merge dropout.

use std::path::Path;

use tokenizers::{Encoding, Model, ModelWrapper, Tokenizer};
use xxhash_rust::xxh3::xxh3_128;

use crate::{Error, Result};

/// One tokenizer file.
pub(super) struct File {
    inner: Tokenizer,
    fingerprint: u128,
    is_kl3m: bool,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let content = std::fs::read(path).map_err(|source| Error::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&content).map_err(|message| Error::Model {
            path: path.to_path_buf(),
            message,
        })
    }

    /// Reads the content of a `tokenizer.json`; the error says what is wrong with it.
    pub(super) fn parse(content: &[u8]) -> std::result::Result<Self, String> {
        let mut inner = Tokenizer::from_bytes(content)
            .map_err(|e| format!("not a Hugging Face tokenizer.json: {e}"))?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|e| e.to_string())?;
        if let ModelWrapper::BPE(bpe) = inner.get_model()
            && bpe.dropout.is_some_and(|p| p > 0.0)
        {
            let mut bpe = bpe.clone();
            bpe.dropout = None;
            inner.with_model(bpe);
        }
        check_unknown_token(inner.get_model())?;
        let is_kl3m = is_kl3m(&inner);
        Ok(Self {
            inner,
            fingerprint: xxh3_128(content),
            is_kl3m,
        })
    }

    pub(super) fn is_kl3m(&self) -> bool {
        self.is_kl3m
    }

    /// The tokenizer as JSON, from which [`File::parse`] makes an equal one.
    pub(super) fn to_json(&self) -> std::result::Result<Vec<u8>, String> {
        let json = self.inner.to_string(false);
        json.map(String::into_bytes).map_err(|e| e.to_string())
    }

    /// One more than the largest id.
    pub(super) fn n_symbols(&self) -> u32 {
        let ids = self.inner.get_vocab(true).into_values();
        ids.max().map_or(0, |id| id + 1)
    }

    /// Hash of the file's content.
    pub(super) fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    /// Calls `sink` with the ids of `text`, in one or more parts.
    ///
    /// A regular expression of the file may give up on a long text (its engine bounds the steps of
    /// backtracking). Such a text is cut in halves until each part passes; a single character that
    /// does not pass has no ids.
    pub(super) fn pieces(&self, text: &str, sink: &mut impl FnMut(&[u32])) {
        parts(
            text,
            &|part| self.inner.encode_fast(part, false).ok(),
            &mut |encoding| sink(encoding.get_ids()),
        );
    }

    /// Calls `sink` with the id and the text of every token. The text of an unknown word is its
    /// own where the model keeps it, so it need not be the entry of the id.
    pub(super) fn texts(&self, text: &str, sink: &mut impl FnMut(u32, &str)) {
        parts(
            text,
            &|part| self.inner.encode(part, false).ok(),
            &mut |encoding| {
                for (id, token) in encoding.get_ids().iter().zip(encoding.get_tokens()) {
                    sink(*id, token);
                }
            },
        );
    }

    /// The entries by id, `None` where an id has none. Ids that leave most places empty are cut
    /// off: they are of a file made to fill the memory.
    pub(super) fn vocabulary(&self) -> Vec<Option<String>> {
        let most = 8 * self.inner.get_vocab_size(true) + 1024;
        let vocabulary = self.inner.get_vocab(true);
        let end = vocabulary
            .into_values()
            .max()
            .map_or(0, |id| id as usize + 1);
        (0..end.min(most))
            .map(|id| self.inner.id_to_token(id as u32))
            .collect()
    }
}

/// Calls `sink` with what `encode` makes of `text`, in halves where it fails on the whole.
fn parts(text: &str, encode: &impl Fn(&str) -> Option<Encoding>, sink: &mut impl FnMut(&Encoding)) {
    if text.is_empty() {
        return;
    }
    if let Some(encoding) = encode(text) {
        sink(&encoding);
        return;
    }
    let half = text.len() / 2;
    if let Some(middle) = (1..=half)
        .rev()
        .chain(half + 1..text.len())
        .find(|i| text.is_char_boundary(*i))
    {
        parts(&text[..middle], encode, sink);
        parts(&text[middle..], encode, sink);
    }
}

/// Refuses a model whose token for unknown words is missing: it would fail on some documents only.
fn check_unknown_token(model: &ModelWrapper) -> std::result::Result<(), String> {
    let unknown = match model {
        ModelWrapper::BPE(bpe) => bpe.unk_token.as_deref(),
        ModelWrapper::WordLevel(words) => Some(words.unk_token.as_str()),
        ModelWrapper::WordPiece(pieces) => Some(pieces.unk_token.as_str()),
        // A Unigram model refuses a bad id when it is read, and needs one only without all bytes.
        ModelWrapper::Unigram(_) => None,
    };
    match unknown {
        Some(token) if model.token_to_id(token).is_none() => {
            Err(format!("model.unk_token {token:?} is not in model.vocab"))
        }
        _ => Ok(()),
    }
}

/// Number of entries of `kl3m-004-128k-cased`, added tokens included.
const KL3M_VOCABULARY: usize = 1 << 17;

/// Entries of `kl3m-004-128k-cased` as its model card lists them.
pub(super) const KL3M_ENTRIES: &[(&str, u32)] = &[
    ("<|start|>", 0),
    ("<|end|>", 1),
    ("<|pad|>", 2),
    ("<|unk|>", 3),
    ("</|instruction|>", 12),
    ("Ġthe", 280),
    ("Ġof", 290),
    ("Ġand", 310),
    ("The", 908),
    ("Ġsection", 984),
    ("ĠComptroller", 21512),
    ("ĠEnhancing", 62796),
    ("U.S.C.", 129_009),
];

/// Whether ids mean what the metrics of KL3M take them to mean.
///
/// Rule: the vocabulary has 131072 entries, those of [`KL3M_ENTRIES`] have their ids, and every id
/// that a metric names exists. Names and file paths prove nothing, so they do not count.
fn is_kl3m(tokenizer: &Tokenizer) -> bool {
    use crate::signal::kl3m::{FORMAT_TOKENS, NOSPACE_BIGRAMS};
    tokenizer.get_vocab_size(true) == KL3M_VOCABULARY
        && KL3M_ENTRIES
            .iter()
            .all(|(token, id)| tokenizer.token_to_id(token) == Some(*id))
        && [FORMAT_TOKENS, NOSPACE_BIGRAMS]
            .concat()
            .iter()
            .all(|id| tokenizer.id_to_token(*id).is_some())
}
