//! A document, split once for every family that reads it.

use super::line_table::{LineTable, Lines};
use super::spacy::SpacyWords;
use super::uax29::uax29_words;
use super::words::{Word, split_words};
use crate::tokens::{TokenScratch, Tokenizer};

/// Which splits of a document the families of a plan read. What nobody reads is not computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of independent splits, not a state"
)]
pub struct Needs {
    /// `Doc::lines`.
    pub lines: bool,
    /// `Doc::words`.
    pub words: bool,
    /// `Doc::split_words`.
    pub split_words: bool,
    /// `Doc::uax29_words`.
    pub uax29_words: bool,
    /// `Doc::tokens`: token ids, not only their number.
    pub token_ids: bool,
}

impl Needs {
    /// Nothing but the text.
    pub const NONE: Self = Self {
        lines: false,
        words: false,
        split_words: false,
        uax29_words: false,
        token_ids: false,
    };

    /// Its word rules by name: what a profile that reads words means by a word.
    pub fn word_rules(self) -> Vec<&'static str> {
        [
            (self.words, "spacy"),
            (self.split_words, "split"),
            (self.uax29_words, "uax29"),
        ]
        .into_iter()
        .filter_map(|(is_needed, name)| is_needed.then_some(name))
        .collect()
    }

    /// The same without words of any rule.
    #[must_use]
    pub fn without_words(self) -> Self {
        Self {
            lines: self.lines,
            token_ids: self.token_ids,
            ..Self::NONE
        }
    }

    /// What either side needs.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            lines: self.lines | other.lines,
            words: self.words | other.words,
            split_words: self.split_words | other.split_words,
            uax29_words: self.uax29_words | other.uax29_words,
            token_ids: self.token_ids | other.token_ids,
        }
    }
}

/// One document and its splits. All slices live in a [`Splitter`]'s buffers.
#[derive(Clone, Copy, Debug)]
pub struct Doc<'a> {
    /// The text as it was read.
    pub text: &'a str,
    /// Length in Unicode scalar values.
    pub n_chars: usize,
    /// Its lines, by any split; none unless [`Needs::lines`].
    pub lines: Lines<'a>,
    /// Words of spaCy's blank English tokenizer; empty unless [`Needs::words`].
    pub words: &'a [Word],
    /// Words of Python's `str.split()`; empty unless [`Needs::split_words`].
    pub split_words: &'a [Word],
    /// Parts between the boundaries of UAX 29 that begin with a letter or a number; empty unless
    /// [`Needs::uax29_words`].
    pub uax29_words: &'a [Word],
    /// Token ids; empty unless [`Needs::token_ids`].
    pub tokens: &'a [u32],
    /// Whether `tokens` come from KL3M's own tokenizer, whose ids some of its metrics name.
    pub is_kl3m_tokenizer: bool,
}

/// Reusable buffers that split documents, one per thread.
#[derive(Default)]
pub struct Splitter {
    lines: LineTable,
    spacy: SpacyWords,
    words: Vec<Word>,
    split_words: Vec<Word>,
    uax29_words: Vec<Word>,
    tokens: Vec<u32>,
    token_scratch: TokenScratch,
}

impl Splitter {
    /// Splits `text` as `needs` says. `tokenizer` must be given when token ids are needed.
    pub fn split<'a>(
        &'a mut self,
        text: &'a str,
        needs: Needs,
        tokenizer: Option<&Tokenizer>,
    ) -> Doc<'a> {
        self.words.clear();
        self.split_words.clear();
        self.uax29_words.clear();
        self.tokens.clear();
        if needs.words {
            self.spacy.split(text, &mut self.words);
        }
        if needs.split_words {
            split_words(text, &mut self.split_words);
        }
        if needs.uax29_words {
            uax29_words(text, &mut self.uax29_words);
        }
        if let (true, Some(tokenizer)) = (needs.token_ids, tokenizer) {
            tokenizer.encode(text, &mut self.token_scratch, &mut self.tokens);
        }
        let lines = if needs.lines {
            self.lines.load(text)
        } else {
            Lines::default()
        };
        Doc {
            text,
            lines,
            n_chars: text.chars().count(),
            words: &self.words,
            split_words: &self.split_words,
            uax29_words: &self.uax29_words,
            tokens: &self.tokens,
            is_kl3m_tokenizer: tokenizer.is_some_and(Tokenizer::is_kl3m),
        }
    }

    /// Number of tokens of `text`, without keeping their ids.
    pub fn count_tokens(&mut self, text: &str, tokenizer: &Tokenizer) -> usize {
        tokenizer.count(text, &mut self.token_scratch)
    }
}
