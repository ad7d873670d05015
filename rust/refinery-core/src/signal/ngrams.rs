//! Repeated word n-grams of one document, as datatrove and Dolma count them.
//!
//! Two questions with two notions of equality. [`Ngrams::top_chars`]: the most frequent n-gram,
//! where n-grams are equal word by word. [`Ngrams::repeated_chars`]: what a greedy scan finds a
//! second time, where n-grams are equal when their words *joined without a separator* are
//! (`ab c` equals `a bc`). Dolma's two questions are [`Ngrams::word_chars`], both word by word.
//!
//! All are answered exactly, and most positions are settled without a table:
//!
//! 1. [`Ngrams::load`] copies the words into one run of bytes without separators, so that the
//!    joined n-gram at any word is a slice of it.
//! 2. Word by word: an n-gram occurs twice only if the two shorter ones in it do. So the positions
//!    that may repeat shrink from 2-grams to 3-grams to 4-grams and on, and only those are counted;
//!    a filter of two bits a slot says which of them may repeat.
//! 3. Repeated n-grams: one that has the bytes of a window is found twice only if its first bytes,
//!    as many as the window has, begin another one. The window grows with n, and the suspects of
//!    one n are among those of the one before; only suspects are scanned.
//!
//! Not here: shingles for `MinHash`, which are hashed in another way.

use xxhash_rust::xxh3::xxh3_64;

use super::repeats::{FirstSeen, MayRepeat, fold};
use crate::text::Word;

/// The shortest of the repeated n-grams.
const LEAST_REPEATED: usize = 5;

/// Bytes that tell the joined n-grams 5-grams apart before they are hashed.
const FIRST_WINDOW: usize = 16;
/// Bytes by which the window grows with n: about a short word.
const WINDOW_STEP: usize = 4;

/// Odd constants from the digits of pi: any would do, they only have to be fixed and dense.
const MIX: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];

/// The words of one document, laid out for n-gram questions; buffers are reused.
#[derive(Debug, Default)]
pub struct Ngrams {
    words: Joined,
    filter: MayRepeat,
    seen: FirstSeen,
    /// For step 2, per word: the key of the n-gram that begins there, and whether it may repeat.
    grams: Vec<Gram>,
    /// For step 3: the positions still in doubt.
    suspects: Vec<Suspect>,
}

/// Answer of [`Ngrams::word_chars`]; `None` with fewer words than n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordChars {
    /// For n = 2, 3, 4 the characters of the most frequent n-gram times its count; of equally
    /// frequent ones the first seen; a count of 1 counts.
    pub top: [Option<usize>; 3],
    /// For n = 5 to 10.
    pub copies: [Option<Copies>; 6],
}

/// Characters of n-grams, every occurrence with all its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    /// Of those that occur more than once, the first occurrence included.
    pub repeated: usize,
    /// Of all.
    pub all: usize,
}

#[derive(Clone, Copy, Debug)]
struct Gram {
    key: u64,
    may_repeat: bool,
}

#[derive(Clone, Copy, Debug)]
struct Suspect {
    at: u32,
    /// Hash of the window that begins at the word, `None` where the text ends before the window.
    key: Option<u64>,
}

/// Words in one run of bytes.
#[derive(Debug, Default)]
struct Joined {
    bytes: Vec<u8>,
    /// Where each word starts in `bytes`, and its length at the end.
    starts: Vec<u32>,
    n_chars: Vec<u32>,
    hashes: Vec<u64>,
}

impl Joined {
    fn load(&mut self, text: &[u8], words: &[Word]) {
        const SHORT: usize = 16;
        self.bytes.clear();
        self.starts.clear();
        self.n_chars.clear();
        self.hashes.clear();
        for word in words {
            let (start, end) = (word.start as usize, word.end as usize);
            let joined = self.bytes.len();
            self.starts.push(joined as u32);
            match text[start..].first_chunk::<SHORT>() {
                // A copy of a fixed size is two instructions; what is too much is cut off again.
                Some(chunk) if end - start <= SHORT => {
                    self.bytes.extend_from_slice(chunk);
                    self.bytes.truncate(joined + end - start);
                }
                _ => self.bytes.extend_from_slice(&text[start..end]),
            }
        }
        self.starts.push(self.bytes.len() as u32);
        self.n_chars.extend(words.iter().map(|w| w.n_chars));
        self.hashes.extend(words.iter().map(|w| w.hash));
    }

