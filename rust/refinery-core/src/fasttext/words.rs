//! The words of a text as the reference library reads them, and their hashes.
//!
//! Words are found sixty-four bytes at a time, without a branch for each: where a word ends cannot be
//! foreseen.

use crate::key::Key;

/// The factor of the hash.
pub(super) const PRIME: u32 = 16_777_619;
pub(super) const HASH_START: u32 = 2_166_136_261;
/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// Words that are handled together.
pub(super) const BATCH: usize = 32;
/// Places of a block that are written together.
const AT_ONCE: usize = 8;

/// 32-bit FNV-1a, but with every byte sign-extended first: trained models depend on it.
pub(super) fn hash(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(HASH_START, |hash, &byte| hash_step(hash, byte))
}

#[inline]
pub(super) fn hash_step(hash: u32, byte: u8) -> u32 {
    (hash ^ i32::from(byte.cast_signed()).cast_unsigned()).wrapping_mul(PRIME)
}

/// What undoes so many multiplications by [`PRIME`]: it is odd, so it has an inverse.
pub(super) const UNPADDED: [u32; Key::MAX_BYTES + 1] = {
    let mut inverse = 1_u32;
    // Each step of Newton's doubles the bits that are right.
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2_u32.wrapping_sub(PRIME.wrapping_mul(inverse)));
        step += 1;
    }
    let mut powers = [1_u32; Key::MAX_BYTES + 1];
    let mut i = 1;
    while i <= Key::MAX_BYTES {
        powers[i] = powers[i - 1].wrapping_mul(inverse);
        i += 1;
    }
    powers
};

/// The words of a text, a batch at a time.
pub(super) struct Words<'a> {
    text: &'a [u8],
    /// Where the next block begins.
    at: usize,
    /// Whether the byte before it belongs to a word.
    is_open: bool,
    /// Where words start and end, in turn: up to those of a batch without its last end, and a block.
    edges: [u32; 2 * BATCH + BLOCK],
    n_edges: usize,
    /// Edges of the batch that was given last.
    n_given: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            is_open: false,
            edges: [0; 2 * BATCH + BLOCK],
            n_edges: 0,
            n_given: 0,
        }
    }

    /// Where the next words start and end, [`BATCH`] of them unless the text ends; none at its end.
    #[inline(always)]
    pub(super) fn next_batch(&mut self) -> &[[u32; 2]] {
        self.edges.copy_within(self.n_given..self.n_edges, 0);
        self.n_edges -= self.n_given;
        // A block of spaces after the text ends its last word.
        while self.n_edges < 2 * BATCH && (self.at < self.text.len() || self.is_open) {
            self.split_block();
        }
        self.n_given = self.n_edges.min(2 * BATCH);
        self.edges[..self.n_given].as_chunks().0
    }

    #[inline(always)]
    fn split_block(&mut self) {
        let letters = !separators(&self.block());
        // A bit for every byte that is on another side than the byte before it.
        let mut changes = letters ^ (letters << 1 | u64::from(self.is_open));
        self.is_open = letters >> (BLOCK - 1) == 1;
        let n = changes.count_ones() as usize;
        for places in self.edges[self.n_edges..].chunks_exact_mut(AT_ONCE) {
            for place in places {
                *place = self.at as u32 + changes.trailing_zeros();
                changes &= changes.wrapping_sub(1);
            }
            if changes == 0 {
                break;
            }
        }
        self.n_edges += n;
        self.at += BLOCK;
    }

    /// The next block, spaces after the end of the text.
    #[inline(always)]
    fn block(&self) -> [u8; BLOCK] {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if let Some(block) = rest.first_chunk() {
            return *block;
        }
        let mut block = [b' '; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        block
    }
}

/// A bit for each byte that ends a word: NUL, space, and tab to carriage return.
#[inline]
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "a call of a function of vector instructions")]
fn separators(block: &[u8; BLOCK]) -> u64 {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { separators_by_sse2(block) }
}

#[inline]
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
fn separators_by_sse2(block: &[u8; BLOCK]) -> u64 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
        _mm_setzero_si128, _mm_sub_epi8, _mm_subs_epu8,
    };
    let (quarters, _) = block.as_chunks::<16>();
    let mut bits = 0;
    for (i, quarter) in quarters.iter().enumerate() {
        let quarter = i128::from_le_bytes(*quarter);
        let bytes = _mm_set_epi64x((quarter >> 64) as i64, quarter as i64);
        let (nul, space) = (_mm_setzero_si128(), _mm_set1_epi8(0x20));
        let from_tab = _mm_sub_epi8(bytes, _mm_set1_epi8(9));
        let is_to_return = _mm_cmpeq_epi8(_mm_subs_epu8(from_tab, _mm_set1_epi8(4)), nul);
        let is_other = _mm_or_si128(_mm_cmpeq_epi8(bytes, space), _mm_cmpeq_epi8(bytes, nul));
        let mask = _mm_movemask_epi8(_mm_or_si128(is_to_return, is_other));
        bits |= u64::from(mask.cast_unsigned()) << (16 * i);
    }
    bits
}

/// A bit for each byte that ends a word: NUL, space, and tab to carriage return.
#[inline]
#[cfg(not(target_arch = "x86_64"))]
fn separators(block: &[u8; BLOCK]) -> u64 {
    slow_separators(block)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn slow_separators(block: &[u8; BLOCK]) -> u64 {
    let is_separator = |byte| matches!(byte, 0 | b' ' | b'\t'..=b'\r');
    let bits = block.iter().enumerate();
    bits.fold(0, |bits, (i, &byte)| {
        bits | u64::from(is_separator(byte)) << i
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_is_a_separator_or_not() {
        for byte in 0..=255 {
            let block: [u8; BLOCK] = std::array::from_fn(|i| if i % 3 == 0 { byte } else { b'a' });
            assert_eq!(separators(&block), slow_separators(&block), "{byte}");
        }
    }

    proptest! {
        #[test]
        fn words_are_what_stands_between_separators(
            text in prop_oneof!["[a-z\u{e4}\u{20ac} \\n\\x00]{0,300}", "[a ]{0,2000}", "[a-z]{0,20} [a-z]{200}"],
        ) {
            let mut words = Words::new(text.as_bytes());
            let mut found = Vec::new();
            loop {
                let batch = words.next_batch();
                if batch.is_empty() {
                    break;
                }
                found.extend(batch.iter().map(|b| &text[b[0] as usize..b[1] as usize]));
                prop_assert!(batch.len() == BATCH || words.next_batch().is_empty());
            }
            let expected = text.split([' ', '\n', '\0']).filter(|word| !word.is_empty());
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
}
