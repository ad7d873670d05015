//! The pieces of words that a language model was trained on, whichever file defines them.

use std::path::Path;

use super::sentencepiece::{Unigram, UnigramScratch};
use crate::Result;
use crate::tokens::Tokenizer;

/// What cuts a text into the words of a language model.
pub enum Pieces {
    /// A `SentencePiece` unigram model (`.model`).
    SentencePiece(Box<Unigram>),
    /// A Hugging Face `tokenizer.json`.
    File {
        /// The tokenizer.
        tokenizer: Box<Tokenizer>,
        /// Its entries by id.
        vocabulary: Vec<Option<String>>,
    },
}

impl Pieces {
    /// Loads a `.model` file of `SentencePiece`, or with any other name a `tokenizer.json`.
    ///
    /// # Errors
    /// As [`Unigram::load`] and [`Tokenizer::from_file`].
    pub fn load(path: &Path) -> Result<Self> {
        if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("model"))
        {
            return Ok(Self::SentencePiece(Box::new(Unigram::load(path)?)));
        }
        let tokenizer = Tokenizer::from_file(path)?;
        Ok(Self::File {
            vocabulary: tokenizer.vocabulary(),
            tokenizer: Box::new(tokenizer),
        })
    }

    /// Names what determines the pieces, 32 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        match self {
            Self::SentencePiece(unigram) => unigram.fingerprint(),
            Self::File { tokenizer, .. } => tokenizer.fingerprint().to_owned(),
        }
    }

    /// The texts of all pieces by id, empty where an id has none.
    pub fn texts(&self) -> Vec<&[u8]> {
        match self {
            Self::SentencePiece(unigram) => unigram.pieces().collect(),
            Self::File { vocabulary, .. } => vocabulary
                .iter()
                .map(|entry| entry.as_deref().unwrap_or_default().as_bytes())
                .collect(),
        }
    }

    /// Calls `sink` with every piece of `text`: its id, `None` where its text is not that of an
    /// id, and its text.
    pub fn encode(
        &self,
        text: &str,
        scratch: &mut UnigramScratch,
        mut sink: impl FnMut(Option<u32>, &[u8]),
    ) {
        match self {
            Self::SentencePiece(unigram) => unigram.encode(text, scratch, sink),
            Self::File {
                tokenizer,
                vocabulary,
            } => {
                tokenizer.texts(text, |id, token| {
                    let entry = vocabulary.get(id as usize).and_then(Option::as_deref);
                    sink((entry == Some(token)).then_some(id), token.as_bytes());
                });
            }
        }
    }
}
