//! The words of a document joined without a separator, and what datatrove's scan finds twice in
//! them: there `ab c` equals `a bc`.
//!
//! Exact, and most words are settled by looks at a byte ([`JoinedScan`]):
//!
//! 1. [`Joined::load`] copies the words into one run of bytes, so that the joined n-gram at any word
//!    is a slice of it.
//! 2. A joined n-gram of as many bytes as a *window* equals another one only if the windows do with
//!    which both begin. The words whose window occurs once are out, for every n from which on the
//!    n-gram is that long; the others are asked again with a longer window.
//! 3. Only the others are scanned, n by n.

use super::repeats::{FirstSeen, Once, ends_hash, fold, room};
use crate::key::FIRST_BYTES;
use crate::text::Word;

/// Bytes of the shortest window: hardly an n-gram has less. With 6, 10, 12 or 16 there is more to do
/// over a mixed corpus.
const SHORTEST: usize = 8;

/// Bytes of the longest window.
const LONGEST: usize = 48;

/// Bytes that are handled at once.
const BLOCK: usize = 16;

/// The shortest n-grams that are scanned for.
const LEAST: usize = 5;

/// Odd constants from the digits of pi: any would do, they only have to be fixed and dense.
const MIX: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];

/// Words in one run of bytes; buffers are reused.
#[derive(Debug, Default)]
pub struct Joined {
    /// The words, and [`LONGEST`] bytes more at least.
    bytes: Vec<u8>,
    /// Where each word starts in `bytes`, and where the last one ends.
    starts: Vec<u32>,
    n_chars: Vec<u32>,
}

