//! The word record that all families share, and the plain word rules.

use xxhash_rust::xxh3::xxh3_64;

use super::lines::split_spaces;

/// One word of a document: where it is, how long it is, and its hash.
///
/// Offsets are bytes in the document's text; a document is under 4 GiB by the readers' limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Length in Unicode scalar values.
    pub n_chars: u32,
    /// XXH3-64 of the word's UTF-8 bytes: words are hashed once, every n-gram counter reuses it.
    pub hash: u64,
}

impl Word {
    /// The word's text, a slice of its document's.
    pub fn text<'a>(&self, document: &'a str) -> &'a str {
        &document[self.start as usize..self.end as usize]
    }
}

/// Appends the words of Python's `text.split()`: the parts between runs of white space.
pub fn split_words(text: &str, words: &mut Vec<Word>) {
    words.extend(split_spaces(text).map(|word| word_of(text, word)));
}

/// Appends the parts between the word boundaries of UAX 29, white space and punctuation included.
pub fn uax29_words(text: &str, words: &mut Vec<Word>) {
    words.extend(split_spaces(text).map(|word| word_of(text, word)));
}

/// The record of `word`, a slice of `text`.
fn word_of(text: &str, word: &str) -> Word {
    let start = word.as_ptr() as usize - text.as_ptr() as usize;
    Word {
        start: start as u32,
        end: (start + word.len()) as u32,
        n_chars: word.chars().count() as u32,
        hash: xxh3_64(word.as_bytes()),
    }
}
