//! What short chunks were cut into last time: a small table that stays near the processor, before
//! the large one of `cache`. Never decides anything: a hit is the same bytes.

use super::cache::CachedToken;
use super::phrases::{Phrases, TokenId};
use crate::text::Word;
use crate::text::words::Front;

/// Tokens of an entry; chunks of more are left to the large table.
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
    fn new(front: Front, n_bytes: usize, tokens: &[CachedToken], phrases: &Phrases) -> Self {
        let mut chunk = Self {
            front,
            n_bytes: n_bytes as u8,
            n_tokens: tokens.len() as u8,
            last_id: tokens.last().map_or(0, |token| token.id),
            is_quiet: !tokens
                .windows(2)
                .any(|pair| phrases.is_pair(pair[0].id, pair[1].id)),
            ..Self::default()
        };
        for (i, token) in tokens.iter().enumerate() {
            chunk.hashes[i] = token.hash;
            chunk.ids[i] = token.id;
            chunk.ends[i] = token.end;
            chunk.n_chars[i] = token.n_chars;
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
    /// The chunk of `n_bytes` bytes that are `front`, if it is the last one put at its place.
    #[inline]
    pub(super) fn get(&self, front: Front, n_bytes: usize, hash: u64) -> Option<&ShortChunk> {
        let chunk = self.slots.get(place(hash))?;
        (chunk.front == front && usize::from(chunk.n_bytes) == n_bytes).then_some(chunk)
    }

    /// Remembers the tokens of a chunk, which follow each other without a gap.
    pub(super) fn put(
        &mut self,
        front: Front,
        n_bytes: usize,
        hash: u64,
        tokens: &[CachedToken],
        phrases: &Phrases,
    ) {
        if !(1..=MAX_TOKENS).contains(&tokens.len()) {
            return;
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, ShortChunk::default());
        }
        self.slots[place(hash)] = ShortChunk::new(front, n_bytes, tokens, phrases);
    }
}

#[inline]
fn place(hash: u64) -> usize {
    hash as usize % SLOTS
}
