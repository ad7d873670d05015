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

#![expect(
    clippy::inline_always,
    reason = "what is compiled for wide registers is inlined into the function that is"
)]

mod affixes;
mod bytes;
#[cfg(test)]
#[rustfmt::skip]
mod cases;
mod classes;
mod infixes;
mod masks;
mod phrases;
mod plain;
mod rules;
mod sentences;
mod short;
#[rustfmt::skip]
mod tables;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;
mod url;

use std::ops::Range;

use self::affixes::Chopper;
#[cfg(target_arch = "x86_64")]
use self::masks::Wide;
use self::masks::{Masks, Narrow, Registers};
use self::phrases::{PhraseFinder, TokenId};
use self::rules::{RULES, Rules};
pub use self::sentences::LineSentences;
use self::short::{MAX_TOKENS, ShortCache, ShortChunk};
use super::Word;
use super::words::{Front, SHORT_HASH, bytes_from, push_some, word_between};

/// Words of `spacy.blank("en")`, stripped, empty ones removed. Keeps caches between documents;
/// what is in them never changes a result.
pub struct SpacyWords {
    rules: &'static Rules,
    chopper: Chopper,
    /// Numbers of the tokens of the last chunk that was cut by the rules.
    ids: Vec<TokenId>,
    short: ShortCache,
    finder: PhraseFinder,
    /// Words of the text whose sentences are counted.
    words: Vec<Word>,
}

impl Default for SpacyWords {
    fn default() -> Self {
        Self {
            rules: &RULES,
            chopper: Chopper::default(),
            ids: Vec::new(),
            short: ShortCache::default(),
            finder: PhraseFinder::default(),
            words: Vec::new(),
        }
    }
}

