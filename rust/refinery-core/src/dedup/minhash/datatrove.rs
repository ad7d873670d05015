//! The signatures of datatrove 0.10.0 (`MinhashDedupSignature`), to the bit.
//!
//! Definition, in the order of the pass:
//!
//! 1. The text is simplified ([`simplify`]): lower case, numbers as `0`, no punctuation, no
//!    accents.
//! 2. Words are those of spaCy's blank English pipeline ([`crate::text::spacy`]).
//! 3. Every run of `ngram` words is a shingle. A text of fewer has no signature, and so is never a
//!    duplicate.
//! 4. A shingle is hashed as its words joined by one space, UTF-8, to 64 bits: XXH64 with seed 0,
//!    or the first eight bytes of SHA-1, little-endian.
//! 5. Value `i` is the minimum over the shingles `x` of `a_i * x + b_i`, wrapped at 2^64, modulo
//!    2^61 - 1. The `a_i` and `b_i` are numpy's from seed 1, and so depend on how many there are
//!    ([`mersenne`]).
//!
//! SHA-1 was the original's only hash when `FineWeb` was made; XXH64 is its default now.
//!
//! Not here: its languages other than English and its hashes of 32 bits. Which documents it drops
//! is [`super::super::ordered`].

pub mod mersenne;
mod mt19937;
mod simplify;

use sha1::{Digest, Sha1};
use xxhash_rust::xxh64::xxh64;

use self::mersenne::{GROUP, Group, HIGHEST, Permutations};
use super::kernel::Dispatch;
use crate::text::Word;
use crate::text::spacy::SpacyWords;

/// Shingles hashed at a time: few enough to stay in the nearest cache.
const CHUNK: usize = 512;

/// How a shingle becomes 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShingleHash {
    Xxh64,
    Sha1,
}

/// What the signatures of a parameter set share.
pub struct Datatrove {
    ngram: usize,
    hash: ShingleHash,
    permutations: Permutations,
    dispatch: Dispatch,
}

/// Buffers of one thread. They grow to what the largest document needs, and are then reused.
#[derive(Default)]
pub struct Scratch {
    simplified: Vec<u8>,
    splitter: SpacyWords,
    words: Vec<Word>,
    joined: Vec<u8>,
    shingles: Vec<u64>,
    minima: Vec<Group>,
}

impl Datatrove {
    pub fn new(ngram: usize, num_perm: usize, hash: ShingleHash, dispatch: Dispatch) -> Self {
        Self {
            ngram,
            hash,
            permutations: Permutations::new(num_perm),
            dispatch,
        }
    }

    /// Writes the values, little-endian, over `signature`; false, and nothing written, where the
    /// text has fewer than `ngram` words.
    pub fn sign(&self, text: &str, scratch: &mut Scratch, signature: &mut [u8]) -> bool {
        let mut minima = std::mem::take(&mut scratch.minima);
        minima.clear();
        minima.resize(self.permutations.groups(), [HIGHEST; GROUP]);
        let has_shingles = self.for_shingles(text, scratch, |found| {
            self.dispatch
                .lower_modulo(&self.permutations, found, &mut minima);
        });
        if has_shingles {
            let (values, _) = signature.as_chunks_mut();
            for (value, least) in values.iter_mut().zip(minima.as_flattened()) {
                *value = least.to_le_bytes();
            }
        }
        scratch.minima = minima;
        has_shingles
    }

    /// Appends the shingles of a text, as often as they occur; none where it has too few words.
    pub fn append_shingles(&self, text: &str, scratch: &mut Scratch, to: &mut Vec<u64>) {
        self.for_shingles(text, scratch, |found| to.extend_from_slice(found));
    }

    /// Hands out the shingles of a text, some at a time; false where it has too few words.
    fn for_shingles(
        &self,
        text: &str,
        scratch: &mut Scratch,
        mut take: impl FnMut(&[u64]),
    ) -> bool {
        let Scratch {
            simplified,
            splitter,
            words,
            joined,
            shingles,
            ..
        } = scratch;
        simplify::simplify(text, simplified);
        // Always text: whole characters were appended.
        splitter.split(std::str::from_utf8(simplified).unwrap_or_default(), words);
        if words.len() < self.ngram {
            return false;
        }
        join(simplified, words, joined);
        let count = words.len() + 1 - self.ngram;
        for start in (0..count).step_by(CHUNK) {
            let end = count.min(start + CHUNK);
            self.hash_shingles(joined, &words[start..end + self.ngram - 1], shingles);
            take(shingles);
        }
        true
    }

    fn hash_shingles(&self, joined: &[u8], words: &[Word], shingles: &mut Vec<u64>) {
        let last_words = &words[self.ngram - 1..];
        let bytes = words
            .iter()
            .zip(last_words)
            .map(|(first, last)| &joined[first.start as usize..last.end as usize]);
        shingles.clear();
        match self.hash {
            ShingleHash::Xxh64 => shingles.extend(bytes.map(|shingle| xxh64(shingle, 0))),
            ShingleHash::Sha1 => shingles.extend(bytes.map(sha1_64)),
        }
    }
}

fn sha1_64(bytes: &[u8]) -> u64 {
    let digest = Sha1::digest(bytes);
    digest
        .first_chunk()
        .map_or(0, |head| u64::from_le_bytes(*head))
}

/// Writes `words` of `text` with one space between them over `joined`, and moves them there. Runs
/// that stand so in the text, which are long, are copied at once.
fn join(text: &[u8], words: &mut [Word], joined: &mut Vec<u8>) {
    joined.clear();
    let is_run = |a: &Word, b: &Word| a.end + 1 == b.start && text[a.end as usize] == b' ';
    for run in words.chunk_by_mut(is_run) {
        if !joined.is_empty() {
            joined.push(b' ');
        }
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        let (from, to) = (first.start, joined.len() as u32);
        joined.extend_from_slice(&text[from as usize..last.end as usize]);
        for word in run {
            word.start = word.start - from + to;
            word.end = word.end - from + to;
        }
    }
}
