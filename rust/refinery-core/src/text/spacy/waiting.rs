//! Words on their way into a document's list. As many are written for each chunk as it may have,
//! whether it has them or not, which takes no branch.

use crate::text::Word;

const ROOM: usize = 64;

/// Words that follow those of the list.
pub(super) struct Waiting {
    words: [Word; ROOM],
    n: usize,
}

impl Waiting {
    /// How many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.n
    }

    /// Adds the first `n` of `added`.
    #[inline]
    pub(super) fn add<const N: usize>(
        &mut self,
        added: [Word; N],
        n: usize,
        words: &mut Vec<Word>,
    ) {
        if self.n > ROOM - N {
            self.flush(words);
        }
        if let Some(place) = self.words[self.n..].first_chunk_mut() {
            *place = added;
        }
        self.n += n;
    }

    /// Appends all of them to `words`.
    #[inline(never)]
    pub(super) fn flush(&mut self, words: &mut Vec<Word>) {
        words.extend_from_slice(&self.words[..self.n]);
        self.n = 0;
    }
}

impl Default for Waiting {
    fn default() -> Self {
        let none = Word {
            start: 0,
            end: 0,
            n_chars: 0,
            hash: 0,
        };
        Self {
            words: [none; ROOM],
            n: 0,
        }
    }
}
