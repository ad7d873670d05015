//! The short words of a dictionary by their keys: what a word is and its hash, on one cache line.
//!
//! Nearly all words of a text have a key. Comparing it is comparing the word, and it is hashed in
//! a few steps, where the hash of the file's format takes four for each byte: that one is stored.

use super::table::{Inserted, MAX_PROBES};
use crate::key::Key;
use crate::prefetch;

/// A word of up to [`Key::MAX_BYTES`] bytes; the key of nothing where there is none.
#[derive(Clone, Copy, Default)]
#[repr(align(32))]
pub(super) struct ShortWord {
    key: Key,
    /// Its place in the dictionary.
    pub(super) id: u32,
    /// Its hash by [`super::words::hash`].
    pub(super) hash: u32,
}

/// Open addressing, at most two thirds full.
pub(super) struct ShortWords {
    slots: Vec<ShortWord>,
}

impl ShortWords {
    pub(super) fn with_room_for(n: usize) -> Self {
        Self {
            slots: vec![ShortWord::default(); (n + n / 2 + 2).next_power_of_two()],
        }
    }

    pub(super) fn insert(&mut self, key: Key, id: u32, hash: u32) -> Inserted {
        let home = self.home(key.hash());
        for i in 0..MAX_PROBES.min(self.slots.len()) {
            let at = (home + i) & (self.slots.len() - 1);
            let slot = &mut self.slots[at];
            if slot.key == key {
                return Inserted::Twice;
            }
            if slot.key == Key::default() {
                *slot = ShortWord { key, id, hash };
                return Inserted::Yes;
            }
        }
        Inserted::TooFar
    }

    /// The word with `key`, whose [`Key::hash`] is `key_hash`.
    #[inline]
    pub(super) fn get(&self, key: Key, key_hash: u64) -> Option<ShortWord> {
        let home = self.home(key_hash);
        for i in 0..MAX_PROBES {
            let slot = self.slots[(home + i) & (self.slots.len() - 1)];
            if slot.key == key {
                return Some(slot);
            }
            if slot.key == Key::default() {
                return None;
            }
        }
        None
    }

    #[inline]
    pub(super) fn prefetch(&self, key_hash: u64) {
        prefetch::read(&self.slots, self.home(key_hash));
    }

    /// The top bits, which are the best mixed ones.
    #[inline]
    fn home(&self, key_hash: u64) -> usize {
        (key_hash >> (u64::BITS - self.slots.len().ilog2())) as usize
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.slots[..])
    }
}
