//! How often two bytes of certain kinds stand side by side in a text.

use crate::dispatch::dispatched;

dispatched!(pub fn words(text: &[u8], n: &mut usize) = words_body);
dispatched!(pub fn sentences(text: &[u8], n: &mut usize) = sentences_body);

/// White space before a visible byte.
#[inline(always)]
fn words_body(text: &[u8], n: &mut usize) {
    *n = count(text, |first, second| (first <= b' ') & (second > b' '));
}

/// A mark that ends a sentence before white space.
#[inline(always)]
fn sentences_body(text: &[u8], n: &mut usize) {
    let is_end = |byte| (byte == b'.') | (byte == b'!') | (byte == b'?');
    *n = count(text, |first, second| {
        is_end(first) & ((second == b' ') | (second == b'\n'))
    });
}

#[inline(always)]
fn count(text: &[u8], is_pair: impl Fn(u8, u8) -> bool) -> usize {
    let pairs = text.iter().zip(text.iter().skip(1));
    pairs.map(|(&a, &b)| usize::from(is_pair(a, b))).sum()
}
