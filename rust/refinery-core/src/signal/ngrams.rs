//! Repeated word n-grams of one document, as datatrove counts them.
//!
//! Two questions with two notions of equality. [`Ngrams::top_chars`]: the most frequent n-gram,
//! where n-grams are equal word by word. [`Ngrams::repeated_chars`]: what a greedy scan finds a
//! second time, where n-grams are equal when their words *joined without a separator* are
//! (`ab c` equals `a bc`).
//!
//! Both are answered exactly, and nearly all positions without a table:
//!
//! 1. [`Ngrams::load`] copies the words into one run of bytes without separators, so that the
//!    joined n-gram at any word is a slice of it.
//! 2. An n-gram occurs twice only if each of its bigrams does. A small filter finds the positions
//!    whose bigram may repeat; only runs of those are counted for any n.
//! 3. A joined n-gram of [`WINDOW`] bytes and more is found twice only if its first `WINDOW` bytes
//!    are the beginning of another. A second filter finds the positions where that may be so; only
//!    those, and those whose joined 5-gram is shorter, are scanned for any n.
//!
//! Not here: shingles for `MinHash`, which are hashed in another way.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::repeats::{FirstSeen, MayRepeat, fold};
use crate::text::Word;

/// Bytes that tell joined n-grams apart before they are hashed. Two machine words: on prose about
/// one position in ten begins with 16 bytes that another one begins with.
const WINDOW: usize = 16;
/// The shortest n that [`Ngrams::repeated_chars`] answers.
const LEAST_REPEATED: usize = 5;

/// Odd constants from the digits of pi: any would do, they only have to be fixed and dense.
const MIX: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];

/// The words of one document, laid out for n-gram questions; buffers are reused.
#[derive(Debug, Default)]
pub struct Ngrams {
    joined: Vec<u8>,
    /// Where each word starts in `joined`, and its length at the end.
    starts: Vec<u32>,
    n_chars: Vec<u32>,
    bigram_may_repeat: Vec<bool>,
    suspects: Vec<u32>,
    filter: MayRepeat,
    seen: FirstSeen,
}

impl Ngrams {
    /// Takes the words of the next document.
    pub fn load(&mut self, text: &str, words: &[Word]) {
        self.joined.clear();
        self.starts.clear();
        self.n_chars.clear();
        for word in words {
            self.starts.push(self.joined.len() as u32);
            self.n_chars.push(word.n_chars);
            self.joined.extend_from_slice(word.text(text).as_bytes());
        }
        self.starts.push(self.joined.len() as u32);
        self.find_bigrams(words);
        self.find_suspects(words.len());
    }

    /// Step 2: which bigrams may repeat.
    fn find_bigrams(&mut self, words: &[Word]) {
        let keys = words
            .windows(2)
            .map(|pair| fold(pair[0].hash ^ MIX[0], pair[1].hash ^ MIX[1]));
        self.filter.reset(words.len());
        keys.clone().for_each(|key| self.filter.add(key));
        self.bigram_may_repeat.clear();
        self.bigram_may_repeat
            .extend(keys.map(|key| self.filter.may_repeat(key)));
    }

    /// Step 3: where a joined n-gram, n at least 5, may equal another.
    fn find_suspects(&mut self, n_words: usize) {
        let Self {
            joined,
            starts,
            filter,
            suspects,
            ..
        } = self;
        let window = |at: usize| {
            let bytes = joined[starts[at] as usize..].first_chunk::<WINDOW>()?;
            let both = u128::from_le_bytes(*bytes);
            Some(fold(both as u64 ^ MIX[0], (both >> 64) as u64 ^ MIX[1]))
        };
        filter.reset(n_words);
        (0..n_words)
            .filter_map(window)
            .for_each(|key| filter.add(key));
        suspects.clear();
        for at in 0..(n_words + 1).saturating_sub(LEAST_REPEATED) {
            let length = (starts[at + LEAST_REPEATED] - starts[at]) as usize;
            let is_new = window(at).is_some_and(|key| length >= WINDOW && !filter.may_repeat(key));
            if !is_new {
                suspects.push(at as u32);
            }
        }
    }

    /// Characters of the most frequent n-gram, its words joined by one space, times its count.
    ///
    /// Of equally frequent ones the first seen; a count of 1 counts. `None` with fewer words than n.
    pub fn top_chars(&mut self, n: usize) -> Option<usize> {
        if self.n_chars.len() < n {
            return None;
        }
        let (first, count) = self.top_ngram(n);
        let chars: usize = self.chars(first..first + n) + n - 1;
        Some(chars * count)
    }

    /// First position and count of the most frequent n-gram.
    fn top_ngram(&mut self, n: usize) -> (usize, usize) {
        // All others occur once, so without a candidate the first n-gram of all is the answer.
        let mut top = (0, 1);
        let Self {
            joined,
            starts,
            bigram_may_repeat,
            seen,
            ..
        } = self;
        seen.reset(bigram_may_repeat.iter().filter(|&&may| may).count());
        let mut run = 0;
        for (last, &may) in bigram_may_repeat.iter().enumerate() {
            run = if may { run + 1 } else { 0 };
            if run + 1 < n {
                continue;
            }
            let at = last + 2 - n;
            let same = |first: u32| same_words(joined, starts, first as usize, at, n);
            let (first, count) = seen.count(joined_hash(joined, starts, at, n), at as u32, same);
            let (first, count) = (first as usize, count as usize);
            if count > top.1 || count == top.1 && first < top.0 {
                top = (first, count);
            }
        }
        top
    }

    /// Characters of the n-grams that a scan finds a second time, jumping over each one it finds.
    ///
    /// `n` is at least 5. An n-gram inside the part jumped over is not remembered.
    pub fn repeated_chars(&mut self, n: usize) -> usize {
        debug_assert!(
            n >= LEAST_REPEATED,
            "suspects are found for 5-grams and longer"
        );
        let Self {
            joined,
            starts,
            suspects,
            seen,
            n_chars,
            ..
        } = self;
        seen.reset(suspects.len());
        let (mut chars, mut next) = (0, 0);
        for &at in suspects.iter() {
            let i = at as usize;
            if i < next || i + n >= starts.len() {
                continue;
            }
            let same =
                |first: u32| joined[span(starts, first as usize, n)] == joined[span(starts, i, n)];
            if seen.count(joined_hash(joined, starts, i, n), at, same).1 > 1 {
                chars += n_chars[i..i + n].iter().map(|&c| c as usize).sum::<usize>();
                next = i + n;
            }
        }
        chars
    }

    fn chars(&self, words: Range<usize>) -> usize {
        self.n_chars[words].iter().map(|&c| c as usize).sum()
    }
}

/// Bytes of the joined n-gram at word `at`.
fn span(starts: &[u32], at: usize, n: usize) -> Range<usize> {
    starts[at] as usize..starts[at + n] as usize
}

fn joined_hash(joined: &[u8], starts: &[u32], at: usize, n: usize) -> u64 {
    xxh3_64(&joined[span(starts, at, n)])
}

/// Whether the n-grams at `a` and `b` are equal word by word: joined alike and cut alike.
fn same_words(joined: &[u8], starts: &[u32], a: usize, b: usize, n: usize) -> bool {
    let cut_alike = (1..n).all(|k| starts[a + k] - starts[a] == starts[b + k] - starts[b]);
    cut_alike && joined[span(starts, a, n)] == joined[span(starts, b, n)]
}
