//! Cutting words and hashing them: masks of 64 bytes, then one hash a word.
//!
//! The job needs three kinds of words, which end at different places and are hashed differently, so
//! each is cut once: [`cut_normalised`] for `MinHash`, [`cut_marked`] for the rules, [`cut_spaced`]
//! for the classifier.

use super::hash;
use crate::dispatch::dispatched;

/// A word of some kind.
#[derive(Clone, Copy)]
pub struct Word {
    /// First byte, and one past the last, counted from where the document begins.
    pub start: u32,
    pub end: u32,
    pub hash: u64,
}

/// Words of all documents, and where each document's begin and end.
#[derive(Default)]
pub struct Words {
    words: Vec<Word>,
    bounds: Vec<(usize, usize)>,
}

impl Words {
    pub fn push(&mut self, of_document: &[Word]) {
        let first = self.words.len();
        self.words.extend_from_slice(of_document);
        self.bounds.push((first, self.words.len()));
    }

    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The words of each document.
    pub fn iter(&self) -> impl Iterator<Item = &[Word]> {
        self.bounds.iter().map(|&(a, b)| &self.words[a..b])
    }
}

/// Buffers, and the words found.
#[derive(Default)]
pub struct Cut {
    starts: Vec<u32>,
    ends: Vec<u32>,
    pub words: Vec<Word>,
}

/// One way to cut words.
pub type Cutter = fn(&[u8], usize, usize, &mut Cut);

dispatched!(pub fn cut_normalised(flat: &[u8], start: usize, end: usize, out: &mut Cut) = normalised);
dispatched!(pub fn cut_marked(flat: &[u8], start: usize, end: usize, out: &mut Cut) = marked);
dispatched!(pub fn cut_spaced(flat: &[u8], start: usize, end: usize, out: &mut Cut) = spaced);

/// Runs of ASCII letters, digits, `_` and bytes above ASCII; letters' case does not count.
#[inline(always)]
fn normalised(flat: &[u8], start: usize, end: usize, out: &mut Cut) {
    cut_body::<true>(flat, start, end, out, |block, _| {
        [mask(block, is_word_byte), 0]
    });
}

/// The same with single marks between two of them, and runs of other marks: somewhat fewer words
/// than spaCy's rules find.
#[inline(always)]
fn marked(flat: &[u8], start: usize, end: usize, out: &mut Cut) {
    let mut before = 0;
    cut_body::<true>(flat, start, end, out, |block, next| {
        let plain = mask(block, is_word_byte);
        let marks = mask(block, is_visible) & !plain;
        let after = plain >> 1 | u64::from(is_word_byte(next)) << 63;
        let words = plain | marks & after & (plain << 1 | before);
        before = plain >> 63;
        [words, marks & !words]
    });
}

/// What white space separates, case and all.
#[inline(always)]
fn spaced(flat: &[u8], start: usize, end: usize, out: &mut Cut) {
    cut_body::<false>(flat, start, end, out, |block, _| {
        [mask(block, is_visible), 0]
    });
}

/// Cuts at the ends of runs in either mask that `masks` gives for a block and the byte behind it.
#[inline(always)]
fn cut_body<const IGNORE_CASE: bool>(
    flat: &[u8],
    start: usize,
    end: usize,
    out: &mut Cut,
    mut masks: impl FnMut(&[u8; 64], u8) -> [u64; 2],
) {
    out.starts.clear();
    out.ends.clear();
    out.words.clear();
    let mut before = [0; 2];
    for at in (start..end).step_by(64) {
        let block: &[u8; 64] = flat[at..].first_chunk().unwrap();
        let inside = u64::MAX >> 64_usize.saturating_sub(end - at);
        let runs = masks(block, flat[at + 64]).map(|mask| mask & inside);
        let (mut starts, mut ends) = (0, 0);
        for (run, before) in runs.into_iter().zip(&mut before) {
            let shifted = run << 1 | *before;
            starts |= run & !shifted;
            ends |= !run & shifted;
            *before = run >> 63;
        }
        positions(starts, at - start, &mut out.starts);
        positions(ends, at - start, &mut out.ends);
    }
    if out.ends.len() < out.starts.len() {
        out.ends.push((end - start) as u32);
    }
    for (&from, &to) in out.starts.iter().zip(&out.ends) {
        let hash = hash::bytes::<IGNORE_CASE>(flat, start + from as usize, start + to as usize);
        out.words.push(Word {
            start: from,
            end: to,
            hash,
        });
    }
}

#[inline(always)]
fn is_word_byte(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_digit = byte.wrapping_sub(b'0') < 10;
    is_letter | is_digit | (byte == b'_') | (byte >= 0x80)
}

#[inline(always)]
fn is_visible(byte: u8) -> bool {
    byte > b' '
}

/// One bit a byte that `is_in`.
#[inline(always)]
fn mask(block: &[u8; 64], is_in: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0_u8; 64];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(is_in(byte));
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
