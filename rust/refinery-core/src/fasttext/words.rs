//! The words of a text as the reference library reads them, and their hashes.
//!
//! Words are found sixty-four bytes at a time, and the hash of a short one is computed without a
//! loop over its bytes: the end of a word is where both would be mispredicted.

use crate::key::Key;

/// The factor of the hash.
const PRIME: u32 = 16_777_619;
pub(super) const HASH_START: u32 = 2_166_136_261;
/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// Bytes of a word that are hashed together, where that is enough.
const HALF: usize = 8;

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

/// [`hash`] of the word with this key.
#[inline]
pub(super) fn hash_of(key: Key) -> u32 {
    let bytes = key.bytes();
    // Zeros after the word multiply its hash by the prime, each of them once.
    if key.len() <= HALF {
        hash(&bytes[..HALF]).wrapping_mul(UNPADDED[HALF - key.len()])
    } else {
        hash(&bytes[..Key::MAX_BYTES]).wrapping_mul(UNPADDED[Key::MAX_BYTES - key.len()])
    }
}

/// What undoes so many multiplications by [`PRIME`]: it is odd, so it has an inverse.
const UNPADDED: [u32; HALF + 1] = {
    let mut inverse = 1_u32;
    // Each step of Newton's doubles the bits that are right.
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2_u32.wrapping_sub(PRIME.wrapping_mul(inverse)));
        step += 1;
    }
    let mut powers = [1_u32; HALF + 1];
    let mut i = 1;
    while i <= HALF {
        powers[i] = powers[i - 1].wrapping_mul(inverse);
        i += 1;
    }
    powers
};

/// Fills `bounds` with where each word of `text` starts and ends.
pub(super) fn split(text: &[u8], bounds: &mut Vec<[u32; 2]>) {
    bounds.clear();
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [b' '; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    let mut open = None;
    for (i, block) in blocks.iter().chain([&last]).enumerate() {
        open = split_block(!separators(block), (i * BLOCK) as u32, open, bounds);
    }
}

/// Adds the words that end in a block, `open` being where an unfinished one starts; returns where
/// the next unfinished one does.
#[inline]
fn split_block(
    letters: u64,
    at: u32,
    open: Option<u32>,
    bounds: &mut Vec<[u32; 2]>,
) -> Option<u32> {
    // A bit for every byte that is on another side than the byte before it.
    let mut changes = letters ^ (letters << 1 | u64::from(open.is_some()));
    let mut next = || {
        let place = changes.trailing_zeros();
        changes &= changes.wrapping_sub(1);
        (place < u64::BITS).then_some(at + place)
    };
    let mut start = open.or_else(&mut next);
    while let Some(from) = start {
        let Some(to) = next() else { break };
        bounds.push([from, to]);
        start = next();
    }
    start
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
        fn words_are_what_stands_between_separators(text in "[a-z\u{e4}\u{20ac} \\n\\x00]{0,300}") {
            let mut bounds = vec![[7, 7]];
            split(text.as_bytes(), &mut bounds);
            let found = bounds.iter().map(|b| &text[b[0] as usize..b[1] as usize]);
            let expected = text.split([' ', '\n', '\0']).filter(|word| !word.is_empty());
            prop_assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }

        #[test]
        fn the_hash_of_a_key_is_that_of_its_bytes(word in prop::collection::vec(any::<u8>(), 1..=15)) {
            prop_assert_eq!(hash_of(Key::new(&word, 0, word.len())), hash(&word));
        }
    }
}
