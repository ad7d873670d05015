//! From text to rows of the input matrix: words, character n-grams and word n-grams.
//!
//! What it is not: a tokenizer for any other purpose. Words here are what the reference library
//! reads: bytes between the seven ASCII separators, so that U+0085 or U+2028 is part of a word.
//! Every newline counts as a space, as peers do before they call the library; the text is then
//! one line, which ends with the word `</s>`.

use std::io::BufRead;

use super::kept::Kept;
use super::load::{Header, Source};
use super::short_words::ShortWords;
use super::table::{Inserted, Remainder, Table};
use super::words::{HASH_START, hash, hash_of, hash_step, split};
use crate::Result;
use crate::key::Key;

/// The word that ends every line. In the text itself it ends the line early, as it does in the
/// reference.
const END: &[u8] = b"</s>";
/// Words with this prefix are labels, and no input. The prefix of the training is not stored in
/// the file; a loaded model falls back to this one, also in the reference.
const LABEL_PREFIX: &[u8] = b"__label__";
/// Multiplier of the word n-gram hash.
const NGRAM_FACTOR: u64 = 116_049_371;
/// Words that are looked up together, each asking the memory for its slot first.
const BATCH: usize = 32;

/// A word of the text: where it is, its key where it has one, and the hash of that.
#[derive(Clone, Copy, Default)]
struct Token {
    start: u32,
    end: u32,
    key: Key,
    key_hash: u64,
}

impl Token {
    #[inline]
    fn new(text: &[u8], [start, end]: [u32; 2]) -> Self {
        let key = Key::of_short(text, start as usize, (end - start) as usize);
        Self {
            start,
            end,
            key,
            key_hash: key.hash(),
        }
    }

    fn is_short(&self) -> bool {
        (self.end - self.start) as usize <= Key::MAX_BYTES
    }

    fn bytes<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start as usize..self.end as usize]
    }
}

/// Buffers of [`Dictionary::rows`].
#[derive(Default)]
pub(super) struct RowScratch {
    /// Where the words of the text start and end.
    bounds: Vec<[u32; 2]>,
    /// Hashes of the words that take part in word n-grams.
    hashes: Vec<u32>,
    /// One word between `<` and `>`.
    marked: Vec<u8>,
    /// The result: rows in the order in which the reference adds them.
    pub(super) rows: Vec<u32>,
}

/// Words, labels and n-gram settings of a model.
pub(super) struct Dictionary {
    short_words: ShortWords,
    /// Words that have no key, by [`hash`].
    long_words: Table,
    /// All words, then all labels, end to end.
    arena: Vec<u8>,
    /// Entry `i` is `arena[bounds[i]..bounds[i + 1]]`.
    bounds: Vec<u32>,
    n_words: u32,
    word_ngrams: usize,
    bucket: u32,
    into_bucket: Remainder,
    minn: usize,
    maxn: usize,
    /// Rows of the character n-grams of every word, where they are worth their memory.
    ngrams: Option<WordNgrams>,
    /// The n-grams that were kept, in a model whose n-grams were pruned.
    kept: Option<Kept>,
}

/// For every word the rows of its character n-grams.
struct WordNgrams {
    bounds: Vec<u32>,
    rows: Vec<u32>,
}

impl WordNgrams {
    #[inline]
    fn of(&self, word: u32) -> &[u32] {
        let word = word as usize;
        &self.rows[self.bounds[word] as usize..self.bounds[word + 1] as usize]
    }
}

/// What the dictionary's part of the file gives.
pub(super) struct Entries {
    pub(super) dictionary: Dictionary,
    pub(super) labels: Vec<String>,
    pub(super) label_counts: Vec<u64>,
}

impl Dictionary {
    pub(super) fn read<R: BufRead>(header: &Header, source: &mut Source<'_, R>) -> Result<Entries> {
        let n_entries = source.int_in("the number of entries", 1, i32::MAX)?;
        let n_words = source.int_in("the number of words", 0, i32::MAX)?;
        let n_labels = source.int_in("the number of labels", 1, i32::MAX)?;
        if u64::from(n_words) + u64::from(n_labels) != u64::from(n_entries) {
            return Err(source.fail(format_args!(
                "{n_words} words and {n_labels} labels are not {n_entries} entries"
            )));
        }
        source.count("the number of tokens")?;
        let n_pruned = source.long("the size of the pruned index")?;
        // An entry has a character, a NUL, a count and a type at least.
        source.need(Some(u64::from(n_entries) * 11), "the dictionary")?;

        let mut dictionary = Self {
            short_words: ShortWords::with_room_for(0),
            long_words: Table::with_room_for(0),
            arena: Vec::new(),
            bounds: Vec::with_capacity(n_entries as usize + 1),
            n_words,
            word_ngrams: header.word_ngrams,
            bucket: header.bucket,
            into_bucket: Remainder::new(header.bucket),
            minn: header.minn,
            maxn: header.maxn,
            ngrams: None,
            kept: None,
        };
        dictionary.bounds.push(0);
        let mut label_counts = Vec::with_capacity(n_labels as usize);
        for entry in 0..n_entries {
            let count = dictionary.read_entry(entry, source)?;
            if entry >= n_words {
                label_counts.push(count);
            }
        }
        dictionary.arena.shrink_to_fit();
        dictionary.index(source)?;
        dictionary.kept = Kept::read(n_pruned, dictionary.bucket, source)?;
        dictionary.ngrams = dictionary.word_ngrams(source.len());
        let labels = dictionary.labels(source)?;
        Ok(Entries {
            dictionary,
            labels,
            label_counts,
        })
    }

