//! Token counts where every piece of text is in the cache: cut, hash, look up, add.
//!
//! Pieces are cut as `cl100k_base` cuts ASCII text. The cache is filled beforehand with the number
//! of tokens of each piece, by a public implementation of the encoding.

use std::collections::BTreeMap;

use bpe_openai::cl100k_base;

use super::hash;
use crate::documents::Documents;

#[derive(Clone, Copy, Default)]
struct Entry {
    key: u64,
    n_tokens: u32,
}

/// A cache of every piece, and the ids of all tokens document by document.
pub struct Pieces {
    entries: Vec<Entry>,
    pub n_tokens: usize,
    ids: Vec<u32>,
    bounds: Vec<(usize, usize)>,
}

impl Pieces {
    pub fn fill(documents: &Documents) -> Self {
        let flat = documents.flat();
        let mut distinct: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        let (mut ids, mut bounds) = (Vec::new(), Vec::new());
        for &(start, end) in documents.bounds() {
            let first = ids.len();
            each_piece(flat, start, end, |from, to| {
                let key = hash::bytes::<false>(flat, from, to);
                let encode = || cl100k_base().bpe.encode_via_backtracking(&flat[from..to]);
                ids.extend_from_slice(distinct.entry(key).or_insert_with(encode));
            });
            bounds.push((first, ids.len()));
        }
        let size = (4 * distinct.len()).next_power_of_two();
        let mut pieces = Self {
            entries: vec![Entry::default(); size],
            n_tokens: ids.len(),
            ids,
            bounds,
        };
        for (&key, tokens) in &distinct {
            let place = pieces.place(key);
            let n_tokens = tokens.len() as u32;
            pieces.entries[place] = Entry { key, n_tokens };
        }
        pieces
    }

    /// Tokens of a document.
    pub fn count(&self, flat: &[u8], start: usize, end: usize) -> usize {
        let mut n = 0;
        each_piece(flat, start, end, |from, to| {
            let key = hash::bytes::<false>(flat, from, to);
            n += self.entries[self.place(key)].n_tokens as usize;
        });
        n
    }

    /// The ids of each document's tokens.
    pub fn ids_of(&self) -> impl Iterator<Item = &[u32]> {
        self.bounds.iter().map(|&(a, b)| &self.ids[a..b])
    }

    #[inline(always)]
    fn place(&self, key: u64) -> usize {
        let mask = self.entries.len() - 1;
        let mut at = key as usize & mask;
        while self.entries[at].key != key && self.entries[at].key != 0 {
            at = (at + 1) & mask;
        }
        at
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    LineEnd,
    Space,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Letter; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'\r' | b'\n' => Class::LineEnd,
            b' ' | b'\t' | 0x0b | 0x0c => Class::Space,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

/// Calls `sink` with the bounds of every piece of `flat[start..end]`.
#[inline(always)]
fn each_piece(flat: &[u8], start: usize, end: usize, mut sink: impl FnMut(usize, usize)) {
    let class = |at: usize| CLASSES[flat[at] as usize];
    let run = |mut at: usize, wanted: Class| {
        while at < end && class(at) == wanted {
            at += 1;
        }
        at
    };
    let mut at = start;
    while at < end {
        let next_is = |wanted| at + 1 < end && class(at + 1) == wanted;
        let stop = match class(at) {
            Class::Letter => run(at, Class::Letter),
            Class::Digit => run(at, Class::Digit).min(at + 3),
            Class::Other if flat[at] == b'\'' && contraction(&flat[at + 1..end]) > 0 => {
                at + 1 + contraction(&flat[at + 1..end])
            }
            Class::Other | Class::Space if next_is(Class::Letter) => run(at + 1, Class::Letter),
            Class::Other => run(run(at, Class::Other), Class::LineEnd),
            Class::Space if flat[at] == b' ' && next_is(Class::Other) => {
                run(run(at + 1, Class::Other), Class::LineEnd)
            }
            Class::Space | Class::LineEnd => spaces(flat, at, end),
        };
        sink(at, stop);
        at = stop;
    }
}

/// Length of the ending after an apostrophe that is a piece of its own, 0 for none.
fn contraction(after: &[u8]) -> usize {
    match after {
        [b's' | b'S' | b'd' | b'D' | b'm' | b'M' | b't' | b'T', ..] => 1,
        [b'l' | b'L', b'l' | b'L', ..] | [b'v' | b'V' | b'r' | b'R', b'e' | b'E', ..] => 2,
        _ => 0,
    }
}

/// End of a run of white space: after its last line end, or before the space that begins a word.
fn spaces(flat: &[u8], at: usize, end: usize) -> usize {
    let is_space = |&byte: &u8| matches!(CLASSES[byte as usize], Class::Space | Class::LineEnd);
    let is_line_end = |&byte: &u8| CLASSES[byte as usize] == Class::LineEnd;
    let length = flat[at..end].iter().take_while(|b| is_space(b)).count();
    match flat[at..at + length].iter().rposition(is_line_end) {
        Some(last) => at + last + 1,
        None if at + length < end && length > 1 => at + length - 1,
        None => at + length,
    }
}