impl SpacyWords {
    /// Replaces the content of `words` by the words of `text`, in order. Linear in the text.
    pub fn split(&mut self, text: &str, words: &mut Vec<Word>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = Wide::detect() {
            #[expect(unsafe_code, reason = "it is compiled for what `wide` has seen")]
            // SAFETY: a `Wide` is made only where all of these features were seen.
            unsafe {
                self.split_wide(text, words, wide);
            }
            return;
        }
        self.split_by(text, words, Narrow);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn split_wide(&mut self, text: &str, words: &mut Vec<Word>, wide: Wide) {
        self.split_by(text, words, wide);
    }

    #[inline(always)]
    fn split_by(&mut self, text: &str, words: &mut Vec<Word>, registers: impl Registers) {
        words.clear();
        self.finder.start();
        let (mut base, mut spilt, mut last_end) = (0, 0, 0);
        while base < text.len() {
            let masks = Masks::of(text, base, spilt, self.rules, registers);
            spilt = masks.spilt;
            base = match self.add_block(text, base, &masks, &mut last_end, words) {
                0 => self.add_over_blocks(text, base, &mut last_end, words),
                done => base + done,
            };
        }
        self.finder.apply(&self.rules.phrases, text, words);
    }

    /// Appends the words of the chunks that end in a block, and returns how many bytes are done: up
    /// to the chunk that goes on, if there is one.
    #[inline(always)]
    fn add_block(
        &mut self,
        text: &str,
        base: usize,
        masks: &Masks,
        last_end: &mut usize,
        words: &mut Vec<Word>,
    ) -> usize {
        let inside = !masks.spaces;
        let (mut starts, mut ends) = (inside & !(inside << 1), masks.spaces & inside << 1);
        let mut start = starts.trailing_zeros() as usize;
        while ends != 0 {
            let end = ends.trailing_zeros() as usize;
            let chunk = Chunk {
                start: base + start,
                end: base + end,
                n_letters: (!(masks.letters >> start)).trailing_zeros() as usize,
                last_end: *last_end,
            };
            self.add_chunk(text, chunk, words);
            *last_end = chunk.end;
            starts &= starts - 1;
            ends &= ends - 1;
            // After the last one this is the one that goes on, or where the block ends.
            start = starts.trailing_zeros() as usize;
        }
        start
    }

    /// Appends the words of a chunk that ends in another block than the one it begins; returns its
    /// end.
    #[cold]
    fn add_over_blocks(
        &mut self,
        text: &str,
        start: usize,
        last_end: &mut usize,
        words: &mut Vec<Word>,
    ) -> usize {
        let end = masks::find_space(text, start, self.rules);
        let chunk = Chunk {
            start,
            end,
            n_letters: 0,
            last_end: *last_end,
        };
        self.finder.separate(chunk.is_after_one_space(text));
        self.add_by_rules(text, chunk, words);
        *last_end = end;
        end
    }

    #[inline(always)]
    fn add_chunk(&mut self, text: &str, chunk: Chunk, words: &mut Vec<Word>) {
        if chunk.len() > SHORT_HASH {
            self.finder.separate(chunk.is_after_one_space(text));
            self.add_by_rules(text, chunk, words);
            return;
        }
        let bytes = bytes_from(text.as_bytes(), chunk.start);
        if !self.add_plain(text.as_bytes(), chunk, bytes, words) {
            self.finder.separate(chunk.is_after_one_space(text));
            self.add_short(text, chunk, bytes, words);
        }
    }

    /// Appends the words of a short chunk, if no rule touches it.
    #[inline(always)]
    fn add_plain(&mut self, text: &[u8], chunk: Chunk, bytes: u128, words: &mut Vec<Word>) -> bool {
        let Chunk {
            start,
            end,
            n_letters,
            ..
        } = chunk;
        let n_marks = chunk.len() - n_letters;
        let plain = &self.rules.plain;
        // Without a letter this is the byte before the chunk or itself; it is not looked at.
        let letter = text[(start + n_letters).saturating_sub(1)];
        let mark = plain.mark(text[end - 1]);
        let hash = Front::new(bytes, n_letters).hash();
        if plain.objection(hash, letter, n_marks, mark) != 0 {
            return false;
        }
        self.finder.restart(mark.id * n_marks as TokenId);
        let after = (start + n_letters) as u32;
        let word = Word {
            start: start as u32,
            end: after,
            n_chars: n_letters as u32,
            hash,
        };
        let mark = Word {
            start: after,
            end: after + 1,
            n_chars: 1,
            hash: mark.hash,
        };
        push_some(words, [word, mark], 1 + n_marks);
        true
    }

    /// Appends the words of a short chunk that rules may touch.
    #[inline(always)]
    fn add_short(&mut self, text: &str, chunk: Chunk, bytes: u128, words: &mut Vec<Word>) {
        let (base, n_bytes) = (chunk.start as u32, chunk.len());
        let front = Front::new(bytes, n_bytes);
        let hash = front.hash();
        let phrases = &self.rules.phrases;
        if let Some(known) = self.short.get(front, n_bytes, hash) {
            self.finder.step_chunk(phrases, words.len(), known);
            push_some(words, known.words(base), usize::from(known.n_tokens));
            return;
        }
        let first = words.len();
        self.add_by_rules(text, chunk, words);
        let words = &words[first..];
        if (1..=MAX_TOKENS).contains(&words.len()) {
            let chunk = ShortChunk::new(front, base, words, &self.ids, phrases);
            self.short.put(hash, chunk);
        }
    }

    /// Appends the words of a chunk by the rules; `ids` are their numbers.
    #[inline(never)]
    fn add_by_rules(&mut self, text: &str, chunk: Chunk, words: &mut Vec<Word>) {
        let bytes = text.as_bytes();
        self.chopper
            .chop(text, chunk.start..chunk.end, self.rules, true);
        self.ids.clear();
        for piece in &self.chopper.pieces {
            let word = word_between(bytes, piece.start as usize, piece.end as usize);
            let id = self.rules.id(piece.bytes(text), word.hash);
            self.finder.step(&self.rules.phrases, words.len(), id);
            self.ids.push(id);
            words.push(word);
        }
    }

    /// Number of sentences that datatrove's `split_into_sentences` finds in `text`: one at least,
    /// even in an empty text.
    pub fn count_sentences(&mut self, text: &str) -> usize {
        let mut words = std::mem::take(&mut self.words);
        self.split(text, &mut words);
        let mut n = 1;
        sentences::for_each_end(text, &words, |_| n += 1);
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
        sentences::for_each_end(text, &words, |end| {
            sentence(start..end);
            start = end;
        });
        sentence(start..text.len());
        self.words = words;
    }
}

/// A run of characters without white space.
#[derive(Clone, Copy)]
struct Chunk {
    start: usize,
    end: usize,
    /// Number of ASCII letters that it begins with.
    n_letters: usize,
    /// Where the chunk before ends.
    last_end: usize,
}

impl Chunk {
    #[inline]
    fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there is nothing but one space between it and the chunk before.
    #[inline]
    fn is_after_one_space(&self, text: &str) -> bool {
        (self.start == self.last_end + 1) & (text.as_bytes()[self.last_end] == b' ')
    }
}
