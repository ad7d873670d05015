//! Which pre-tokens are a token as they stand: a hash table over a vocabulary, shared by threads.
//!
//! Byte-pair encoding never cuts a piece that is itself a token, so such a piece needs no merging,
//! and most words of a text that a thread's cache does not hold are of this kind. An entry is an id
//! and a few bits of its hash; it counts only after its bytes were compared with the vocabulary's.

use bpe_openai::byte_pair_encoding::BytePairEncoding;
use xxhash_rust::xxh3::xxh3_64;

const ID_BITS: u32 = 20;
const EMPTY: u32 = u32::MAX;

/// The table: 2 MiB for `cl100k_base` and `o200k_base` each, made when one is first asked for.
pub(super) struct WholeTokens {
    bpe: &'static BytePairEncoding,
    /// Twelve bits of the hash above the id, or [`EMPTY`]; open addressing, at most half full.
    slots: Vec<u32>,
}

impl WholeTokens {
    pub(super) fn new(bpe: &'static BytePairEncoding) -> Self {
        let n = bpe.num_tokens();
        // Ids beyond the bits are left out: such a piece is merged, with the same result.
        let n_ids = n.min((1 << ID_BITS) - 1);
        let mut slots = vec![EMPTY; (2 * n).next_power_of_two()];
        let mask = slots.len() - 1;
        for id in 0..n_ids as u32 {
            let hash = xxh3_64(bpe.token_bytes(id));
            let mut at = hash as usize & mask;
            while slots[at] != EMPTY {
                at = (at + 1) & mask;
            }
            slots[at] = tag(hash) | id;
        }
        Self { bpe, slots }
    }

    /// The id of `piece`, if it is a token.
    pub(super) fn id(&self, piece: &[u8]) -> Option<u32> {
        let hash = xxh3_64(piece);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                return None;
            }
            let id = slot & ((1 << ID_BITS) - 1);
            if slot & !((1 << ID_BITS) - 1) == tag(hash) && self.bpe.token_bytes(id) == piece {
                return Some(id);
            }
            at = (at + 1) & mask;
        }
    }
}

/// The top bits of the hash; its low bits are the place.
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32 & !((1 << ID_BITS) - 1)
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
