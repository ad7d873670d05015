//! Cutting words, lower-casing and hashing them: masks of 64 bytes, then one hash a word.

use super::hash;
use crate::dispatch::dispatched;

/// A word of ASCII letters, digits, `_` and bytes above ASCII.
#[derive(Clone, Copy)]
pub struct Word {
    /// First byte, and one past the last, counted from where the document begins.
    pub start: u32,
    pub end: u32,
    /// Of its bytes, ASCII letters without their case.
    pub hash: u64,
}

/// Buffers, and the words found.
#[derive(Default)]
pub struct Cut {
    starts: Vec<u32>,
    ends: Vec<u32>,
    pub words: Vec<Word>,
}

dispatched!(pub fn cut(flat: &[u8], start: usize, end: usize, out: &mut Cut) = cut_body);

#[inline(always)]
fn cut_body(flat: &[u8], start: usize, end: usize, out: &mut Cut) {
    out.starts.clear();
    out.ends.clear();
    out.words.clear();
    let mut before = 0;
    for at in (start..end).step_by(64) {
        let block: &[u8; 64] = flat[at..].first_chunk().unwrap();
        let mut mask = word_bytes(block);
        if end - at < 64 {
            mask &= (1 << (end - at)) - 1;
        }
        let shifted = mask << 1 | before;
        positions(mask & !shifted, at - start, &mut out.starts);
        positions(!mask & shifted, at - start, &mut out.ends);
        before = mask >> 63;
    }
    if out.ends.len() < out.starts.len() {
        out.ends.push((end - start) as u32);
    }
    for (&from, &to) in out.starts.iter().zip(&out.ends) {
        let hash = hash::bytes::<true>(flat, start + from as usize, start + to as usize);
        out.words.push(Word {
            start: from,
            end: to,
            hash,
        });
    }
}

/// One bit a byte of a word.
#[inline(always)]
fn word_bytes(block: &[u8; 64]) -> u64 {
    let mut flags = [0_u8; 64];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let is_digit = byte.wrapping_sub(b'0') < 10;
        *flag = u8::from(is_letter | is_digit | (byte == b'_') | (byte >= 0x80));
    }
    let (eights, _) = flags.as_chunks::<8>();
    // Eight flags of a byte each become eight bits by one multiplication.
    let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080);
    let whole = |mask, (i, eight)| mask | bits(eight) >> 56 << (8 * i);
    eights.iter().enumerate().fold(0, whole)
}

#[inline(always)]
fn positions(mut mask: u64, base: usize, out: &mut Vec<u32>) {
    while mask != 0 {
        out.push((base + mask.trailing_zeros() as usize) as u32);
        mask &= mask - 1;
    }
}
