//! A cache from pre-tokens to their token ids, one per thread.
//!
//! Words repeat, encoding one costs some hundred nanoseconds, finding it here a few. Words that are
//! one token are not kept here but found in [`super::whole`], which all threads share. An entry is
//! found by hash and used only after its bytes and its tokenizer were compared, so the cache never
//! changes a result; a newer word takes the place of an older one.
//!
//! Memory: [`BYTES`], allocated when a thread counts its first token, and never more.

use xxhash_rust::xxh3::xxh3_64;

use crate::key::Key;
use crate::prefetch;

const SHORT_PAIRS: usize = 1 << 16;
const LONG_SLOTS: usize = 1 << 12;
const LONG_KEY: usize = 48;
const SHORT_IDS: usize = 3;
const LONG_IDS: usize = 19;

/// Size of the cache of one thread in bytes: 4.5 MiB.
///
/// Most of it for words of up to 15 bytes in 2 or 3 tokens, which rare words of prose are: a
/// quarter of the size lost a fifth of the speed, for words that had to be merged again. The rest
/// is for up to 48 bytes in up to 19 tokens: long words, and scripts of several bytes a letter.
pub(super) const BYTES: usize =
    SHORT_PAIRS * size_of::<ShortPair>() + LONG_SLOTS * size_of::<LongSlot>();

const _: () = assert!(BYTES == 9 << 19);

/// Which tokenizer an entry belongs to. Zero is nobody: the owner of empty slots.
pub(super) type Owner = u16;

/// Owner, length in bytes and number of ids in one word, so that one comparison checks two.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Tag(u32);

impl Tag {
    fn new(owner: Owner, len: usize, ids: usize) -> Self {
        Self(u32::from(owner) << 16 | (len as u32) << 8 | ids as u32)
    }

    fn is_of(self, owner: Owner, len: usize) -> bool {
        self.0 >> 8 == Self::new(owner, len, 0).0 >> 8
    }

    fn n_ids(self) -> usize {
        (self.0 & 0xff) as usize
    }
}

#[derive(Clone, Default)]
#[repr(align(32))]
struct ShortSlot {
    key: Key,
    tag: Tag,
    ids: [u32; SHORT_IDS],
}

impl ShortSlot {
    #[inline]
    fn is_of(&self, owner: Owner, key: Key) -> bool {
        // A key tells its length; the other part of the tag is the owner.
        self.key == key && self.tag.is_of(owner, 0)
    }
}

/// Two slots on one cache line. The first holds a word that was met at least twice since it came,
/// where there is one; a word that is met for the first time takes the second, so rare words pass
/// through without driving out common ones.
#[derive(Clone, Default)]
#[repr(align(64))]
struct ShortPair([ShortSlot; 2]);

#[derive(Clone)]
#[repr(align(64))]
struct LongSlot {
    key: [u8; LONG_KEY],
    tag: Tag,
    ids: [u32; LONG_IDS],
}

impl Default for LongSlot {
    fn default() -> Self {
        Self {
            key: [0; LONG_KEY],
            tag: Tag::default(),
            ids: [0; LONG_IDS],
        }
    }
}

impl ShortPair {
    /// Whether the pair holds the word, which is then in the first slot.
    #[inline]
    fn bring_to_front(&mut self, owner: Owner, key: Key) -> bool {
        let [first, second] = &mut self.0;
        if first.is_of(owner, key) {
            return true;
        }
        if !second.is_of(owner, key) {
            return false;
        }
        std::mem::swap(first, second);
        true
    }
}

/// The cache.
#[derive(Default)]
pub(super) struct WordCache {
    short: Vec<ShortPair>,
    long: Vec<LongSlot>,
    /// Ids of the last piece that no slot could hold.
    spill: Vec<u32>,
}

