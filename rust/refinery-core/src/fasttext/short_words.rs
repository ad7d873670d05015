//! The short words of a dictionary by their hashes and keys.
//!
//! A third of the words of a web text are in no dictionary, and which are cannot be foreseen. So
//! nothing is probed: a cache line holds up to [`SLOTS`] words, all of them are compared at once,
//! and only those that found no room are looked for elsewhere.

use crate::key::Key;
use crate::prefetch;

/// Words on one cache line.
const SLOTS: usize = 8;
/// Words a bucket has room for, on the average: one bucket in a hundred is full.
const LOAD: usize = 3;

/// Hashes of words and their numbers from 1 on; zeros where there is none. Of two words with the
/// same hash one is elsewhere.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Bucket {
    hashes: [u32; SLOTS],
    words: [u32; SLOTS],
}

impl Bucket {
    /// The word with this hash, or 0.
    #[inline(always)]
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "a call of a function of vector instructions")]
    fn word(&self, hash: u32) -> u32 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { self.word_by_sse2(hash) }
    }

    /// In instructions, since compilers make branches of the loop below.
    #[inline]
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse2")]
    fn word_by_sse2(&self, hash: u32) -> u32 {
        use std::arch::x86_64::{
            _mm_and_si128, _mm_cmpeq_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_or_si128,
            _mm_set1_epi32, _mm_shuffle_epi32,
        };
        let hash = _mm_set1_epi32(hash.cast_signed());
        let (hashes, words) = (self.hashes.as_ptr(), self.words.as_ptr());
        // SAFETY: both arrays have eight places, four of which are read at a time.
        let [low, high, low_words, high_words] = unsafe {
            [
                _mm_loadu_si128(hashes.cast()),
                _mm_loadu_si128(hashes.add(4).cast()),
                _mm_loadu_si128(words.cast()),
                _mm_loadu_si128(words.add(4).cast()),
            ]
        };
        let found = _mm_or_si128(
            _mm_and_si128(_mm_cmpeq_epi32(low, hash), low_words),
            _mm_and_si128(_mm_cmpeq_epi32(high, hash), high_words),
        );
        let found = _mm_or_si128(found, _mm_shuffle_epi32::<0b1110>(found));
        let found = _mm_or_si128(found, _mm_shuffle_epi32::<0b01>(found));
        _mm_cvtsi128_si32(found).cast_unsigned()
    }

    /// The word with this hash, or 0.
    #[inline(always)]
    #[cfg(not(target_arch = "x86_64"))]
    fn word(&self, hash: u32) -> u32 {
        let slots = self.hashes.iter().zip(&self.words);
        slots.fold(0, |found, (other, word)| {
            found | word & u32::from(*other == hash).wrapping_neg()
        })
    }
}

/// What a bucket tells of a word.
#[derive(Clone, Copy, Default)]
pub(super) struct Candidate {
    /// The only word it may be here, by its number from 1 on, or 0.
    word: u32,
    /// Not 0 where it may be elsewhere, if it is not here.
    pub(super) elsewhere: u32,
}

/// Words of up to [`Key::MAX_BYTES`] bytes.
pub(super) struct ShortWords {
    buckets: Vec<Bucket>,
    /// The keys of all words by their numbers; those of no word at 0 and where there is none here.
    /// Files list frequent words first, so that most of those asked for are close together.
    keys: Vec<Key>,
}

impl ShortWords {
    /// For words whose numbers are up to `n`.
    pub(super) fn with_room_for(n: usize) -> Self {
        Self {
            buckets: vec![Bucket::default(); n / LOAD + 1],
            keys: vec![Key::default(); n + 1],
        }
    }

    /// Whether the word has found room.
    pub(super) fn insert(&mut self, key: Key, word: u32, hash: u32) -> bool {
        let home = self.home(hash);
        let bucket = &mut self.buckets[home];
        let Some(free) = bucket.words.iter().position(|&word| word == 0) else {
            return false;
        };
        if bucket.word(hash) != 0 {
            return false;
        }
        bucket.hashes[free] = hash;
        bucket.words[free] = word;
        self.keys[word as usize] = key;
        true
    }

    /// What word the one with this hash may be; asks the memory for its key.
    #[inline(always)]
    pub(super) fn candidate(&self, hash: u32) -> Candidate {
        let bucket = &self.buckets[self.home(hash)];
        let word = bucket.word(hash);
        prefetch::read(&self.keys, word as usize);
        Candidate {
            word,
            elsewhere: word | bucket.words[SLOTS - 1],
        }
    }

    /// The word with this key, or 0 where it is not here.
    #[inline(always)]
    pub(super) fn check(&self, Candidate { word, .. }: Candidate, key: Key) -> u32 {
        word & u32::from(self.keys[word as usize] == key).wrapping_neg()
    }

    #[inline(always)]
    pub(super) fn prefetch(&self, hash: u32) {
        prefetch::read(&self.buckets, self.home(hash));
    }

    #[inline(always)]
    fn home(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.buckets.len() as u64) >> u32::BITS) as usize
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.buckets[..]) + size_of_val(&self.keys[..])
    }
}