    /// Reads one entry, words first, then labels; returns its count.
    fn read_entry<R: BufRead>(&mut self, entry: u32, source: &mut Source<'_, R>) -> Result<u64> {
        if source.word(&mut self.arena)? == 0 {
            return Err(source.fail(format_args!("entry {entry} is empty")));
        }
        let Ok(end) = u32::try_from(self.arena.len()) else {
            return Err(source.fail("the words of the dictionary exceed 4 GiB"));
        };
        self.bounds.push(end);
        let count = source.count("the count of an entry")?;
        let kind = source.byte("the type of an entry")?;
        if kind != u8::from(entry >= self.n_words) {
            return Err(source.fail(format_args!(
                "entry {entry} has type {kind}: words (0) come first, then labels (1)"
            )));
        }
        Ok(count)
    }

    /// Puts all entries into the tables.
    fn index<R: BufRead>(&mut self, source: &Source<'_, R>) -> Result<()> {
        let n_entries = self.bounds.len() - 1;
        let is_short = |bounds: &&[u32]| (bounds[1] - bounds[0]) as usize <= Key::MAX_BYTES;
        let n_short = self.bounds.windows(2).filter(|b| is_short(b)).count();
        self.short_words = ShortWords::with_room_for(n_short);
        self.long_words = Table::with_room_for(n_entries - n_short);
        for entry in 0..n_entries as u32 {
            let (arena, bounds) = (&self.arena, &self.bounds);
            let word = entry_at(arena, bounds, entry);
            let inserted = if word.len() <= Key::MAX_BYTES {
                let key = Key::new(word, 0, word.len());
                self.short_words.insert(key, entry, hash(word))
            } else {
                let is_same = |other| entry_at(arena, bounds, other) == word;
                self.long_words.insert(hash(word), entry, is_same)
            };
            match inserted {
                Inserted::Yes => {}
                Inserted::Twice => {
                    return Err(source.fail(format_args!("entry {entry} is listed twice")));
                }
                Inserted::TooFar => {
                    return Err(source.fail("the hashes of the dictionary collide by design"));
                }
            }
        }
        Ok(())
    }

    fn labels<R: BufRead>(&self, source: &Source<'_, R>) -> Result<Vec<String>> {
        let n_entries = (self.bounds.len() - 1) as u32;
        (self.n_words..n_entries)
            .map(|i| {
                let bytes = entry_at(&self.arena, &self.bounds, i).to_vec();
                String::from_utf8(bytes).map_err(|_| {
                    source.fail(format_args!("label {} is not UTF-8", i - self.n_words))
                })
            })
            .collect()
    }

    pub(super) fn n_bytes(&self) -> usize {
        let ngrams = self.ngrams.as_ref();
        self.arena.len()
            + size_of_val(&self.bounds[..])
            + self.short_words.n_bytes()
            + self.long_words.n_bytes()
            + ngrams.map_or(0, |n| size_of_val(&n.bounds[..]) + size_of_val(&n.rows[..]))
    }

    pub(super) fn is_pruned(&self) -> bool {
        self.kept.is_some()
    }

    /// Rows the input matrix must have.
    pub(super) fn n_rows(&self) -> u64 {
        let ngrams = match &self.kept {
            Some(kept) => kept.len() as u64,
            None => u64::from(self.bucket),
        };
        u64::from(self.n_words) + ngrams
    }

    /// The n-grams that were kept; what is asked of them later is [`super::input::Input`]'s.
    pub(super) fn take_kept(&mut self) -> Option<Kept> {
        self.kept.take()
    }

    pub(super) fn n_words(&self) -> u32 {
        self.n_words
    }

    /// Fills `scratch.rows` with the rows of `text`, there may be none: a row for each word and for
    /// each bucket, also where n-grams were pruned.
    pub(super) fn rows(&self, text: &str, scratch: &mut RowScratch) {
        let text = text.as_bytes();
        let mut bounds = std::mem::take(&mut scratch.bounds);
        split(text, &mut bounds);
        scratch.rows.clear();
        scratch.hashes.clear();
        let end_of_line = Token::new(END, [0, END.len() as u32]);
        let mut batch = [Token::default(); BATCH];
        for bounds in bounds.chunks(BATCH) {
            for (token, &bounds) in batch.iter_mut().zip(bounds) {
                *token = Token::new(text, bounds);
                self.short_words.prefetch(token.key_hash);
            }
            let end = batch[..bounds.len()]
                .iter()
                .position(|token| token.key == end_of_line.key);
            for token in &batch[..end.unwrap_or(bounds.len())] {
                self.add_word(token.bytes(text), token, scratch);
            }
            if end.is_some() {
                break;
            }
        }
        self.add_word(END, &end_of_line, scratch);
        scratch.bounds = bounds;
        self.add_word_ngrams(scratch);
    }

