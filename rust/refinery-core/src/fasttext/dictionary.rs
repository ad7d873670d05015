//! From text to rows of the input matrix: words, character n-grams and word n-grams.
//!
//! What it is not: a tokenizer for any other purpose. Words here are what the reference library
//! reads: bytes between the seven ASCII separators, so that U+0085 or U+2028 is part of a word.
//! Every newline counts as a space, as peers do before they call the library; the text is then
//! one line, which ends with the word `</s>`.

use std::io::BufRead;

use xxhash_rust::xxh3::xxh3_64;

use super::batch::{Batch, ones};
use super::kept::Kept;
use super::load::{Header, Source};
use super::ngrams::{Ngrams, WordNgrams};
use super::short_words::ShortWords;
use super::table::{Inserted, Remainder, Table};
use super::words::{BATCH, Words, hash};
use crate::Result;
use crate::key::Key;

/// The word that ends every line. In the text itself it ends the line early, as it does in the
/// reference.
const END: &[u8] = b"</s>";
/// Words with this prefix are labels, and no input. The prefix of the training is not stored in
/// the file; a loaded model falls back to this one, also in the reference.
const LABEL_PREFIX: &[u8] = b"__label__";
/// Buffers of [`Dictionary::rows`].
#[derive(Default)]
pub(super) struct RowScratch {
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
    /// The other words by their XXH3: those that have no key, and those that found no room.
    others: Table,
    /// All words, then all labels, end to end.
    arena: Vec<u8>,
    /// Entry `i` is `arena[bounds[i]..bounds[i + 1]]`.
    bounds: Vec<u32>,
    n_words: u32,
    /// The entry of [`END`] from 1 on, 0 where there is none.
    end: u32,
    bucket: u32,
    ngrams: Ngrams,
    /// Rows of the character n-grams of every word, where they are worth their memory.
    of_words: Option<WordNgrams>,
    /// The n-grams that were kept, in a model whose n-grams were pruned.
    kept: Option<Kept>,
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
            others: Table::with_room_for(0),
            arena: Vec::new(),
            bounds: Vec::with_capacity(n_entries as usize + 1),
            n_words,
            end: 0,
            bucket: header.bucket,
            ngrams: Ngrams {
                n_words,
                into_bucket: Remainder::new(header.bucket),
                max_words: header.word_ngrams,
                minn: header.minn,
                maxn: header.maxn,
            },
            of_words: None,
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
        dictionary.end = dictionary.find_one(END);
        dictionary.kept = Kept::read(n_pruned, dictionary.bucket, source)?;
        dictionary.of_words = dictionary.ngrams_of_words(source.len());
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
        self.short_words = ShortWords::with_room_for(n_entries);
        let mut others = Vec::new();
        for entry in 0..n_entries as u32 {
            let word = entry_at(&self.arena, &self.bounds, entry);
            let key = Key::of_short(word, 0, word.len());
            let is_short = key != Key::default();
            if !(is_short && self.short_words.insert(key, entry + 1, hash(word))) {
                others.push(entry);
            }
        }
        self.others = Table::with_room_for(others.len());
        for entry in others {
            match self.insert_other(entry) {
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

    fn insert_other(&mut self, entry: u32) -> Inserted {
        let (arena, bounds) = (&self.arena, &self.bounds);
        let word = entry_at(arena, bounds, entry);
        let key = Key::of_short(word, 0, word.len());
        let candidate = self.short_words.candidate(hash(word));
        if self.short_words.check(candidate, key) != 0 {
            return Inserted::Twice;
        }
        let is_same = |other| entry_at(arena, bounds, other) == word;
        self.others.insert(xxh3_64(word) as u32, entry, is_same)
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
        self.arena.len()
            + size_of_val(&self.bounds[..])
            + self.short_words.n_bytes()
            + self.others.n_bytes()
            + self.of_words.as_ref().map_or(0, WordNgrams::n_bytes)
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
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "a call of a function for newer processors")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("popcnt")
        {
            // SAFETY: the machine was just asked for these instructions.
            return unsafe { self.rows_by_avx2(text.as_bytes(), scratch) };
        }
        self.rows_of(text.as_bytes(), scratch);
    }

    /// [`Self::rows_of`] in wide registers.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn rows_by_avx2(&self, text: &[u8], scratch: &mut RowScratch) {
        self.rows_of(text, scratch);
    }

    #[inline(always)]
    fn rows_of(&self, text: &[u8], scratch: &mut RowScratch) {
        scratch.rows.clear();
        scratch.hashes.clear();
        let mut words = Words::new(text);
        // The memory is asked for the buckets of one batch and for the keys of the one before it,
        // while the words of a third, whose keys have come meanwhile, are looked up.
        let mut batches = [(); 3].map(|()| Batch::new());
        let [mut now, mut next, mut last] = batches.each_mut();
        loop {
            self.take(text, &mut words, last);
            if now.n + next.n + last.n == 0 {
                break;
            }
            self.ask(next);
            if !self.add(text, now, scratch) {
                break;
            }
            (now, next, last) = (next, last, now);
        }
        self.add_word(END, self.end, hash(END), scratch);
        self.ngrams.add_of_words(&scratch.hashes, &mut scratch.rows);
    }

