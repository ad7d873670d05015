//! spaCy's blank-English words and sentences, which datatrove's English filters count in.
//!
//! Not a binding and not a port of spaCy's code: the same boundaries, tested against it
//! (`tests/parity/test_spacy_words.py`). What the tokenizer knows is in `tables`, generated from an
//! installed spaCy; how it goes about:
//!
//! 1. Text is cut at white space (`str.isspace`) into chunks. White space other than one space
//!    after a chunk is a token that `datatrove` strips away, but it ends sentences.
//! 2. A chunk loses prefixes and suffixes from outside in, until a special case or nothing more
//!    is left; the rest is a special case, a URL, or is cut at inner separators (`affixes`, `url`).
//! 3. Neighbouring tokens that are a special case together are joined again (`phrases`).
//!
//! Departs: the words of a document never depend on the documents before it. In spaCy 3.8 they do
//! in one case: from the second document with a token `IS_ALPHA` on, a process raises an error,
//! upon which datatrove 0.10 deletes that string from the text. Here it is a word like any other,
//! as it is in the first such document there.
//!
//! ```
//! use refinery_core::text::spacy::SpacyWords;
//!
//! let text = "Don't stop... at 3.5% #tag.";
//! let mut words = Vec::new();
//! SpacyWords::default().split(text, &mut words);
//! let words: Vec<_> = words.iter().map(|word| word.text(text)).collect();
//! assert_eq!(words, ["Do", "n't", "stop", "...", "at", "3.5", "%", "#", "tag", "."]);
//! ```

mod affixes;
mod bytes;
mod cache;
#[cfg(test)]
#[rustfmt::skip]
mod cases;
mod classes;
mod phrases;
mod plain;
mod rules;
mod sentences;
#[rustfmt::skip]
mod tables;
#[cfg(test)]
mod tests;
mod url;

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use self::affixes::{Chopper, Piece};
use self::bytes::{find_space, skip_one_space, skip_space};
use self::cache::{CachedToken, ChunkCache, MAX_CHUNK};
use self::phrases::PhraseFinder;
use self::plain::Mark;
use self::rules::{RULES, Rules};
use super::Word;
use super::words::word_hash;

/// Words of `spacy.blank("en")`, stripped, empty ones removed. Keeps caches between documents;
/// what is in them never changes a result.
pub struct SpacyWords {
    rules: &'static Rules,
    chopper: Chopper,
    cache: ChunkCache,
    finder: PhraseFinder,
    /// Words of the text whose sentences are counted.
    words: Vec<Word>,
}

impl Default for SpacyWords {
    fn default() -> Self {
        Self {
            rules: &RULES,
            chopper: Chopper::default(),
            cache: ChunkCache::default(),
            finder: PhraseFinder::default(),
            words: Vec::new(),
        }
    }
}

impl SpacyWords {
    /// Replaces the content of `words` by the words of `text`, in order. Linear in the text.
    pub fn split(&mut self, text: &str, words: &mut Vec<Word>) {
        words.clear();
        self.finder.start();
        let mut at = 0;
        loop {
            let start = match skip_one_space(text.as_bytes(), at) {
                Some(start) => start,
                None => skip_space(text, at, self.rules),
            };
            if start == text.len() {
                break;
            }
            if start != at + 1 || text.as_bytes()[at] != b' ' {
                self.finder.interrupt();
            }
            at = self.add_plain(text, start, words).unwrap_or_else(|| {
                let end = find_space(text, start, self.rules);
                self.add_chunk(&text[start..end], start as u32, words);
                end
            });
        }
        self.finder.apply(&self.rules.phrases, text, words);
    }

    /// Appends the words of the chunk at `start` and returns its end, if no rule touches it.
    #[inline]
    fn add_plain(&mut self, text: &str, start: usize, words: &mut Vec<Word>) -> Option<usize> {
        let chunk = self.rules.plain.chunk(text.as_bytes(), start)?;
        let after = chunk.letters_end as u32;
        self.finder.interrupt();
        words.push(Word {
            start: start as u32,
            end: after,
            n_chars: after - start as u32,
            hash: chunk.hash,
        });
        let Some(Mark { hash, id }) = chunk.mark else {
            return Some(chunk.letters_end);
        };
        self.finder.step(&self.rules.phrases, words.len(), id);
        words.push(Word {
            start: after,
            end: after + 1,
            n_chars: 1,
            hash,
        });
        Some(chunk.letters_end + 1)
    }

