//! The words of a document joined without a separator, and what datatrove's scan finds twice in
//! them: there `ab c` equals `a bc`.
//!
//! Exact, and most words are settled by one look into a table ([`JoinedScan`]):
//!
//! 1. [`Joined::load`] copies the words into one run of bytes, so that the joined n-gram at any word
//!    is a slice of it.
//! 2. A joined n-gram of as many bytes as a *window* equals another one only if the windows do with
//!    which both begin. The words whose window occurs once are out, for every n.
//! 3. Only the others are scanned, n by n.

use xxhash_rust::xxh3::xxh3_64;

use super::repeats::{FirstSeen, fold};
use crate::text::Word;

/// Bytes of a window: a little less than an English 5-gram. Of 8, 12, 16 and 20 the cheapest over
/// a mixed corpus.
const WINDOW: usize = 16;

/// The shortest n-grams that are scanned for.
const LEAST: usize = 5;

/// Odd constants from the digits of pi: any would do, they only have to be fixed and dense.
const MIX: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];

/// Words in one run of bytes; buffers are reused.
#[derive(Debug, Default)]
pub struct Joined {
    /// The words, and [`WINDOW`] bytes more at least.
    bytes: Vec<u8>,
    /// Where each word starts in `bytes`, and where the last one ends.
    starts: Vec<u32>,
    n_chars: Vec<u32>,
}

impl Joined {
    /// Takes the words of the next document.
    pub fn load(&mut self, text: &[u8], words: &[Word]) {
        // Words do not overlap, so they are no longer than the text.
        if self.bytes.len() < text.len() + WINDOW {
            self.bytes.resize(text.len() + WINDOW, 0);
        }
        self.starts.clear();
        self.n_chars.clear();
        let mut joined = 0;
        for word in words {
            let (from, len) = (&text[word.start as usize..], word.len());
            match (from.first_chunk(), self.bytes[joined..].first_chunk_mut()) {
                // A copy of a fixed size is two instructions; the next word overwrites what is
                // too much.
                (Some(chunk), Some(to)) if len <= WINDOW => *to = *chunk as [u8; WINDOW],
                _ => self.bytes[joined..joined + len].copy_from_slice(&from[..len]),
            }
            self.starts.push(joined as u32);
            joined += len;
        }
        self.starts.push(joined as u32);
        self.n_chars.extend(words.iter().map(|word| word.n_chars));
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.n_chars.len()
    }

    /// The joined n-gram at word `at`.
    fn ngram(&self, at: usize, n: usize) -> &[u8] {
        &self.bytes[self.starts[at] as usize..self.starts[at + n] as usize]
    }

    /// Characters of the words of the n-gram at word `at`.
    pub fn chars(&self, at: usize, n: usize) -> usize {
        self.n_chars[at..at + n].iter().map(|&c| c as usize).sum()
    }

    /// Characters of all n-grams together; there are at least n words.
    ///
    /// A word is in n of them, less those that would begin before the first word or end after the
    /// last.
    pub fn chars_of_all(&self, n: usize) -> usize {
        let lost = |words: &mut dyn Iterator<Item = &u32>| -> usize {
            (1..n).rev().zip(words).map(|(k, &c)| k * c as usize).sum()
        };
        n * self.chars(0, self.len())
            - lost(&mut self.n_chars.iter())
            - lost(&mut self.n_chars.iter().rev())
    }

    /// Whether the n-grams at `a` and `b` are equal word by word: joined alike and cut alike.
    pub fn is_same_ngram(&self, a: usize, b: usize, n: usize) -> bool {
        let starts = &self.starts;
        let cut_alike = (1..=n).all(|k| starts[a + k] - starts[a] == starts[b + k] - starts[b]);
        cut_alike && self.ngram(a, n) == self.ngram(b, n)
    }

    /// The bytes from word `at` on, at most as many as a window; those after the last word are any.
    #[inline]
    fn window(&self, at: usize) -> u128 {
        let bytes = &self.bytes[self.starts[at] as usize..];
        // There are so many after every word.
        u128::from_le_bytes(*bytes.first_chunk().unwrap_or(&[0; WINDOW]))
    }