    fn len(&self) -> usize {
        self.n_chars.len()
    }

    /// The joined n-gram at word `at`.
    fn ngram(&self, at: usize, n: usize) -> &[u8] {
        &self.bytes[self.starts[at] as usize..self.starts[at + n] as usize]
    }

    fn chars(&self, at: usize, n: usize) -> usize {
        self.n_chars[at..at + n].iter().map(|&c| c as usize).sum()
    }

    /// Characters of all n-grams together; there are at least n words.
    ///
    /// A word is in n of them, less those that would begin before the first word or end after the
    /// last.
    fn chars_of_all(&self, n: usize) -> usize {
        let lost = |words: &mut dyn Iterator<Item = &u32>| -> usize {
            (1..n).rev().zip(words).map(|(k, &c)| k * c as usize).sum()
        };
        n * self.chars(0, self.len())
            - lost(&mut self.n_chars.iter())
            - lost(&mut self.n_chars.iter().rev())
    }

    /// Whether the n-grams at `a` and `b` are equal word by word: joined alike and cut alike.
    fn same_words(&self, a: usize, b: usize, n: usize) -> bool {
        let starts = &self.starts;
        let cut_alike = (1..n).all(|k| starts[a + k] - starts[a] == starts[b + k] - starts[b]);
        cut_alike && self.ngram(a, n) == self.ngram(b, n)
    }

    /// `N` bytes, `skip` bytes after the start of word `at`.
    fn window<const N: usize>(&self, at: usize, skip: usize) -> Option<&[u8; N]> {
        self.bytes
            .get(self.starts[at] as usize + skip..)?
            .first_chunk::<N>()
    }
}

impl Ngrams {
    /// Takes the words of the next document.
    pub fn load(&mut self, text: &str, words: &[Word]) {
        self.words.load(text.as_bytes(), words);
    }

    /// For n = 2, 3, 4 the characters of the most frequent n-gram, its words joined by one
    /// space, times its count.
    ///
    /// Of equally frequent ones the first seen; a count of 1 counts. `None` with fewer words than n.
    pub fn top_chars(&mut self) -> [Option<usize>; 3] {
        self.single_words();
        [2, 3, 4].map(|n| self.top(n, n - 1))
    }

    /// What the word n-grams from 2 to 10 are made of, in characters of words, spaces not counted.
    pub fn word_chars(&mut self) -> WordChars {
        self.single_words();
        WordChars {
            top: [2, 3, 4].map(|n| self.top(n, 0)),
            copies: [5, 6, 7, 8, 9, 10].map(|n| self.copies(n)),
        }
    }

    /// Step 2 begins with 1-grams, each of which may repeat.
    fn single_words(&mut self) {
        let hashes = self.words.hashes.iter();
        self.grams.clear();
        self.grams.extend(hashes.map(|&key| Gram {
            key,
            may_repeat: true,
        }));
    }

    /// Characters of the most frequent n-gram, with `gaps` between its words, times its count.
    fn top(&mut self, n: usize, gaps: usize) -> Option<usize> {
        if self.words.len() < n {
            return None;
        }
        self.lengthen(n);
        let (first, count) = self.top_ngram(n);
        Some((self.words.chars(first, n) + gaps) * count)
    }

    /// Characters of the n-grams that occur more than once, every occurrence counted, and of all.
    fn copies(&mut self, n: usize) -> Option<Copies> {
        if self.words.len() < n {
            return None;
        }
        // Most texts have no longer n-gram twice, so what is left is to count all.
        if self.grams.iter().any(|gram| gram.may_repeat) {
            self.lengthen(n);
        }
        let Self {
            words, grams, seen, ..
        } = self;
        seen.reset(grams.iter().filter(|gram| gram.may_repeat).count());
        let mut repeated = 0;
        for (at, gram) in grams.iter().enumerate() {
            if gram.may_repeat {
                let same = |first: u32| words.same_words(first as usize, at, n);
                // The second copy brings the first one with it.
                repeated += match seen.count(gram.key, at as u32, same) {
                    (_, 1) => 0,
                    (_, 2) => 2 * words.chars(at, n),
                    _ => words.chars(at, n),
                };
            }
        }
        Some(Copies {
            repeated,
            all: words.chars_of_all(n),
        })
    }

