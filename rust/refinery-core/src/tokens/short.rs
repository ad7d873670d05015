//! The tokens of up to seven bytes: a perfect hash table, in which a look-up reads one slot.
//!
//! Nearly all parts that merging asks for are as short. No look-up searches or branches, and all
//! slots of a piece's parts are known from its bytes, so the memory can be asked for them before
//! they are needed.

use std::ops::Range;

use bpe_openai::byte_pair_encoding::BytePairEncoding;

use crate::prefetch;

/// Longest token that is here.
pub(super) const MAX_BYTES: usize = 7;

/// Slots a group, as a power of two. Half of all slots are of tokens, some four of each group.
const GROUP_BITS: u32 = 3;
/// No slot of a token: its id would be all ones.
const EMPTY: u64 = u64::MAX;

/// A hash table without collisions: 1 MB for `cl100k_base`, 2 MB for `o200k_base`.
///
/// A number of 64 bits holds a token and its length, and hashing takes such numbers one to one. The
/// top bits of a hash, moved by the shift of its group, are the place; the others are kept in the
/// slot, above the id. They tell the group, hence the shift, hence with the place the top bits: what
/// agrees with its slot is the same token, and no bytes need to be compared.
pub(super) struct ShortTokens {
    slots: Vec<u64>,
    /// Chosen at the start, so that no two tokens have the same place.
    shifts: Vec<u8>,
    /// Of the number of a slot, and of an id.
    bits: u32,
}

impl ShortTokens {
    pub(super) fn new(bpe: &BytePairEncoding) -> Self {
        let n = bpe.num_tokens();
        let n_slots = (n + 1).next_power_of_two();
        let mut table = Self {
            slots: vec![EMPTY; n_slots],
            shifts: vec![0; n_slots >> GROUP_BITS],
            bits: n_slots.ilog2(),
        };
        let mut groups = vec![Vec::new(); table.shifts.len()];
        for id in 0..n as u32 {
            let token = bpe.token_bytes(id);
            if token.len() <= MAX_BYTES {
                let hash = table.hash(number(window(token, 0), token.len()));
                groups[table.group(hash)].push((hash, id));
            }
        }
        // The largest first, while most slots are empty.
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        for group in groups.iter().filter(|group| !group.is_empty()) {
            table.add(group);
        }
        table
    }

    /// Adds the hashes and ids of a group.
    fn add(&mut self, group: &[(u64, u32)]) {
        let at = self.group(group[0].0);
        let fits = |shift: &u8| {
            self.shifts[at] = *shift;
            let places: Vec<usize> = group.iter().map(|&(hash, _)| self.place(hash)).collect();
            let is_free = |(i, place)| self.slots[place] == EMPTY && !places[..i].contains(&place);
            places.iter().copied().enumerate().all(is_free)
        };
        let found = (0..=u8::MAX).find(fits);
        assert!(found.is_some(), "both vocabularies fit, as tests show");
        for &(hash, id) in group {
            let place = self.place(hash);
            self.slots[place] = hash << self.bits | u64::from(id);
        }
    }

    /// The id of the `len` bytes of `text` from `start`, if they are a token; at most [`MAX_BYTES`].
    #[inline]
    pub(super) fn id(&self, text: &[u8], start: usize, len: usize) -> Option<u32> {
        let hash = self.hash(number(window(text, start), len));
        let found = self.slots[self.place(hash)] ^ hash << self.bits;
        // Bits above the id's are left where the slot is another's, all of the id's where it is
        // empty.
        let none = (1 << self.bits) - 1;
        (found < none).then_some(found as u32)
    }

    /// Asks the memory for the slots of all parts of at least so many bytes of the piece of `text`.
    pub(super) fn prefetch_parts(&self, text: &[u8], piece: Range<usize>, shortest: usize) {
        for start in piece.clone() {
            // Of the text, not of the piece: there are eight bytes to read but at the text's end.
            let window = window(text, start);
            for len in shortest..=MAX_BYTES.min(piece.end - start) {
                let hash = self.hash(number(window, len));
                prefetch::read(&self.slots, self.place(hash));
            }
        }
    }

    /// One to one: a product with an odd number, whose top bits all bytes reach, and those added to
    /// its lowest bits, which tell the group.
    #[inline]
    fn hash(&self, number: u64) -> u64 {
        let product = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        product ^ product >> (u64::BITS - self.bits)
    }

    #[inline]
    fn group(&self, hash: u64) -> usize {
        hash as usize & (self.shifts.len() - 1)
    }

    /// The top bits, moved by a multiple of bits that the slot keeps.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        let shift = u64::from(self.shifts[self.group(hash)]);
        let top = hash >> (u64::BITS - self.bits);
        let moved = top.wrapping_add((hash >> 20 | 1).wrapping_mul(shift));
        moved as usize & (self.slots.len() - 1)
    }
}

/// The eight bytes from `start`, zeros after the text.
#[inline]
fn window(text: &[u8], start: usize) -> u64 {
    let rest = &text[start..];
    let bytes = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; 8];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes
    });
    u64::from_le_bytes(bytes)
}

/// The first `len` bytes of a window, zeros after them, and their number in the last byte, so that
/// a NUL is no padding.
#[inline]
fn number(window: u64, len: usize) -> u64 {
    window & ((1 << (8 * len)) - 1) | (len as u64) << (8 * MAX_BYTES)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn vocabularies() -> [&'static BytePairEncoding; 2] {
        [bpe_openai::cl100k_base(), bpe_openai::o200k_base()].map(|tokenizer| &tokenizer.bpe)
    }

    #[test]
    fn every_short_token_is_found_whatever_follows_it() {
        for bpe in vocabularies() {
            let table = ShortTokens::new(bpe);
            let ids = 0..bpe.num_tokens() as u32;
            let short: Vec<u32> = ids
                .filter(|&id| bpe.token_bytes(id).len() <= MAX_BYTES)
                .collect();
            for &id in &short {
                let token = bpe.token_bytes(id);
                for end in [&[][..], &[0; 8], &[0xff; 8]] {
                    let text = [b"x", token, end].concat();
                    assert_eq!(table.id(&text, 1, token.len()), Some(id), "{token:?}");
                }
            }
            let n_used = table.slots.iter().filter(|&&slot| slot != EMPTY).count();
            assert_eq!(n_used, short.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn what_is_no_token_is_not_found(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=MAX_BYTES), 2000),
            words in prop::collection::vec("[ a-z][a-z]{0,6}", 2000),
        ) {
            for bpe in vocabularies() {
                let ids = 0..bpe.num_tokens() as u32;
                let known: HashMap<&[u8], u32> = ids.map(|id| (bpe.token_bytes(id), id)).collect();
                let table = ShortTokens::new(bpe);
                for piece in pieces.iter().map(Vec::as_slice).chain(words.iter().map(String::as_bytes)) {
                    prop_assert_eq!(table.id(piece, 0, piece.len()), known.get(piece).copied());
                }
            }
        }
    }
}
