//! A cache from pre-tokens to their token ids, one per thread.
//!
//! Words repeat, encoding one costs some hundred nanoseconds, finding it here a few. An entry is
//! found by hash and used only after its bytes and its tokenizer were compared, so the cache never
//! changes a result; a newer word takes the place of an older one.
//!
//! Memory: [`BYTES`], allocated when a thread counts its first token, and never more.

use xxhash_rust::xxh3::xxh3_64;

const SHORT_PAIRS: usize = 1 << 14;
const LONG_SLOTS: usize = 1 << 13;
const SHORT_KEY: usize = size_of::<u128>();
const LONG_KEY: usize = 48;
const SHORT_IDS: usize = 3;
const LONG_IDS: usize = 19;

/// Size of the cache of one thread in bytes: 2 MiB.
///
/// Half of it for words of up to 16 bytes in up to 3 tokens, which prose is made of; the other
/// half for up to 48 bytes in up to 19 tokens: long words, and scripts of several bytes a letter.
pub(super) const BYTES: usize =
    SHORT_PAIRS * size_of::<ShortPair>() + LONG_SLOTS * size_of::<LongSlot>();

const _: () = assert!(BYTES == 2 << 20);

/// Which tokenizer an entry belongs to. Zero is nobody: such a tokenizer is not cached.
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
    key: u128,
    tag: Tag,
    ids: [u32; SHORT_IDS],
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
    fn bring_to_front(&mut self, owner: Owner, key: u128, len: usize) -> bool {
        let [first, second] = &mut self.0;
        let is_it = |slot: &ShortSlot| slot.key == key && slot.tag.is_of(owner, len);
        if is_it(first) {
            return true;
        }
        if !is_it(second) {
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
    /// Ids of `text[start..end]`, which is not empty: out of the cache, else from `encode`.
    #[inline]
    pub(super) fn ids(
        &mut self,
        owner: Owner,
        text: &[u8],
        (start, end): (usize, usize),
        encode: impl FnOnce(&[u8], &mut Vec<u32>),
    ) -> &[u32] {
        let len = end - start;
        if len > LONG_KEY || owner == 0 {
            self.spill.clear();
            encode(&text[start..end], &mut self.spill);
            return &self.spill;
        }
        if self.short.is_empty() {
            self.short.resize(SHORT_PAIRS, ShortPair::default());
            self.long.resize(LONG_SLOTS, LongSlot::default());
        }
        if len > SHORT_KEY {
            return self.long_ids(owner, &text[start..end], None, encode);
        }
        let key = short_key(text, start, len);
        let at = short_place(key);
        if self.short[at].bring_to_front(owner, key, len) {
            let slot = &self.short[at].0[0];
            return &slot.ids[..slot.tag.n_ids()];
        }
        self.long_ids(owner, &text[start..end], Some((at, key)), encode)
    }

    /// The same for a piece that is not in its short slot, if it has one.
    fn long_ids(
        &mut self,
        owner: Owner,
        piece: &[u8],
        short: Option<(usize, u128)>,
        encode: impl FnOnce(&[u8], &mut Vec<u32>),
    ) -> &[u32] {
        let at = xxh3_64(piece) as usize & (LONG_SLOTS - 1);
        let slot = &self.long[at];
        if slot.tag.is_of(owner, piece.len()) && slot.key[..piece.len()] == *piece {
            let n_ids = slot.tag.n_ids();
            return &self.long[at].ids[..n_ids];
        }
        self.spill.clear();
        encode(piece, &mut self.spill);
        let tag = Tag::new(owner, piece.len(), self.spill.len().min(0xff));
        match short {
            Some((at, key)) if self.spill.len() <= SHORT_IDS => {
                let slot = &mut self.short[at].0[1];
                (slot.key, slot.tag) = (key, tag);
                slot.ids[..self.spill.len()].copy_from_slice(&self.spill);
            }
            _ if self.spill.len() <= LONG_IDS => {
                let slot = &mut self.long[at];
                slot.tag = tag;
                slot.key[..piece.len()].copy_from_slice(piece);
                slot.ids[..self.spill.len()].copy_from_slice(&self.spill);
            }
            _ => {}
        }
        &self.spill
    }
}

/// The piece's bytes, padded by zeros. Its length is part of the tag, so a NUL is no padding.
#[inline]
fn short_key(text: &[u8], start: usize, len: usize) -> u128 {
    let rest = &text[start..];
    if let Some(bytes) = rest.first_chunk::<SHORT_KEY>() {
        // Reading past the piece and masking is faster than copying a variable length.
        let unused = 8 * (SHORT_KEY - len) as u32;
        return u128::from_le_bytes(*bytes) << unused >> unused;
    }
    let mut bytes = [0; SHORT_KEY];
    bytes[..len].copy_from_slice(&rest[..len]);
    u128::from_le_bytes(bytes)
}

/// A folded multiplication: enough mixing for a place, in a few cycles.
#[inline]
fn short_place(key: u128) -> usize {
    let low = key as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let high = (key >> 64) as u64 ^ 0xd1b5_4a32_d192_ed03;
    let product = u128::from(low) * u128::from(high);
    let folded = (product >> 64) as u64 ^ product as u64;
    // The top bits of the fold are the best mixed ones.
    (folded >> (64 - SHORT_PAIRS.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(cache: &mut WordCache, owner: Owner, text: &str, encoded: &[u32]) -> Vec<u32> {
        cache
            .ids(owner, text.as_bytes(), (0, text.len()), |_, ids| {
                ids.extend_from_slice(encoded);
            })
            .to_vec()
    }

    #[test]
    fn a_word_is_encoded_once() {
        let words = ["a", "sixteen bytes 16", "more than sixteen bytes"];
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
        let many: Vec<u32> = (0..16).collect();
        assert_eq!(ids(&mut cache, 1, "0123456789abcdef", &many), many);
        assert_eq!(ids(&mut cache, 1, "0123456789abcdef", &[]), many);
    }

    #[test]
    fn tokenizers_do_not_see_each_others_words() {
        let mut cache = WordCache::default();
        assert_eq!(ids(&mut cache, 1, "word", &[1]), [1]);
        assert_eq!(ids(&mut cache, 2, "word", &[2]), [2]);
        assert_eq!(ids(&mut cache, 1, "word", &[1]), [1]);
    }

    #[test]
    fn nul_bytes_are_not_padding() {
        let mut cache = WordCache::default();
        assert_eq!(ids(&mut cache, 1, "a", &[1]), [1]);
        assert_eq!(ids(&mut cache, 1, "a\0", &[2]), [2]);
        assert_eq!(ids(&mut cache, 1, "\0", &[3]), [3]);
    }

    #[test]
    fn what_fits_nowhere_and_what_nobody_owns_is_encoded_each_time() {
        let mut cache = WordCache::default();
        let many = [5; 20];
        assert_eq!(ids(&mut cache, 1, "many", &many), many);
        assert_eq!(ids(&mut cache, 1, "many", &[6]), [6]);
        assert_eq!(ids(&mut cache, 0, "word", &[1]), [1]);
        assert_eq!(ids(&mut cache, 0, "word", &[2]), [2]);
        let long = "x".repeat(49);
        assert_eq!(ids(&mut cache, 1, &long, &[1]), [1]);
        assert_eq!(ids(&mut cache, 1, &long, &[2]), [2]);
    }

    #[test]
    fn a_key_does_not_depend_on_what_follows_the_piece() {
        let text = b"word and fourteen more bytes";
        assert_eq!(short_key(text, 0, 4), short_key(b"word", 0, 4));
        assert_eq!(
            short_key(text, 5, 16),
            u128::from_le_bytes(*b"and fourteen mor")
        );
        assert_eq!(short_key(text, 24, 4), short_key(b"ytes", 0, 4));
    }
}
