//! What short chunks were cut into last time: a small table that stays near the processor. Never
//! decides anything: a hit is the same bytes.

use super::phrases::{Phrases, TokenId};
use crate::prefetch;
use crate::text::Word;
use crate::text::words::Front;

/// Tokens of an entry; chunks of more are cut each time.
pub(super) const MAX_TOKENS: usize = 3;
const SLOTS: usize = 1 << 12;

/// A chunk of at most 16 bytes; `n_bytes` is 0 in an empty slot. As long as a cache line.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct ShortChunk {
    front: Front,
    hashes: [u64; MAX_TOKENS],
    ids: [TokenId; MAX_TOKENS],
    /// Number of the last token.
    pub(super) last_id: TokenId,
    ends: [u8; MAX_TOKENS],
    n_chars: [u8; MAX_TOKENS],
    n_bytes: u8,
    pub(super) n_tokens: u8,
    /// Whether no sequence of the second pass begins within it.
    pub(super) is_quiet: bool,
}

impl ShortChunk {
    /// The chunk of these bytes that is `words`, [`MAX_TOKENS`] at most, whose numbers are `ids`. They
    /// follow each other without a gap from byte `base` on.
    pub(super) fn new(
        front: Front,
        base: u32,
        words: &[Word],
        ids: &[TokenId],
        phrases: &Phrases,
    ) -> Self {
        let mut chunk = Self {
            front,
            n_tokens: words.len() as u8,
            is_quiet: true,
            ..Self::default()
        };
        for (i, (word, &id)) in words.iter().zip(ids).take(MAX_TOKENS).enumerate() {
            chunk.is_quiet &= !phrases.is_pair(chunk.last_id, id);
            chunk.last_id = id;
            chunk.n_bytes = (word.end - base) as u8;
            chunk.hashes[i] = word.hash;
            chunk.ids[i] = id;
            chunk.ends[i] = chunk.n_bytes;
            chunk.n_chars[i] = word.n_chars as u8;
        }
        chunk
    }

    /// Its tokens where it begins at byte `base`; those beyond the last are no words.
    #[inline]
    pub(super) fn words(&self, base: u32) -> [Word; MAX_TOKENS] {
        let mut start = base;
        std::array::from_fn(|i| {
            let word = Word {
                start,
                end: base + u32::from(self.ends[i]),
                n_chars: u32::from(self.n_chars[i]),
                hash: self.hashes[i],
            };
            start = word.end;
            word
        })
    }

    /// The numbers of its tokens.
    #[inline]
    pub(super) fn ids(&self) -> &[TokenId] {
        &self.ids[..usize::from(self.n_tokens)]
    }
}

/// One place for each hash: a chunk takes that of another.
#[derive(Default)]
pub(super) struct ShortCache {
    slots: Vec<ShortChunk>,
}

impl ShortCache {
    /// Asks the memory for the place of a hash.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        prefetch::read(&self.slots, place(hash));
    }

    /// The chunk of `n_bytes` bytes that are `front`, if it is the last one put at its place.
    #[inline]
    pub(super) fn get(&self, front: Front, n_bytes: usize, hash: u64) -> Option<&ShortChunk> {
        let chunk = self.slots.get(place(hash))?;
        (chunk.front == front && usize::from(chunk.n_bytes) == n_bytes).then_some(chunk)
    }

    /// Remembers a chunk.
    pub(super) fn put(&mut self, hash: u64, chunk: ShortChunk) {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, ShortChunk::default());
        }
        self.slots[place(hash)] = chunk;
    }
}

#[inline]
fn place(hash: u64) -> usize {
    hash as usize % SLOTS
}
