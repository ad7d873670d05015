//! From text to rows of the input matrix: words, character n-grams and word n-grams.
//!
//! What it is not: a tokenizer for any other purpose. Words here are what the reference library
//! reads: bytes between the seven ASCII separators, so that U+0085 or U+2028 is part of a word.
//! Every newline counts as a space, as peers do before they call the library; the text is then
//! one line, which ends with the word `</s>`.

use std::io::BufRead;

use super::load::{Header, Source};
use super::table::{Inserted, Remainder, Table};
use crate::Result;

/// The word that ends every line. In the text itself it ends the line early, as it does in the
/// reference.
const END: &[u8] = b"</s>";
/// Words with this prefix are labels, and no input. The prefix of the training is not stored in
/// the file; a loaded model falls back to this one, also in the reference.
const LABEL_PREFIX: &[u8] = b"__label__";
/// Multiplier of the word n-gram hash.
const NGRAM_FACTOR: u64 = 116_049_371;
/// How many words ahead a slot of the table is asked for.
const AHEAD: usize = 8;

/// A word of the text: where it is, and its hash.
#[derive(Clone, Copy)]
pub(super) struct Token {
    start: u32,
    end: u32,
    hash: u32,
}

/// Buffers of [`Dictionary::rows`].
#[derive(Default)]
pub(super) struct RowScratch {
    tokens: Vec<Token>,
    /// Hashes of the words that take part in word n-grams.
    hashes: Vec<u32>,
    /// One word between `<` and `>`.
    marked: Vec<u8>,
    /// The result: rows in the order in which the reference adds them.
    pub(super) rows: Vec<u32>,
}

/// Words, labels and n-gram settings of a model.
pub(super) struct Dictionary {
    table: Table,
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
    /// Bucket to row, in a model whose n-grams were pruned.
    pruned: Option<Table>,
    n_pruned: u64,
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
            table: Table::with_room_for(n_entries as usize),
            arena: Vec::new(),
            bounds: Vec::with_capacity(n_entries as usize + 1),
            n_words,
            word_ngrams: header.word_ngrams,
            bucket: header.bucket,
            into_bucket: Remainder::new(header.bucket),
            minn: header.minn,
            maxn: header.maxn,
            ngrams: None,
            pruned: None,
            n_pruned: u64::try_from(n_pruned).unwrap_or(0),
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
        dictionary.read_pruned(n_pruned, source)?;
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
        let start = self.arena.len();
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
        let hash = hash(&self.arena[start..]);
        let (arena, bounds) = (&self.arena, &self.bounds);
        let is_same = |other| entry_at(arena, bounds, other) == &arena[start..];
        match self.table.insert(hash, entry, is_same) {
            Inserted::Yes => Ok(count),
            Inserted::Twice => Err(source.fail(format_args!("entry {entry} is listed twice"))),
            Inserted::TooFar => Err(source.fail("the hashes of the dictionary collide by design")),
        }
    }

    fn read_pruned<R: BufRead>(&mut self, n: i64, source: &mut Source<'_, R>) -> Result<()> {
        if n < -1 {
            return Err(source.fail(format_args!("the size of the pruned index is {n}")));
        }
        if n == -1 {
            return Ok(());
        }
        let n = self.n_pruned;
        source.need(n.checked_mul(8), "the pruned index")?;
        let limit = u64::from(self.bucket).min(i32::MAX as u64);
        if n > limit {
            return Err(source.fail(format_args!("{n} pruned n-grams in {limit} buckets")));
        }
        let mut table = Table::with_room_for(n as usize);
        for _ in 0..n {
            let bucket = source.int_in("a pruned bucket", 0, self.bucket.cast_signed() - 1)?;
            let row = source.int_in("a pruned row", 0, n as i32 - 1)?;
            // The scrambled bucket decides equality: scrambling is one to one.
            match table.insert(scramble(bucket), row, |_| true) {
                Inserted::Yes => {}
                Inserted::Twice => {
                    return Err(source.fail(format_args!("bucket {bucket} is pruned twice")));
                }
                Inserted::TooFar => {
                    return Err(source.fail("the hashes of the pruned index collide by design"));
                }
            }
        }
        self.pruned = Some(table);
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
        let tables = [Some(&self.table), self.pruned.as_ref()];
        let ngrams = self.ngrams.as_ref();
        self.arena.len()
            + size_of_val(&self.bounds[..])
            + ngrams.map_or(0, |n| size_of_val(&n.bounds[..]) + size_of_val(&n.rows[..]))
            + tables
                .into_iter()
                .flatten()
                .map(Table::n_bytes)
                .sum::<usize>()
    }

    pub(super) fn is_pruned(&self) -> bool {
        self.pruned.is_some()
    }

    /// Rows the input matrix must have.
    pub(super) fn n_rows(&self) -> u64 {
        let ngrams = if self.is_pruned() {
            self.n_pruned
        } else {
            u64::from(self.bucket)
        };
        u64::from(self.n_words) + ngrams
    }

    /// Fills `scratch.rows` with the rows whose mean represents `text`; there may be none.
    pub(super) fn rows(&self, text: &str, scratch: &mut RowScratch) {
        let text = text.as_bytes();
        split(text, &mut scratch.tokens);
        scratch.rows.clear();
        scratch.hashes.clear();
        for i in 0..scratch.tokens.len() {
            if let Some(later) = scratch.tokens.get(i + AHEAD) {
                self.table.prefetch(later.hash);
            }
            let token = scratch.tokens[i];
            let word = &text[token.start as usize..token.end as usize];
            self.add_word(word, token.hash, scratch);
        }
        self.add_word(END, hash(END), scratch);
        self.add_word_ngrams(scratch);
    }

    /// A word adds its own row, where it has one, and those of its character n-grams. Unknown
    /// words take part in word n-grams all the same; labels take part in nothing.
    fn add_word(&self, word: &[u8], hash: u32, scratch: &mut RowScratch) {
        match self.find(word, hash) {
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

    #[inline]
    fn find(&self, word: &[u8], hash: u32) -> Option<u32> {
        self.table
            .get(hash, |id| entry_at(&self.arena, &self.bounds, id) == word)
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
                    self.push_bucket(self.into_bucket.of(hash.into()), rows);
                }
            }
        }
    }

    fn add_word_ngrams(&self, scratch: &mut RowScratch) {
        let RowScratch { hashes, rows, .. } = scratch;
        for (i, &first) in hashes.iter().enumerate() {
            let mut hash = sign_extended(first);
            let end = (i + self.word_ngrams).min(hashes.len());
            for &next in hashes.get(i + 1..end).unwrap_or_default() {
                hash = hash
                    .wrapping_mul(NGRAM_FACTOR)
                    .wrapping_add(sign_extended(next));
                self.push_bucket(self.into_bucket.of(hash), rows);
            }
        }
    }

    #[inline]
    fn push_bucket(&self, bucket: u32, rows: &mut Vec<u32>) {
        match &self.pruned {
            None => rows.push(self.n_words + bucket),
            Some(table) => {
                if let Some(row) = table.get(scramble(bucket), |_| true) {
                    rows.push(self.n_words + row);
                }
            }
        }
    }
}