    /// Appends the words of a chunk that begins at byte `base`.
    #[inline]
    fn add_chunk(&mut self, chunk: &str, base: u32, words: &mut Vec<Word>) {
        let hash = xxh3_64(chunk.as_bytes());
        let Some(tokens) = self.cache.get(chunk.as_bytes(), hash) else {
            self.add_new_chunk(chunk, hash, base, words);
            return;
        };
        for token in tokens {
            self.finder.step(&self.rules.phrases, words.len(), token.id);
            words.push(Word {
                start: base + u32::from(token.start),
                end: base + u32::from(token.end),
                n_chars: u32::from(token.n_chars),
                hash: token.hash,
            });
        }
    }

    #[cold]
    fn add_new_chunk(&mut self, chunk: &str, hash: u64, base: u32, words: &mut Vec<Word>) {
        let Self {
            rules,
            chopper,
            cache,
            finder,
            ..
        } = self;
        let phrases = &rules.phrases;
        chopper.chop(chunk, rules, true);
        for &piece in &chopper.pieces {
            let word = word_of(chunk, piece);
            finder.step(phrases, words.len(), phrases.id(piece.text(chunk)));
            words.push(Word {
                start: base + word.start,
                end: base + word.end,
                ..word
            });
        }
        if chunk.len() <= MAX_CHUNK {
            let tokens = chopper
                .pieces
                .iter()
                .map(|&piece| cached(chunk, piece, rules));
            cache.put(chunk.as_bytes(), hash, tokens);
        }
    }

    /// Number of sentences that datatrove's `split_into_sentences` finds in `text`: one at least,
    /// even in an empty text.
    pub fn count_sentences(&mut self, text: &str) -> usize {
        let mut words = std::mem::take(&mut self.words);
        self.split(text, &mut words);
        let n = count_sentences_in(text, 0..text.len(), &words);
        self.words = words;
        n
    }

    /// The sentences that datatrove's `split_into_sentences` finds in `text`, as byte ranges. They
    /// follow each other without a gap, so all but the first begin with the space before them.
    pub fn sentences(&mut self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.for_each_sentence(text, |sentence| found.push(sentence));
        found
    }

    /// Calls `sentence` with each of [`Self::sentences`].
    pub fn for_each_sentence(&mut self, text: &str, mut sentence: impl FnMut(Range<usize>)) {
        let mut words = std::mem::take(&mut self.words);
        self.split(text, &mut words);
        let mut start = 0;
        sentences::for_each_end(text, 0..text.len(), &words, |end| {
            sentence(start..end);
            start = end;
        });
        sentence(start..text.len());
        self.words = words;
    }
}

/// Number of sentences of `text[span]`, without splitting it again: `words` are those of `span`.
///
/// For the lines of a document, its own words serve: no word and no rule reaches across white
/// space other than a single space, so a line has the same words alone and in its document. A line
/// that is counted without its outer white space needs a span without it.
#[must_use]
pub fn count_sentences_in(text: &str, span: Range<usize>, words: &[Word]) -> usize {
    let mut n = 1;
    sentences::for_each_end(text, span, words, |_| n += 1);
    n
}

/// The word that `text[start..end]` is.
fn word_at(text: &str, start: usize, end: usize) -> Word {
    let word = &text[start..end];
    Word {
        start: start as u32,
        end: end as u32,
        n_chars: word.chars().count() as u32,
        hash: word_hash(word.as_bytes()),
    }
}

fn word_of(chunk: &str, piece: Piece) -> Word {
    word_at(chunk, piece.start as usize, piece.end as usize)
}

fn cached(chunk: &str, piece: Piece, rules: &Rules) -> CachedToken {
    let word = word_of(chunk, piece);
    CachedToken {
        hash: word.hash,
        id: rules.phrases.id(piece.text(chunk)),
        start: word.start as u8,
        end: word.end as u8,
        n_chars: word.n_chars as u8,
    }
}
