//! Gopher's quality and repetition rules, over words that are cut and hashed.

use memchr::{memchr_iter, memmem};
use xxhash_rust::xxh3::xxh3_64;

use super::Word;
use super::hash::{bytes, mix};
use super::table::Table;

/// Words; their bytes; words with a letter; stop words found; `#` and `...`; lines that begin with a
/// bullet or end in an ellipsis.
pub fn quality(text: &[u8], words: &[Word]) -> [usize; 7] {
    let stop_words = stop_words();
    let mut found = [0; 7];
    found[0] = words.len();
    for word in words {
        found[1] += (word.end - word.start) as usize;
        let bytes = &text[word.start as usize..word.end as usize];
        found[2] += usize::from(bytes.iter().any(u8::is_ascii_alphabetic));
        found[3] |= stop_words.iter().enumerate().fold(0, |bits, (i, &stop)| {
            bits | usize::from(stop == word.hash) << i
        });
    }
    found[4] = text.iter().filter(|&&byte| byte == b'#').count();
    found[5] = memmem::find_iter(text, b"...").count();
    let mut start = 0;
    for end in memchr_iter(b'\n', text).chain([text.len()]) {
        let line = &text[start..end];
        let is_bullet = matches!(line.first(), Some(b'*' | b'-'));
        found[6] += usize::from(is_bullet) + usize::from(line.ends_with(b"..."));
        start = end + 1;
    }
    found
}

fn stop_words() -> [u64; 8] {
    ["the", "be", "to", "of", "and", "that", "have", "with"].map(|word| {
        let padded = format!("{word:\0<32}");
        bytes::<true>(padded.as_bytes(), 0, word.len())
    })
}

/// Buffers of the repetition rules.
#[derive(Default)]
pub struct Repetition {
    table: Table,
    /// Positions whose n-gram so far stands elsewhere too: its hash and its slot.
    alive: Vec<(u32, u64, u32)>,
}

impl Repetition {
    /// Bytes of the commonest 2- to 4-gram times its count, bytes of repeated 5- to 10-grams, and
    /// bytes of repeated lines and paragraphs.
    pub fn fractions(&mut self, text: &[u8], words: &[Word]) -> [usize; 11] {
        let mut found = [0; 11];
        self.alive.clear();
        self.alive
            .extend((0..words.len()).map(|i| (i as u32, words[i].hash, 0)));
        for n in 2..=10 {
            found[n - 2] = self.grams(n, words);
        }
        found[9] = self.parts(text, b"\n");
        found[10] = self.parts(text, b"\n\n");
        found
    }

    /// Lengthens the n-grams by a word. One that stands only once cannot stand twice when longer,
    /// so it is left out from there on.
    fn grams(&mut self, n: usize, words: &[Word]) -> usize {
        self.table.clear(self.alive.len());
        let (mut most, mut repeated) = ((0, 0), 0);
        self.alive.retain_mut(|(at, hash, slot)| {
            let Some(last) = words.get(*at as usize + n - 1) else {
                return false;
            };
            *hash = mix(*hash, last.hash);
            let (place, count) = self.table.add(*hash);
            *slot = place;
            let length = (last.end - words[*at as usize].start) as usize;
            most = most.max((count, length));
            repeated += length * usize::from(count > 1);
            true
        });
        let table = &self.table;
        self.alive.retain(|&(_, _, slot)| table.count(slot) > 1);
        if n < 5 {
            most.0 as usize * most.1
        } else {
            repeated
        }
    }

    fn parts(&mut self, text: &[u8], separator: &[u8]) -> usize {
        self.table.clear(memchr_iter(b'\n', text).count() + 1);
        let (mut start, mut repeated) = (0, 0);
        for end in memmem::find_iter(text, separator).chain([text.len()]) {
            let part = &text[start..end];
            let (_, count) = self.table.add(xxh3_64(part));
            repeated += part.len() * usize::from(count > 1);
            start = end + separator.len();
        }
        repeated
    }
}
