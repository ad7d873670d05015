//! What a chunk was cut into last time. Never decides anything: a hit is verified by its bytes,
//! and with or without the cache the words are the same.

use super::phrases::TokenId;
use crate::text::Word;

/// Longer chunks are rare and seldom come back.
pub(super) const MAX_CHUNK: usize = 64;
const SLOTS: usize = 1 << 16;
const MAX_ENTRIES: usize = SLOTS / 2;
/// Bounds the memory when every chunk holds many tokens.
const MAX_TOKENS: usize = SLOTS;

/// One token of a chunk; `start` and `end` are bytes in the chunk.
#[derive(Clone, Copy)]
pub(super) struct CachedToken {
    pub(super) hash: u64,
    pub(super) id: TokenId,
    pub(super) start: u8,
    pub(super) end: u8,
    pub(super) n_chars: u8,
}

impl CachedToken {
    /// The word that it is in a chunk at byte `base`.
    #[inline]
    pub(super) fn word(&self, base: u32) -> Word {
        Word {
            start: base + u32::from(self.start),
            end: base + u32::from(self.end),
            n_chars: u32::from(self.n_chars),
            hash: self.hash,
        }
    }
}

/// A chunk. `n_tokens` is 0 in an empty slot.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry {
    hash: u64,
    key: u32,
    tokens: u32,
    len: u8,
    n_tokens: u8,
}

/// Chunks and their tokens; emptied when full.
#[derive(Default)]
pub(super) struct ChunkCache {
    slots: Vec<Entry>,
    n_entries: usize,
    keys: Vec<u8>,
    tokens: Vec<CachedToken>,
}

impl ChunkCache {
    /// The entry of `chunk`, whose hash is `hash`, if it was put before.
    #[inline]
    pub(super) fn get(&self, chunk: &[u8], hash: u64) -> Option<Entry> {
        if self.slots.is_empty() {
            return None;
        }
        Some(self.slots[self.find(chunk, hash)]).filter(|entry| entry.n_tokens > 0)
    }

    /// The tokens of an entry that was got or put just now; none of an empty one.
    #[inline]
    pub(super) fn tokens(&self, entry: Entry) -> &[CachedToken] {
        let start = entry.tokens as usize;
        &self.tokens[start..start + entry.n_tokens as usize]
    }

    /// The slot of `chunk`, or the empty one where it belongs. Half of the slots stay empty.
    #[inline]
    fn find(&self, chunk: &[u8], hash: u64) -> usize {
        let mut at = hash as usize % SLOTS;
        loop {
            let entry = &self.slots[at];
            let key = entry.key as usize;
            let is_it = || {
                entry.hash == hash
                    && entry.len as usize == chunk.len()
                    && &self.keys[key..key + chunk.len()] == chunk
            };
            if entry.n_tokens == 0 || is_it() {
                return at;
            }
            at = (at + 1) % SLOTS;
        }
    }

    /// Remembers the tokens of a chunk of at most [`MAX_CHUNK`] bytes; returns its entry.
    pub(super) fn put(
        &mut self,
        chunk: &[u8],
        hash: u64,
        tokens: impl ExactSizeIterator<Item = CachedToken>,
    ) -> Entry {
        if chunk.len() > MAX_CHUNK || tokens.len() == 0 {
            return Entry::default();
        }
        if self.slots.is_empty()
            || self.n_entries == MAX_ENTRIES
            || self.tokens.len() + tokens.len() > MAX_TOKENS
        {
            self.clear();
        }
        let at = self.find(chunk, hash);
        self.slots[at] = Entry {
            hash,
            key: self.keys.len() as u32,
            tokens: self.tokens.len() as u32,
            len: chunk.len() as u8,
            n_tokens: tokens.len() as u8,
        };
        self.n_entries += 1;
        self.keys.extend_from_slice(chunk);
        self.tokens.extend(tokens);
        self.slots[at]
    }

    fn clear(&mut self) {
        self.slots.clear();
        self.slots.resize(SLOTS, Entry::default());
        self.n_entries = 0;
        self.keys.clear();
        self.tokens.clear();
    }
}
