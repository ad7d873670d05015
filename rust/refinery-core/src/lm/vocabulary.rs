//! The words of a language model: bytes to numbers, equality exact.

use xxhash_rust::xxh3::xxh3_64;

use super::WordId;
use crate::fasttext::table::{Inserted, Table};

/// Words by number. Number 0 is the unknown word, which is not looked up.
pub(super) struct Vocabulary {
    bytes: Vec<u8>,
    starts: Vec<u32>,
    table: Table,
}

/// Why words are no vocabulary: the number of the one that offends.
pub(super) enum Fault {
    Twice(WordId),
    Collides(WordId),
}

/// Words that are being collected: the table is made once their number is known.
#[derive(Default)]
pub(super) struct Words {
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

impl Words {
    /// Adds a word and returns its number, `None` where there is no room for more.
    pub(super) fn push(&mut self, word: &[u8]) -> Option<WordId> {
        self.starts.push(u32::try_from(self.bytes.len()).ok()?);
        self.bytes.extend_from_slice(word);
        u32::try_from(self.bytes.len()).ok()?;
        u32::try_from(self.starts.len()).ok()
    }

    pub(super) fn finish(mut self) -> Result<Vocabulary, Fault> {
        self.starts.push(self.bytes.len() as u32);
        let n = self.starts.len() - 1;
        let mut vocabulary = Vocabulary {
            bytes: self.bytes,
            starts: self.starts,
            table: Table::with_room_for(n),
        };
        let mut table = Table::with_room_for(n);
        for id in 1..=n as WordId {
            let word = vocabulary.text(id);
            match table.insert(hash(word), id, |other| vocabulary.text(other) == word) {
                Inserted::Yes => {}
                Inserted::Twice => return Err(Fault::Twice(id)),
                Inserted::TooFar => return Err(Fault::Collides(id)),
            }
        }
        vocabulary.table = table;
        Ok(vocabulary)
    }
}

impl Vocabulary {
    fn text(&self, id: WordId) -> &[u8] {
        let id = id as usize;
        &self.bytes[self.starts[id - 1] as usize..self.starts[id] as usize]
    }

    #[inline]
    pub(super) fn get(&self, word: &[u8]) -> Option<WordId> {
        self.table.get(hash(word), |id| self.text(id) == word)
    }
}

fn hash(word: &[u8]) -> u32 {
    xxh3_64(word) as u32
}