    /// Replaces the words of `batch` by the next ones.
    #[inline(always)]
    fn take(&self, text: &[u8], words: &mut Words<'_>, batch: &mut Batch) {
        batch.fill(text, words.next_batch());
        for &hash in &batch.hashes {
            self.short_words.prefetch(hash);
        }
    }

    /// Finds out what the words of a batch may be.
    #[inline(always)]
    fn ask(&self, batch: &mut Batch) {
        for (candidate, &hash) in batch.candidates.iter_mut().zip(&batch.hashes) {
            *candidate = self.short_words.candidate(hash);
        }
    }

    /// The entries of the words of a batch that was asked about, from 1 on; 0 where a word is none.
    #[inline(always)]
    fn find(&self, text: &[u8], batch: &Batch) -> [u32; BATCH] {
        let (mut found, mut elsewhere) = ([0; BATCH], batch.long);
        for (i, &candidate) in batch.candidates.iter().enumerate() {
            found[i] = self.short_words.check(candidate, batch.keys[i]);
        }
        // In a loop of its own: beside the comparison of keys it becomes a branch.
        for (i, &candidate) in batch.candidates.iter().enumerate() {
            let is_elsewhere = found[i] == 0 && candidate.elsewhere != 0;
            elsewhere |= u32::from(is_elsewhere) << i;
        }
        for i in ones(elsewhere) {
            if i < batch.n {
                found[i] = self.find_other(batch.word(text, i));
            }
        }
        found
    }

    /// The entry of `word` from 1 on, 0 where there is none.
    fn find_one(&self, word: &[u8]) -> u32 {
        let mut batch = Batch::new();
        batch.fill(word, &[[0, word.len() as u32]]);
        self.ask(&mut batch);
        self.find(word, &batch)[0]
    }

    #[cold]
    fn find_other(&self, word: &[u8]) -> u32 {
        let is_it = |entry| entry_at(&self.arena, &self.bounds, entry) == word;
        let entry = self.others.get(xxh3_64(word) as u32, is_it);
        entry.map_or(0, |entry| entry + 1)
    }

    /// Adds the words of a batch that was asked about; returns whether the line goes on.
    #[inline(always)]
    fn add(&self, text: &[u8], batch: &Batch, scratch: &mut RowScratch) -> bool {
        if batch.n == 0 {
            return true;
        }
        let found = self.find(text, batch);
        if self.ngrams.maxn == 0 && !batch.may_start_with([*b"</s>", *b"__la"]) {
            self.add_plain(&found[..batch.n], &batch.hashes, scratch);
            return true;
        }
        for (i, &entry) in found.iter().enumerate().take(batch.n) {
            let word = batch.word(text, i);
            if word == END {
                return false;
            }
            self.add_word(word, entry, batch.hashes[i], scratch);
        }
        true
    }

    /// [`Self::add_word`] for words without character n-grams, without a branch for each of them:
    /// which are in the dictionary cannot be foreseen.
    #[inline(always)]
    fn add_plain(&self, found: &[u32], hashes: &[u32; BATCH], scratch: &mut RowScratch) {
        let (mut rows, mut inputs) = ([0; BATCH], [0; BATCH]);
        let (mut n_rows, mut n_inputs) = (0, 0);
        for (i, &entry) in found.iter().enumerate() {
            let hash = hashes[i % BATCH];
            let row = entry.wrapping_sub(1);
            rows[n_rows % BATCH] = row;
            n_rows += usize::from(row < self.n_words);
            inputs[n_inputs % BATCH] = hash;
            n_inputs += usize::from(entry <= self.n_words);
        }
        scratch.rows.extend_from_slice(&rows[..n_rows]);
        scratch.hashes.extend_from_slice(&inputs[..n_inputs]);
    }

    /// A word adds its own row, where it has one, and those of its character n-grams. Unknown
    /// words take part in word n-grams all the same; labels take part in nothing.
    fn add_word(&self, word: &[u8], entry: u32, hash: u32, scratch: &mut RowScratch) {
        let row = entry.wrapping_sub(1);
        if row < self.n_words {
            scratch.rows.push(row);
            if let Some(of_words) = &self.of_words {
                scratch.hashes.push(hash);
                return scratch.rows.extend_from_slice(of_words.of(row));
            }
        } else if entry != 0 || word.starts_with(LABEL_PREFIX) {
            return;
        }
        scratch.hashes.push(hash);
        if self.ngrams.maxn > 0 && word != END {
            let RowScratch { marked, rows, .. } = scratch;
            self.ngrams.add_of_chars(word, marked, rows);
        }
    }

    /// The character n-grams of all words, unless they take more than about half the file's size.
    fn ngrams_of_words(&self, file_len: u64) -> Option<WordNgrams> {
        let limit = file_len / 8 + (1 << 22);
        let words = (0..self.n_words).map(|i| entry_at(&self.arena, &self.bounds, i));
        let marked = words.map(|word| if word == END { &[] } else { word });
        self.ngrams.of_words(marked, limit)
    }
}

#[inline]
fn entry_at<'a>(arena: &'a [u8], bounds: &[u32], i: u32) -> &'a [u8] {
    &arena[bounds[i as usize] as usize..bounds[i as usize + 1] as usize]
}
