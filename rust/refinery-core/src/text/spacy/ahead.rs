//! Chunks that were found and not cut yet. Some blocks are looked through before the first of their
//! chunks is cut: whether a chunk is plain needs no branch here, and what the cache has of the others
//! is asked for in time.

use std::ops::Range;

use super::masks::{self, BLOCK, Masks};
use super::plain::Plain;
use super::rules::Rules;
use super::short::ShortCache;
use crate::text::words::{Front, SHORT_HASH, bytes_from};

const ROOM: usize = 2 * BLOCK;
/// Chunks that a block may add: each has a byte of white space after it, but the one that goes on.
const OF_A_BLOCK: usize = BLOCK / 2 + 1;

/// Bytes that the chunks of a block are read from: one that begins in it is read with those after.
const WINDOW: usize = BLOCK + SHORT_HASH;

/// A run of characters without white space.
#[derive(Clone, Copy, Default)]
pub(super) struct Chunk {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Hash of the letters that it begins with.
    pub(super) hash: u64,
    /// Number of these letters, 16 at most.
    pub(super) n_letters: u8,
    pub(super) last_byte: u8,
    /// Whether it is more than these letters and one mark, or a rule may know them.
    pub(super) is_other: bool,
}

impl Chunk {
    #[inline]
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// A chunk that is not plain, as the cache has it; of a longer chunk nothing of use.
#[derive(Clone, Copy, Default)]
pub(super) struct Other {
    pub(super) front: Front,
    pub(super) hash: u64,
    chunk: usize,
}

/// The chunks, and those of them that are not plain, both in order.
pub(super) struct Ahead {
    chunks: [Chunk; ROOM],
    n_chunks: usize,
    others: [Other; ROOM],
    n_others: usize,
}

impl Default for Ahead {
    fn default() -> Self {
        Self {
            chunks: [Chunk::default(); ROOM],
            n_chunks: 0,
            others: [Other::default(); ROOM],
            n_others: 0,
        }
    }
}

impl Ahead {
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        (self.n_chunks, self.n_others) = (0, 0);
    }

    /// Whether the chunks of another block find a place.
    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.n_chunks + OF_A_BLOCK <= ROOM
    }

    #[inline(always)]
    pub(super) fn chunks(&self) -> &[Chunk] {
        &self.chunks[..self.n_chunks]
    }

    #[inline(always)]
    pub(super) fn others(&self) -> &[Other] {
        &self.others[..self.n_others]
    }

    /// Adds the chunks of the block at `base`, and returns where the next one begins: where the last
    /// chunk does that goes on, if there is one.
    #[inline(always)]
    pub(super) fn add_block(
        &mut self,
        text: &str,
        base: usize,
        masks: &Masks,
        rules: &Rules,
    ) -> usize {
        let inside = !masks.spaces;
        let (mut starts, mut ends) = (inside & !(inside << 1), masks.spaces & inside << 1);
        let mut start = starts.trailing_zeros() as usize;
        if ends == 0 && start == 0 {
            return self.add_over_blocks(text, base, rules);
        }
        let padded;
        let rest = &text.as_bytes()[base..];
        let window = if let Some(window) = rest.first_chunk() {
            window
        } else {
            padded = padded_window(rest);
            &padded
        };
        while ends != 0 {
            let end = ends.trailing_zeros() as usize;
            let letters = masks.letters >> start;
            self.add(window, base, start..end, letters, &rules.plain);
            starts &= starts - 1;
            ends &= ends - 1;
            // After the last one this is the one that goes on, or where the block ends.
            start = starts.trailing_zeros() as usize;
        }
        base + start
    }

    /// Adds a chunk that ends in another block than the one it begins; returns its end.
    #[cold]
    fn add_over_blocks(&mut self, text: &str, start: usize, rules: &Rules) -> usize {
        let end = masks::find_space(text, start, rules);
        self.push(Chunk {
            start: start as u32,
            end: end as u32,
            is_other: true,
            ..Chunk::default()
        });
        end
    }

    /// Adds a chunk of the block at `base`; `letters` has a bit for each byte of it that is one.
    #[inline(always)]
    fn add(
        &mut self,
        window: &[u8; WINDOW],
        base: usize,
        chunk: Range<usize>,
        letters: u64,
        plain: &Plain,
    ) {
        let Range { start, end } = chunk;
        let n_letters = (!letters | 1 << SHORT_HASH).trailing_zeros() as usize;
        let bytes = window[start % BLOCK..].first_chunk();
        let bytes = bytes.map_or(0, |bytes| u128::from_le_bytes(*bytes));
        let hash = Front::new(bytes, n_letters).hash();
        // Without a letter this is any byte; it is not looked at.
        let letter = window[(start + n_letters).wrapping_sub(1) % BLOCK];
        let last_byte = window[(end - 1) % BLOCK];
        self.push(Chunk {
            start: (base + start) as u32,
            end: (base + end) as u32,
            hash,
            n_letters: n_letters as u8,
            last_byte,
            is_other: plain.objection(hash, letter, last_byte, [n_letters, end - start]) != 0,
        });
    }

    #[inline(always)]
    fn push(&mut self, chunk: Chunk) {
        self.chunks[self.n_chunks % ROOM] = chunk;
        self.others[self.n_others % ROOM].chunk = self.n_chunks;
        self.n_chunks += 1;
        self.n_others += usize::from(chunk.is_other);
    }

    /// Asks the memory for what the cache has of the chunks that are not plain.
    #[inline(always)]
    pub(super) fn prefetch(&mut self, text: &str, cache: &ShortCache) {
        for other in &mut self.others[..self.n_others] {
            let chunk = self.chunks[other.chunk % ROOM];
            let bytes = bytes_from(text.as_bytes(), chunk.start as usize);
            other.front = Front::new(bytes, chunk.len().min(SHORT_HASH));
            other.hash = other.front.hash();
            cache.prefetch(other.hash);
        }
    }
}

/// The last bytes of a text as a window.
#[cold]
fn padded_window(rest: &[u8]) -> [u8; WINDOW] {
    let mut window = [0; WINDOW];
    window[..rest.len()].copy_from_slice(rest);
    window
}
