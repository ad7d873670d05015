//! From masks of word bytes to word hashes.
//!
//! A *segment* is a maximal run of ASCII word characters (letters, digits, `_`) and of bytes
//! beyond ASCII. All but a few segments of most text are ASCII and short, and are words as they
//! stand: those are hashed straight from the text, without a branch on their length. Others take
//! the exact way through [`super::fold`].

#![expect(
    clippy::inline_always,
    reason = "a part is compiled for an instruction set only inside a function that enables it"
)]

use super::fold::{fold_ascii, fold_words};
use super::hash::{hash_short_word, hash_word};

/// Bytes told apart by one mask.
pub const MASK_BYTES: usize = 64;
/// Masks made at a time: 4 KiB of text, which stay in the first-level cache.
pub const BLOCK_MASKS: usize = 64;
/// Bytes of text cut at a time.
pub const BLOCK_BYTES: usize = MASK_BYTES * BLOCK_MASKS;

const HIGH_BITS: u128 = u128::from_ne_bytes([0x80; 16]);
const FOLD: u128 = u128::from_ne_bytes([fold_ascii(0); 16]);

/// `KEEP[n]` keeps the first `n` bytes of 16.
const KEEP: [u128; 17] = {
    let mut keep = [u128::MAX; 17];
    let mut n = 0;
    while n < 16 {
        keep[n] = (1 << (8 * n)) - 1;
        n += 1;
    }
    keep
};

/// Whether a byte belongs to a segment.
#[inline]
pub const fn is_segment_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where the last mask ended.
#[derive(Clone, Copy, Default)]
pub struct Position {
    /// Start of the segment that is open, where one is.
    start: usize,
    is_inside: bool,
}

/// Word hashes of a text, as they are found.
#[derive(Default)]
pub struct Words {
    pub hashes: Vec<u64>,
    folded: Vec<u8>,
}

impl Words {
    /// Hashes the segments that end within `masks`, the first of which begins at byte `at`.
    #[inline(always)]
    pub fn cut(&mut self, text: &str, mut at: usize, masks: &[u64], position: &mut Position) {
        let mut start = position.start;
        let mut inside = u64::from(position.is_inside);
        for &mask in masks {
            let before = mask << 1 | inside;
            let (mut starts, mut ends) = (mask & !before, before & !mask);
            let mut next_start = || {
                let next = at + starts.trailing_zeros() as usize;
                starts &= starts.wrapping_sub(1);
                next
            };
            if inside == 0 {
                start = next_start();
            }
            while ends != 0 {
                let end = at + ends.trailing_zeros() as usize;
                ends &= ends - 1;
                self.push(text, start, end);
                start = next_start();
            }
            inside = mask >> 63;
            at += MASK_BYTES;
        }
        *position = Position {
            start,
            is_inside: inside == 1,
        };
    }

    /// Hashes the segment that the end of the text closes.
    pub fn end(&mut self, text: &str, position: Position) {
        if position.is_inside {
            self.push(text, position.start, text.len());
        }
    }

    #[inline(always)]
    fn push(&mut self, text: &str, start: usize, end: usize) {
        let window = text
            .as_bytes()
            .get(start..)
            .and_then(<[u8]>::first_chunk::<16>);
        if let (Some(window), Some(keep)) = (window, KEEP.get(end - start)) {
            let block = u128::from_le_bytes(*window) & keep;
            if block & HIGH_BITS == 0 {
                self.hashes.push(hash_short_word(block | (FOLD & keep)));
                return;
            }
        }
        self.push_exact(text.get(start..end).unwrap_or_default());
    }

    /// Long words, words beyond ASCII, and the last 16 bytes of a text.
    #[inline(never)]
    fn push_exact(&mut self, segment: &str) {
        let Self { hashes, folded } = self;
        fold_words(segment, folded, |word| hashes.push(hash_word(word)));
    }
}