impl WordCache {
    /// Asks the memory for the slots of the key with this hash.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        prefetch::read(&self.short, short_place(hash));
    }

    /// Asks the memory for where a piece goes that has a key with this hash but no short slot.
    #[inline]
    pub(super) fn prefetch_long(&self, hash: u64) {
        prefetch::read(&self.long, long_place(hash));
    }

    /// Whether the piece with this key is in its short slots.
    #[inline]
    pub(super) fn holds(&self, owner: Owner, key: Key, hash: u64) -> bool {
        let pair = self.short.get(short_place(hash));
        pair.is_some_and(|pair| pair.0.iter().any(|slot| slot.is_of(owner, key)))
    }

    /// Ids of the piece with this key and its hash: out of the cache, else from `encode`.
    #[inline]
    pub(super) fn short_ids(
        &mut self,
        owner: Owner,
        (key, hash): (Key, u64),
        piece: &[u8],
        encode: impl FnOnce(&[u8], &mut Vec<u32>),
    ) -> &[u32] {
        self.allocate();
        let at = short_place(hash);
        if self.short[at].bring_to_front(owner, key) {
            let slot = &self.short[at].0[0];
            return &slot.ids[..slot.tag.n_ids()];
        }
        self.long_ids(owner, (piece, hash), Some((at, key)), encode)
    }

    /// Ids of a piece without a key.
    pub(super) fn ids(
        &mut self,
        owner: Owner,
        piece: &[u8],
        encode: impl FnOnce(&[u8], &mut Vec<u32>),
    ) -> &[u32] {
        if piece.len() <= LONG_KEY {
            self.allocate();
            return self.long_ids(owner, (piece, xxh3_64(piece)), None, encode);
        }
        self.spill.clear();
        encode(piece, &mut self.spill);
        &self.spill
    }

    #[inline]
    fn allocate(&mut self) {
        if self.short.is_empty() {
            self.short.resize(SHORT_PAIRS, ShortPair::default());
            self.long.resize(LONG_SLOTS, LongSlot::default());
        }
    }

    /// Ids of a piece that is not in its short slot, if it has one.
    fn long_ids(
        &mut self,
        owner: Owner,
        (piece, hash): (&[u8], u64),
        short: Option<(usize, Key)>,
        encode: impl FnOnce(&[u8], &mut Vec<u32>),
    ) -> &[u32] {
        let at = long_place(hash);
        let slot = &self.long[at];
        if slot.tag.is_of(owner, piece.len()) && slot.key[..piece.len()] == *piece {
            let n_ids = slot.tag.n_ids();
            return &self.long[at].ids[..n_ids];
        }
        self.spill.clear();
        encode(piece, &mut self.spill);
        match short {
            Some((at, key)) if self.spill.len() <= SHORT_IDS => {
                let slot = &mut self.short[at].0[1];
                (slot.key, slot.tag) = (key, Tag::new(owner, 0, self.spill.len()));
                slot.ids[..self.spill.len()].copy_from_slice(&self.spill);
            }
            _ if self.spill.len() <= LONG_IDS => {
                let slot = &mut self.long[at];
                slot.tag = Tag::new(owner, piece.len(), self.spill.len());
                slot.key[..piece.len()].copy_from_slice(piece);
                slot.ids[..self.spill.len()].copy_from_slice(&self.spill);
            }
            _ => {}
        }
        &self.spill
    }
}

#[inline]
fn short_place(hash: u64) -> usize {
    (hash >> (64 - SHORT_PAIRS.ilog2())) as usize
}

#[inline]
fn long_place(hash: u64) -> usize {
    hash as usize & (LONG_SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(cache: &mut WordCache, owner: Owner, text: &str, encoded: &[u32]) -> Vec<u32> {
        let piece = text.as_bytes();
        let encode = |_: &[u8], ids: &mut Vec<u32>| ids.extend_from_slice(encoded);
        if piece.len() <= Key::MAX_BYTES {
            let key = Key::new(piece, 0, piece.len());
            cache
                .short_ids(owner, (key, key.hash()), piece, encode)
                .to_vec()
        } else {
            cache.ids(owner, piece, encode).to_vec()
        }
    }

    #[test]
    fn a_word_is_encoded_once() {
        let words = ["a", "fifteen bytes 5", "more than fifteen bytes"];
        let mut cache = WordCache::default();
        for word in words {
            assert_eq!(ids(&mut cache, 1, word, &[7, 8]), [7, 8]);
            assert_eq!(
                ids(&mut cache, 1, word, &[]),
                [7, 8],
                "{word}: out of the cache"
            );
        }
    }

    #[test]
    fn a_short_word_of_many_tokens_is_kept_too() {
        let mut cache = WordCache::default();
        let many: Vec<u32> = (0..15).collect();
        assert_eq!(ids(&mut cache, 1, "0123456789abcde", &many), many);
        assert_eq!(ids(&mut cache, 1, "0123456789abcde", &[]), many);
    }

    #[test]
    fn tokenizers_do_not_see_each_others_words() {
        let mut cache = WordCache::default();
        for word in ["word", "a word of more than fifteen bytes"] {
            assert_eq!(ids(&mut cache, 1, word, &[1]), [1]);
            assert_eq!(ids(&mut cache, 2, word, &[2]), [2]);
            assert_eq!(ids(&mut cache, 1, word, &[1]), [1]);
        }
    }

    #[test]
    fn what_fits_nowhere_is_encoded_each_time() {
        let mut cache = WordCache::default();
        let many = [5; 20];
        assert_eq!(ids(&mut cache, 1, "many", &many), many);
        assert_eq!(ids(&mut cache, 1, "many", &[6]), [6]);
        let long = "x".repeat(49);
        assert_eq!(ids(&mut cache, 1, &long, &[1]), [1]);
        assert_eq!(ids(&mut cache, 1, &long, &[2]), [2]);
    }
}