impl Joined {
    /// Takes the words of the next document.
    pub fn load(&mut self, text: &[u8], words: &[Word]) {
        // Words do not overlap, so they are no longer than the text.
        if self.bytes.len() < text.len() + LONGEST {
            self.bytes.resize(text.len() + LONGEST, 0);
        }
        let bytes = &mut self.bytes[..];
        let mut joined = 0;
        self.starts.clear();
        self.starts.extend(words.iter().map(|word| {
            let (from, len) = (&text[word.start as usize..], word.len());
            let to = &mut bytes[joined..];
            match (from.first_chunk(), to.first_chunk_mut()) {
                // A copy of a fixed size is two instructions; the next word overwrites what is
                // too much.
                (Some(chunk), Some(to)) if len <= BLOCK => *to = *chunk as [u8; BLOCK],
                _ => to[..len].copy_from_slice(&from[..len]),
            }
            let start = joined as u32;
            joined += len;
            start
        }));
        self.starts.push(joined as u32);
        self.n_chars.clear();
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

    /// The joined n-gram that begins at a suspect.
    fn bytes_of(&self, suspect: &Suspect) -> &[u8] {
        &self.bytes[suspect.start as usize..][..suspect.len as usize]
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

    /// Hash of the window of `N` bytes at word `at`.
    #[inline]
    fn window_hash<const N: usize>(&self, at: u32) -> u64 {
        let bytes = &self.bytes[self.starts[at as usize] as usize..];
        // There are so many after every word; those after the last one are any.
        let window = bytes.first_chunk::<N>().unwrap_or(&[0; N]);
        if N <= BLOCK {
            ends_hash(window)
        } else {
            ngram_hash(window)
        }
    }

    /// Hash of the joined n-gram of `len` bytes from `start` on.
    #[inline]
    fn ngram_hash(&self, start: usize, len: usize) -> u64 {
        let bytes = &self.bytes[start..];
        if len < BLOCK {
            let window = bytes.first_chunk().unwrap_or(&[0; BLOCK]);
            let ngram = u128::from_le_bytes(*window) & FIRST_BYTES[len];
            hash(MIX[0] ^ len as u64, ngram)
        } else {
            ngram_hash(&bytes[..len])
        }
    }
}

/// A word at which an n-gram may begin that equals another one.
#[derive(Clone, Copy, Debug, Default)]
struct Suspect {
    at: u32,
    /// Where it starts among the joined bytes.
    start: u32,
    /// Bytes of the joined n-gram.
    len: u32,
    /// The least bytes of an n-gram that is surely unique.
    unique_from: u32,
}

/// The scan's buffers, reused.
#[derive(Debug, Default)]
pub struct JoinedScan {
    once: Once,
    /// Words whose window occurs again, of the windows so far.
    open: Vec<u32>,
    /// Per word: the least bytes of an n-gram there that is surely unique.
    unique_from: Vec<u32>,
    /// Words at which an n-gram may begin that equals another one, and room for more.
    suspects: Vec<Suspect>,
    n_suspects: usize,
    seen: FirstSeen,
}

impl JoinedScan {
    /// Finds the suspects among the next document's words.
    pub fn load(&mut self, words: &Joined) {
        let n = (words.len() + 1).saturating_sub(LEAST);
        self.compare_windows(words, n);
        let Self {
            unique_from,
            suspects,
            n_suspects,
            ..
        } = self;
        let suspects = room(suspects, n + 1);
        *n_suspects = 0;
        let ends = words.starts.get(LEAST..).unwrap_or_default();
        let spans = words.starts.iter().zip(ends);
        for (at, ((&start, end), &unique_from)) in (0..).zip(spans.zip(&*unique_from)) {
            let len = end - start;
            // Without a branch: which windows of a text repeat cannot be told beforehand.
            suspects[*n_suspects] = Suspect {
                at,
                start,
                len,
                unique_from,
            };
            *n_suspects += usize::from(len < unique_from);
        }
    }

    /// Fills `unique_from` for the first `n` words: longer and longer windows, each of those words
    /// only whose window so far occurs again.
    fn compare_windows(&mut self, words: &Joined, n: usize) {
        self.open.clear();
        self.open.extend(0..n as u32);
        self.unique_from.clear();
        self.unique_from.resize(n, SHORTEST as u32);
        self.compare::<SHORTEST>(words, 12);
        self.compare::<12>(words, 16);
        self.compare::<16>(words, 24);
        self.compare::<24>(words, 32);
        self.compare::<32>(words, LONGEST as u32);
        self.compare::<LONGEST>(words, u32::MAX);
    }

    /// Leaves the words whose window of `N` bytes occurs again: only the one of `next` bytes can tell.
    fn compare<const N: usize>(&mut self, words: &Joined, next: u32) {
        let hash = |at| words.window_hash::<N>(at);
        self.once.leave_repeated(&mut self.open, hash);
        for &at in &self.open {
            self.unique_from[at as usize] = next;
        }
    }

    /// Characters of the n-grams that a scan finds a second time, jumping over each one it finds.
    ///
    /// Every n-gram but those at the suspects is new wherever the scan meets it. To be asked for
    /// ascending n, since what is unique once is so for every longer n-gram.
    pub fn chars_found_again(&mut self, words: &Joined, n: usize) -> usize {
        self.lengthen(words, n);
        let suspects = &self.suspects[..self.n_suspects];
        let mut seen = self.seen.empty(suspects.len());
        let (mut chars, mut next) = (0, 0);
        for (item, suspect) in (0..).zip(suspects) {
            if suspect.at < next {
                continue;
            }
            let same = |first: u32| {
                let first = &suspects[first as usize];
                words.bytes_of(first) == words.bytes_of(suspect)
            };
            let key = words.ngram_hash(suspect.start as usize, suspect.len as usize);
            let (_, count) = seen.count(key, item, same);
            if count > 1 {
                chars += words.chars(suspect.at as usize, n);
                next = suspect.at + n as u32;
            }
        }
        chars
    }

    /// Leaves the suspects at which an n-gram may begin that equals another one.
    fn lengthen(&mut self, words: &Joined, n: usize) {
        let Self {
            suspects,
            n_suspects,
            ..
        } = self;
        let n_ngrams = (words.len() + 1).saturating_sub(n) as u32;
        let ends = words.starts.get(n..).unwrap_or_default();
        let known = *n_suspects;
        *n_suspects = 0;
        for i in 0..known {
            let mut suspect = suspects[i];
            if suspect.at >= n_ngrams {
                break;
            }
            suspect.len = ends[suspect.at as usize] - suspect.start;
            suspects[*n_suspects] = suspect;
            *n_suspects += usize::from(suspect.len < suspect.unique_from);
        }
    }
}

/// Hash of a block, `seed` being that of what comes before it.
#[inline]
fn hash(seed: u64, block: u128) -> u64 {
    fold(block as u64 ^ seed, (block >> 64) as u64 ^ MIX[1])
}

/// Hash of a window and more: blocks of a window are folded in turn, a third of the instructions of
/// XXH3 for the usual lengths.
#[inline]
fn ngram_hash(ngram: &[u8]) -> u64 {
    let mix = |seed: u64, block: &[u8; BLOCK]| hash(seed, u128::from_le_bytes(*block));
    let (blocks, rest) = ngram.as_chunks();
    let seed = blocks.iter().fold(MIX[0] ^ ngram.len() as u64, mix);
    match ngram.last_chunk() {
        Some(last) if !rest.is_empty() => mix(seed, last),
        _ => seed,
    }
}
