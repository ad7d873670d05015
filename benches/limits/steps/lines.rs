//! What C4's and `FineWeb`'s rules look at: lines, their ends, their words, repeated ones.

use memchr::{memchr, memchr_iter, memmem};
use xxhash_rust::xxh3::xxh3_64;

use super::Word;
use super::table::Table;

/// Buffers.
#[derive(Default)]
pub struct Lines {
    table: Table,
}

impl Lines {
    /// Lines; lines that end in punctuation, are short, have too few words; bytes of repeated lines;
    /// sentences; whether a brace or a placeholder is there.
    pub fn counts(&mut self, text: &[u8], words: &[Word]) -> [usize; 7] {
        let mut found = [0; 7];
        self.table.clear(memchr_iter(b'\n', text).count() + 1);
        let (mut start, mut word) = (0, 0);
        for end in memchr_iter(b'\n', text).chain([text.len()]) {
            let line = text[start..end].trim_ascii();
            let first = word;
            while word < words.len() && (words[word].start as usize) < end {
                word += 1;
            }
            let (_, count) = self.table.add(xxh3_64(line));
            found[0] += 1;
            found[1] += usize::from(matches!(line.last(), Some(b'.' | b'!' | b'?' | b'"')));
            found[2] += usize::from(line.len() <= 30);
            found[3] += usize::from(word - first < 3);
            found[4] += line.len() * usize::from(count > 1);
            start = end + 1;
        }
        let ends = |pair: &[u8]| matches!(pair, [b'.' | b'!' | b'?', b' ' | b'\n']);
        found[5] = text.windows(2).filter(|pair| ends(pair)).count();
        found[6] = usize::from(memchr(b'{', text).is_some())
            + usize::from(memmem::find(text, b"lorem ipsum").is_some())
            + usize::from(memmem::find(text, b"javascript").is_some());
        found
    }
}
