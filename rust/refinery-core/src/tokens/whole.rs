//! Which pre-tokens are a token as they stand: a hash table over a vocabulary, shared by threads.
//!
//! Byte-pair encoding never cuts a piece that is itself a token, so such a piece needs no merging,
//! and most words of a text that a thread's cache does not hold are of this kind. An entry is an id
//! and a few bits of its hash; it counts only after its bytes were compared with the vocabulary's.

use bpe_openai::byte_pair_encoding::BytePairEncoding;
use xxhash_rust::xxh3::xxh3_64;

use super::short::ShortTokens;
use crate::key::Key;
use crate::prefetch;

pub(super) const ID_BITS: u32 = 20;
const EMPTY: u32 = u32::MAX;

/// The table: some 5 MB for `cl100k_base`, some 10 MB for `o200k_base`, made at first use. The part
/// that most words need is small, since common tokens have small ids.
pub(super) struct WholeTokens {
    /// Twelve bits of the hash above the id, or [`EMPTY`]; open addressing, at most half full.
    slots: Vec<u32>,
    /// Keys of the tokens by id, a key of nothing for longer ones.
    keys: Vec<Key>,
    /// The tokens one after another, and where each starts; beside the crate's own copy, because
    /// these are read in the innermost loop of [`super::merge`].
    bytes: Vec<u8>,
    starts: Vec<u32>,
    /// Those of up to seven bytes once more, for the parts of a merge.
    pub(super) short: ShortTokens,
    byte_ids: [u32; 256],
    /// Ids of all pairs of bytes, [`EMPTY`] where they are no token: half of all look-ups.
    pair_ids: Vec<u32>,
}

impl WholeTokens {
    pub(super) fn new(bpe: &BytePairEncoding) -> Self {
        // Ids beyond the bits are left out; no embedded vocabulary has any.
        let n = bpe.num_tokens().min((1 << ID_BITS) - 1);
        let mut whole = Self {
            slots: vec![EMPTY; (2 * n).next_power_of_two()],
            keys: Vec::with_capacity(n),
            bytes: Vec::new(),
            starts: vec![0],
            short: ShortTokens::new(bpe),
            byte_ids: [EMPTY; 256],
            pair_ids: vec![EMPTY; 1 << 16],
        };
        for id in 0..n as u32 {
            whole.add(id, bpe.token_bytes(id));
        }
        whole
    }

    fn add(&mut self, id: u32, token: &[u8]) {
        self.bytes.extend_from_slice(token);
        self.starts.push(self.bytes.len() as u32);
        match token {
            [byte] => self.byte_ids[usize::from(*byte)] = id,
            [a, b] => self.pair_ids[usize::from(u16::from_be_bytes([*a, *b]))] = id,
            _ => {}
        }
        let key = (token.len() <= Key::MAX_BYTES).then(|| Key::new(token, 0, token.len()));
        self.keys.push(key.unwrap_or_default());
        let hash = key.map_or_else(|| xxh3_64(token), Key::hash);
        let mask = self.slots.len() - 1;
        let mut at = self.place(hash);
        while self.slots[at] != EMPTY {
            at = (at + 1) & mask;
        }
        self.slots[at] = tag(hash) | id;
    }

    /// The id of a single byte. Every byte is a token of a byte-level vocabulary.
    #[inline]
    pub(super) fn byte_id(&self, byte: u8) -> u32 {
        self.byte_ids[usize::from(byte)]
    }

    /// The id of two bytes, if they are a token.
    #[inline]
    pub(super) fn pair_id(&self, a: u8, b: u8) -> Option<u32> {
        let id = self.pair_ids[usize::from(u16::from_be_bytes([a, b]))];
        (id != EMPTY).then_some(id)
    }

    /// The id of the piece with `key`, whose hash is `hash`, if it is a token.
    #[inline]
    pub(super) fn short_id(&self, key: Key, hash: u64) -> Option<u32> {
        self.find(hash, |id| self.keys[id as usize] == key)
    }

    /// Asks the memory for where a search for `hash` begins.
    #[inline]
    pub(super) fn prefetch_slot(&self, hash: u64) {
        prefetch::read(&self.slots, self.place(hash));
    }

    /// Asks the memory for the key that the first slot of `hash` leads to; false where that slot
    /// is of another hash.
    #[inline]
    pub(super) fn prefetch_key(&self, hash: u64) -> bool {
        let slot = self.slots[self.place(hash)];
        let id = slot & ((1 << ID_BITS) - 1);
        prefetch::read(&self.keys, id as usize);
        slot ^ id == tag(hash)
    }

    /// The id of `piece`, if it is a token.
    #[inline]
    pub(super) fn id(&self, piece: &[u8]) -> Option<u32> {
        if piece.len() <= Key::MAX_BYTES {
            let key = Key::new(piece, 0, piece.len());
            return self.short_id(key, key.hash());
        }
        self.find(xxh3_64(piece), |id| self.token(id) == piece)
    }

    #[inline]
    fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = self.place(hash);
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                return None;
            }
            let id = slot & ((1 << ID_BITS) - 1);
            if slot ^ id == tag(hash) && is_it(id) {
                return Some(id);
            }
            at = (at + 1) & mask;
        }
    }

    /// The top bits of the hash.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        (hash >> (64 - self.slots.len().ilog2())) as usize
    }

    #[inline]
    fn token(&self, id: u32) -> &[u8] {
        let id = id as usize;
        &self.bytes[self.starts[id] as usize..self.starts[id + 1] as usize]
    }
}

/// The lowest bits of the hash; its top bits are the place.
#[inline]
fn tag(hash: u64) -> u32 {
    (hash as u32) << ID_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_found_and_encodes_to_itself() {
        let bpe = &bpe_openai::cl100k_base().bpe;
        let whole = WholeTokens::new(bpe);
        for id in 0..bpe.num_tokens() as u32 {
            let bytes = bpe.token_bytes(id);
            assert_eq!(whole.id(bytes), Some(id));
            assert_eq!(bpe.encode_via_backtracking(bytes), [id]);
        }
    }

    #[test]
    fn every_byte_has_its_token() {
        for tokenizer in [bpe_openai::cl100k_base(), bpe_openai::o200k_base()] {
            let whole = WholeTokens::new(&tokenizer.bpe);
            for byte in 0..=255_u8 {
                assert_eq!(tokenizer.bpe.token_bytes(whole.byte_id(byte)), [byte]);
            }
        }
    }

    #[test]
    fn what_is_no_token_is_not_found() {
        let whole = WholeTokens::new(&bpe_openai::cl100k_base().bpe);
        for piece in [
            "",
            "qzqzqz",
            " antidisestablishmentarianism",
            "\0\0\0\0\0\0\0\u{1}",
        ] {
            assert_eq!(whole.id(piece.as_bytes()), None, "{piece:?}");
        }
    }
}
