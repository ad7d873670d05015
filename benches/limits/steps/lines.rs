//! What C4's and `FineWeb`'s rules look at: lines, their ends, their words, repeated ones, and
//! phrases whatever their case.

use aho_corasick::packed::Searcher;
use memchr::{memchr, memchr_iter};
use xxhash_rust::xxh3::xxh3_64;

use super::Word;
use super::pairs;
use super::table::Table;

const PHRASES: [&str; 8] = [
    "lorem ipsum",
    "javascript",
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
];

/// Buffers.
pub struct Lines {
    table: Table,
    phrases: Searcher,
    lower: Vec<u8>,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            table: Table::default(),
            phrases: Searcher::new(PHRASES).unwrap(),
            lower: Vec::new(),
        }
    }
}

impl Lines {
    /// Lines; lines that end in punctuation, are short, have too few words; bytes of repeated lines;
    /// sentences; whether a brace is there, and a phrase.
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
        pairs::sentences(text, &mut found[5]);
        self.lower.clear();
        self.lower.extend(text.iter().map(u8::to_ascii_lowercase));
        found[6] = usize::from(memchr(b'{', text).is_some())
            + usize::from(self.phrases.find(&self.lower).is_some());
        found
    }
}