    /// Step 2: from the (n-1)-grams that may repeat to the n-grams.
    fn lengthen(&mut self, n: usize) {
        let Self {
            words,
            grams,
            filter,
            ..
        } = self;
        let n_grams = words.len() + 1 - n;
        filter.reset(n_grams);
        for at in 0..n_grams {
            let may_repeat = grams[at].may_repeat & grams[at + 1].may_repeat;
            let key = fold(grams[at].key ^ MIX[0], words.hashes[at + n - 1] ^ MIX[1]);
            grams[at] = Gram { key, may_repeat };
            if may_repeat {
                filter.add(key);
            }
        }
        grams.truncate(n_grams);
        for gram in grams {
            gram.may_repeat &= filter.may_repeat(gram.key);
        }
    }

    /// First position and count of the most frequent n-gram.
    fn top_ngram(&mut self, n: usize) -> (usize, usize) {
        let Self {
            words, grams, seen, ..
        } = self;
        seen.reset(grams.iter().filter(|gram| gram.may_repeat).count());
        // All others occur once, so where none may repeat the first n-gram of all is the answer.
        let mut top = (0, 1);
        for (at, gram) in grams.iter().enumerate() {
            if !gram.may_repeat {
                continue;
            }
            let same = |first: u32| words.same_words(first as usize, at, n);
            let (first, count) = seen.count(gram.key, at as u32, same);
            let (first, count) = (first as usize, count as usize);
            if count > top.1 || count == top.1 && first < top.0 {
                top = (first, count);
            }
        }
        top
    }

    /// For n = 5 to 10 the characters of the n-grams that a scan finds a second time,
    /// jumping over each one it finds.
    ///
    /// An n-gram that begins inside a part jumped over is not remembered.
    pub fn repeated_chars(&mut self) -> [usize; 6] {
        self.suspects.clear();
        self.suspects
            .extend((0..self.words.len() as u32).map(|at| Suspect { at, key: Some(0) }));
        [5, 6, 7, 8, 9, 10].map(|n| {
            self.narrow(n);
            self.scan(n)
        })
    }

    /// Step 3: from the suspects of n-1 to those of n.
    fn narrow(&mut self, n: usize) {
        let Self {
            words,
            suspects,
            filter,
            ..
        } = self;
        let window = FIRST_WINDOW + (n - LEAST_REPEATED) * WINDOW_STEP;
        filter.reset(suspects.len());
        for suspect in suspects.iter_mut() {
            suspect.key = suspect.key.and_then(|key| {
                let at = suspect.at as usize;
                if n > LEAST_REPEATED {
                    let last = words.window::<8>(at, window - 8)?;
                    return Some(fold(key ^ MIX[0], u64::from_le_bytes(*last) ^ MIX[1]));
                }
                let both = u128::from_le_bytes(*words.window::<FIRST_WINDOW>(at, 0)?);
                Some(fold(both as u64 ^ MIX[0], (both >> 64) as u64 ^ MIX[1]))
            });
            suspect.key.iter().for_each(|&key| filter.add(key));
        }
        suspects.retain(|suspect| {
            let at = suspect.at as usize;
            let is_ngram = at + n <= words.len();
            is_ngram
                && (suspect.key.is_none_or(|key| filter.may_repeat(key))
                    || words.ngram(at, n).len() < window)
        });
    }

    /// The scan over the suspects: every other n-gram is new wherever the scan meets it.
    fn scan(&mut self, n: usize) -> usize {
        let Self {
            words,
            suspects,
            seen,
            ..
        } = self;
        seen.reset(suspects.len());
        let (mut chars, mut next) = (0, 0);
        for suspect in suspects.iter() {
            let at = suspect.at as usize;
            if at < next {
                continue;
            }
            let ngram = words.ngram(at, n);
            let same = |first: u32| words.ngram(first as usize, n) == ngram;
            if seen.count(xxh3_64(ngram), suspect.at, same).1 > 1 {
                chars += words.chars(at, n);
                next = at + n;
            }
        }
        chars
    }
}