/// Cuts `text` into words, up to its end or the first `</s>`.
fn split(text: &[u8], tokens: &mut Vec<Token>) {
    tokens.clear();
    let mut at = 0;
    while at < text.len() {
        if SEPARATOR[text[at] as usize] {
            at += 1;
            continue;
        }
        let start = at;
        let mut hash = HASH_START;
        while at < text.len() && !SEPARATOR[text[at] as usize] {
            hash = hash_step(hash, text[at]);
            at += 1;
        }
        if &text[start..at] == END {
            return;
        }
        tokens.push(Token {
            start: start as u32,
            end: at as u32,
            hash,
        });
    }
}

/// The bytes that end a word.
static SEPARATOR: [bool; 256] = {
    let mut table = [false; 256];
    let separators = b" \n\r\t\x0b\x0c\0";
    let mut i = 0;
    while i < separators.len() {
        table[separators[i] as usize] = true;
        i += 1;
    }
    table
};

const HASH_START: u32 = 2_166_136_261;

/// 32-bit FNV-1a, but with every byte sign-extended first: trained models depend on it.
fn hash(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(HASH_START, |hash, &byte| hash_step(hash, byte))
}

#[inline]
fn hash_step(hash: u32, byte: u8) -> u32 {
    (hash ^ i32::from(byte.cast_signed()).cast_unsigned()).wrapping_mul(16_777_619)
}

/// Word hashes are kept as `int` by the reference and enter the 64-bit arithmetic as such.
#[inline]
fn sign_extended(hash: u32) -> u64 {
    i64::from(hash.cast_signed()).cast_unsigned()
}

/// A one-to-one map that spreads small numbers.
#[inline]
fn scramble(bucket: u32) -> u32 {
    let product = bucket.wrapping_mul(0x9E37_79B1);
    product ^ (product >> 16)
}

#[inline]
fn starts_char(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

#[inline]
fn entry_at<'a>(arena: &'a [u8], bounds: &[u32], i: u32) -> &'a [u8] {
    &arena[bounds[i as usize] as usize..bounds[i as usize + 1] as usize]
}
