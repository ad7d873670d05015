//! The words of chunks, one chunk after the other: what is plain, what the cache has, what the rules
//! have to cut.

use super::affixes::Chopper;
use super::ahead::{Ahead, Chunk, Other};
use super::phrases::{PhraseFinder, TokenId};
use super::rules::{RULES, Rules};
use super::short::{MAX_TOKENS, ShortCache, ShortChunk};
use crate::text::Word;
use crate::text::words::{SHORT_HASH, push_some, word_between};

/// What is kept from chunk to chunk, and from document to document.
pub(super) struct Cutter {
    rules: &'static Rules,
    chopper: Chopper,
    /// Numbers of the tokens of the last chunk that was cut by the rules.
    ids: Vec<TokenId>,
    short: ShortCache,
    finder: PhraseFinder,
    /// Where the last chunk ends.
    last_end: u32,
}

impl Default for Cutter {
    fn default() -> Self {
        Self {
            rules: &RULES,
            chopper: Chopper::default(),
            ids: Vec::new(),
            short: ShortCache::default(),
            finder: PhraseFinder::default(),
            last_end: 0,
        }
    }
}

impl Cutter {
    /// Forgets the last document.
    pub(super) fn start(&mut self) {
        self.finder.start();
        self.last_end = 0;
    }

    /// Puts together what is one word in spite of the rules.
    pub(super) fn finish(&mut self, text: &str, words: &mut Vec<Word>) {
        self.finder.apply(&self.rules.phrases, text, words);
    }

    /// Appends the words of the next chunks.
    #[inline(always)]
    pub(super) fn add_chunks(&mut self, text: &str, ahead: &mut Ahead, words: &mut Vec<Word>) {
        ahead.prefetch(text, &self.short);
        let mut last_end = self.last_end;
        let mut others = ahead.others().iter();
        for chunk in ahead.chunks() {
            if !chunk.is_other {
                self.add_plain(chunk, words);
            } else if let Some(other) = others.next() {
                let is_one_space =
                    chunk.start == last_end + 1 && text.as_bytes()[last_end as usize] == b' ';
                self.finder.separate(is_one_space);
                self.add_other(text, chunk, other, words);
            }
            last_end = chunk.end;
        }
        self.last_end = last_end;
    }

    /// Appends the words of a chunk that no rule touches.
    #[inline(always)]
    fn add_plain(&mut self, chunk: &Chunk, words: &mut Vec<Word>) {
        let n_letters = u32::from(chunk.n_letters);
        let after = chunk.start + n_letters;
        let n_marks = (chunk.end - after) as usize & 1;
        let mark = self.rules.plain.mark(chunk.last_byte);
        self.finder.restart(mark.id * n_marks as TokenId);
        let word = Word {
            start: chunk.start,
            end: after,
            n_chars: n_letters,
            hash: chunk.hash,
        };
        let mark = Word {
            start: after,
            end: after + 1,
            n_chars: 1,
            hash: mark.hash,
        };
        push_some(words, [word, mark], 1 + n_marks);
    }

    /// Appends the words of a chunk that rules may touch.
    #[inline(always)]
    fn add_other(&mut self, text: &str, chunk: &Chunk, other: &Other, words: &mut Vec<Word>) {
        if chunk.len() > SHORT_HASH {
            self.add_by_rules(text, chunk, words);
            return;
        }
        let phrases = &self.rules.phrases;
        if let Some(known) = self.short.get(other.front, chunk.len(), other.hash) {
            self.finder.step_chunk(phrases, words.len(), known);
            push_some(words, known.words(chunk.start), usize::from(known.n_tokens));
            return;
        }
        let first = words.len();
        self.add_by_rules(text, chunk, words);
        let words = &words[first..];
        if (1..=MAX_TOKENS).contains(&words.len()) {
            let known = ShortChunk::new(other.front, chunk.start, words, &self.ids, phrases);
            self.short.put(other.hash, known);
        }
    }

    /// Appends the words of a chunk by the rules; `ids` are their numbers.
    #[inline(never)]
    fn add_by_rules(&mut self, text: &str, chunk: &Chunk, words: &mut Vec<Word>) {
        let bytes = text.as_bytes();
        let span = chunk.start as usize..chunk.end as usize;
        self.chopper.chop(text, span, self.rules, true);
        self.ids.clear();
        for piece in &self.chopper.pieces {
            let word = word_between(bytes, piece.start as usize, piece.end as usize);
            let id = self.rules.id(piece.bytes(text), word.hash);
            self.finder.step(&self.rules.phrases, words.len(), id);
            self.ids.push(id);
            words.push(word);
        }
    }
}