    /// How many of the first words have a whole window before the last word ends.
    fn n_windows(&self) -> usize {
        let end = self.starts[self.len()] as usize;
        let last = self.starts.iter().rev();
        self.starts.len() - last.take_while(|&&s| s as usize + WINDOW > end).count()
    }
}

/// A word at which an n-gram may begin that equals another one.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    at: u32,
    /// The least bytes of an n-gram that is surely unique.
    unique_from: u32,
}

/// The scan's buffers, reused.
#[derive(Debug, Default)]
pub struct JoinedScan {
    /// Per window: the first word whose window equals it.
    firsts: Vec<u32>,
    /// Words at which an n-gram may begin that equals another one.
    suspects: Vec<Suspect>,
    seen: FirstSeen,
}

impl JoinedScan {
    /// Finds the suspects among the next document's words.
    pub fn load(&mut self, words: &Joined) {
        let Self {
            firsts,
            suspects,
            seen,
        } = self;
        let n_ngrams = (words.len() + 1).saturating_sub(LEAST);
        let n_windows = words.n_windows().min(n_ngrams);
        seen.reset(n_windows);
        firsts.clear();
        firsts.extend((0..n_windows as u32).map(|at| {
            let window = words.window(at as usize);
            let key = fold(window as u64 ^ MIX[0], (window >> 64) as u64 ^ MIX[1]);
            seen.count(key, at, |first| words.window(first as usize) == window)
                .0
        }));
        suspects.clear();
        let ends = words.starts.get(LEAST..).unwrap_or_default();
        let spans = words.starts.iter().zip(ends).zip(&*firsts);
        for (at, ((start, end), &first)) in (0_u32..).zip(spans) {
            let is_repeated = seen.total(first) > 1;
            if is_repeated || end - start < WINDOW as u32 {
                let unique_from = if is_repeated { u32::MAX } else { WINDOW as u32 };
                suspects.push(Suspect { at, unique_from });
            }
        }
        suspects.extend((n_windows as u32..n_ngrams as u32).map(|at| Suspect {
            at,
            unique_from: u32::MAX,
        }));
    }

    /// Characters of the n-grams that a scan finds a second time, jumping over each one it finds.
    ///
    /// Every n-gram but those at the suspects is new wherever the scan meets it. To be asked for
    /// ascending n, since what is unique once is so for every longer n-gram.
    pub fn chars_found_again(&mut self, words: &Joined, n: usize) -> usize {
        let Self { suspects, seen, .. } = self;
        suspects.retain(|suspect| {
            let at = suspect.at as usize;
            let end = words.starts.get(at + n);
            end.is_some_and(|end| end - words.starts[at] < suspect.unique_from)
        });
        seen.reset(suspects.len());
        let (mut chars, mut next) = (0, 0);
        for (i, suspect) in suspects.iter().enumerate() {
            let at = suspect.at as usize;
            if at < next {
                continue;
            }
            let ngram = words.ngram(at, n);
            let same = |first: u32| words.ngram(suspects[first as usize].at as usize, n) == ngram;
            if seen.count(ngram_hash(ngram), i as u32, same).1 > 1 {
                chars += words.chars(at, n);
                next = at + n;
            }
        }
        chars
    }
}

/// Hash of a joined n-gram. Blocks of a window are folded in turn: for the usual lengths that is a
/// third of the instructions of XXH3.
#[inline]
fn ngram_hash(ngram: &[u8]) -> u64 {
    let Some(last) = ngram.last_chunk::<WINDOW>() else {
        return xxh3_64(ngram);
    };
    let mix = |hash: u64, block: &[u8; WINDOW]| {
        let block = u128::from_le_bytes(*block);
        fold(block as u64 ^ hash, (block >> 64) as u64 ^ MIX[1])
    };
    let blocks = ngram.as_chunks::<WINDOW>().0.iter();
    let hash = blocks.fold(MIX[0] ^ ngram.len() as u64, mix);
    mix(hash, last)
}