    /// A word adds its own row, where it has one, and those of its character n-grams. Unknown
    /// words take part in word n-grams all the same; labels take part in nothing.
    #[inline]
    fn add_word(&self, word: &[u8], token: &Token, scratch: &mut RowScratch) {
        let (id, hash) = self.find(word, token);
        match id {
            Some(id) if id < self.n_words => {
                scratch.rows.push(id);
                if let Some(ngrams) = &self.ngrams {
                    scratch.hashes.push(hash);
                    return scratch.rows.extend_from_slice(ngrams.of(id));
                }
            }
            Some(_) => return,
            None if word.starts_with(LABEL_PREFIX) => return,
            None => {}
        }
        scratch.hashes.push(hash);
        if self.maxn > 0 && word != END {
            let RowScratch { marked, rows, .. } = scratch;
            self.add_char_ngrams(word, marked, rows);
        }
    }

    /// The place of a word in the dictionary, where it is in it, and its hash.
    #[inline]
    fn find(&self, word: &[u8], token: &Token) -> (Option<u32>, u32) {
        if token.is_short() {
            return match self.short_words.get(token.key, token.key_hash) {
                Some(found) => (Some(found.id), found.hash),
                None => (None, hash_of(token.key)),
            };
        }
        let hash = hash(word);
        let is_it = |id| entry_at(&self.arena, &self.bounds, id) == word;
        (self.long_words.get(hash, is_it), hash)
    }

    /// The character n-grams of all words, unless they take more than about half the file's size.
    fn word_ngrams(&self, file_len: u64) -> Option<WordNgrams> {
        let limit = file_len / 8 + (1 << 22);
        let (mut marked, mut rows, mut bounds) = (Vec::new(), Vec::new(), vec![0]);
        if self.maxn == 0 {
            return None;
        }
        for word in (0..self.n_words).map(|i| entry_at(&self.arena, &self.bounds, i)) {
            if word != END {
                self.add_char_ngrams(word, &mut marked, &mut rows);
            }
            if rows.len() as u64 > limit {
                return None;
            }
            bounds.push(rows.len() as u32);
        }
        rows.shrink_to_fit();
        Some(WordNgrams { bounds, rows })
    }

    /// n-grams of `minn` to `maxn` code points of `<word>`, but not `<` and `>` alone.
    fn add_char_ngrams(&self, word: &[u8], marked: &mut Vec<u8>, rows: &mut Vec<u32>) {
        marked.clear();
        marked.push(b'<');
        marked.extend_from_slice(word);
        marked.push(b'>');
        for start in (0..marked.len()).filter(|&i| starts_char(marked[i])) {
            let mut hash = HASH_START;
            let mut end = start;
            for n in 1..=self.maxn {
                if end == marked.len() {
                    break;
                }
                hash = hash_step(hash, marked[end]);
                end += 1;
                while end < marked.len() && !starts_char(marked[end]) {
                    hash = hash_step(hash, marked[end]);
                    end += 1;
                }
                let is_mark = n == 1 && (start == 0 || end == marked.len());
                if n >= self.minn && !is_mark {
                    rows.push(self.row_of(hash.into()));
                }
            }
        }
    }

    fn add_word_ngrams(&self, scratch: &mut RowScratch) {
        let RowScratch { hashes, rows, .. } = scratch;
        let longer = |hash: u64, &next: &u32| {
            hash.wrapping_mul(NGRAM_FACTOR)
                .wrapping_add(sign_extended(next))
        };
        if self.word_ngrams == 2 {
            let pairs = hashes.windows(2);
            return rows.extend(pairs.map(|p| self.row_of(longer(sign_extended(p[0]), &p[1]))));
        }
        for (i, &first) in hashes.iter().enumerate() {
            let mut hash = sign_extended(first);
            let end = (i + self.word_ngrams).min(hashes.len());
            for next in hashes.get(i + 1..end).unwrap_or_default() {
                hash = longer(hash, next);
                rows.push(self.row_of(hash));
            }
        }
    }

    /// The row of an n-gram with this hash.
    #[inline]
    fn row_of(&self, hash: u64) -> u32 {
        self.n_words + self.into_bucket.of(hash)
    }
}

/// Word hashes are kept as `int` by the reference and enter the 64-bit arithmetic as such.
#[inline]
fn sign_extended(hash: u32) -> u64 {
    i64::from(hash.cast_signed()).cast_unsigned()
}

#[inline]
fn starts_char(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

#[inline]
fn entry_at<'a>(arena: &'a [u8], bounds: &[u32], i: u32) -> &'a [u8] {
    &arena[bounds[i as usize] as usize..bounds[i as usize + 1] as usize]
}
