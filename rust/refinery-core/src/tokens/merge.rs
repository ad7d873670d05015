//! Byte-pair encoding of one short piece, by the definition.
//!
//! The `bpe` crate encodes pieces of any length in linear time, at over a microsecond for a word
//! that is rare (its automata are far larger than a CPU's cache). Most pieces are words of some ten
//! bytes, where merging step by step over one small table takes a fraction of that. The steps grow
//! with the square of the length, so only pieces of up to [`MAX_BYTES`] come here.

use super::short;
use super::whole::{ID_BITS, WholeTokens};
use crate::key::Key;

/// Longest piece that is merged here.
pub(super) const MAX_BYTES: usize = 48;

/// Fewest bytes of a part that merging looks up; pairs of bytes have a table of their own.
pub(super) const SHORTEST_MERGED: usize = 3;

/// Bits for a place in a piece.
const PLACE_BITS: u32 = 6;
/// Above every merge: the two parts are no token together.
const NONE: u32 = u32::MAX;

const _: () = assert!(MAX_BYTES <= 1 << PLACE_BITS && ID_BITS + PLACE_BITS < u32::BITS);

/// The parts of a piece of up to `N` bytes. A part is known by the place of its first byte.
struct Parts<'a, const N: usize> {
    whole: &'a WholeTokens,
    /// The piece, with what a key may read past its end.
    bytes: [u8; MAX_BYTES + 16],
    len: usize,
    /// Ids of the parts.
    ids: [u32; N],
    /// Above the place: the id of the token that the part and the next are together. Ids are ranks,
    /// so the least merge is the next one, and the first of equal ones. [`NONE`] where no part
    /// starts, and where two parts are no token.
    merges: [u32; N],
    /// Where the next part starts, and where the one before.
    next: [u8; N],
    previous: [u8; N],
}

/// Appends the ids of `piece`, 1 to [`MAX_BYTES`] bytes.
pub(super) fn merge(whole: &WholeTokens, piece: &[u8], ids: &mut Vec<u32>) {
    // Most pieces are short, and all places are looked at for each merge.
    if piece.len() <= 16 {
        merge_parts::<16>(whole, piece, ids);
    } else {
        merge_parts::<MAX_BYTES>(whole, piece, ids);
    }
}

fn merge_parts<const N: usize>(whole: &WholeTokens, piece: &[u8], ids: &mut Vec<u32>) {
    let mut parts = Parts::<N>::of_bytes(whole, piece);
    while let Some(least) = parts.least() {
        parts.join(least);
    }
    let mut at = 0;
    while at < parts.len {
        ids.push(parts.ids[at]);
        at = parts.end(at);
    }
}

impl<'a, const N: usize> Parts<'a, N> {
    fn of_bytes(whole: &'a WholeTokens, piece: &[u8]) -> Self {
        let mut parts = Self {
            whole,
            bytes: [0; MAX_BYTES + 16],
            len: piece.len(),
            ids: [0; N],
            merges: [NONE; N],
            next: std::array::from_fn(|i| i as u8 + 1),
            previous: std::array::from_fn(|i| i.saturating_sub(1) as u8),
        };
        parts.bytes[..piece.len()].copy_from_slice(piece);
        for (id, byte) in parts.ids.iter_mut().zip(piece) {
            *id = whole.byte_id(*byte);
        }
        for (at, pair) in piece.windows(2).enumerate() {
            parts.merges[at] = pack(whole.pair_id(pair[0], pair[1]), at);
        }
        parts
    }

    /// Where the part at `at` ends.
    fn end(&self, at: usize) -> usize {
        usize::from(self.next[at])
    }

    /// The next merge.
    fn least(&self) -> Option<u32> {
        let least = self.merges.iter().fold(NONE, |least, &m| least.min(m));
        (least != NONE).then_some(least)
    }

    /// Joins a part with the next.
    fn join(&mut self, merge: u32) {
        let at = merge as usize & ((1 << PLACE_BITS) - 1);
        let joined = self.end(at);
        let end = self.end(joined);
        self.ids[at] = merge >> PLACE_BITS;
        self.merges[joined] = NONE;
        self.next[at] = end as u8;
        if end < self.len {
            self.previous[end] = at as u8;
        }
        self.update(at);
        if at > 0 {
            self.update(usize::from(self.previous[at]));
        }
    }

    /// Sets what the part at `at` and the next are together.
    fn update(&mut self, at: usize) {
        let next = self.end(at);
        self.merges[at] = if next < self.len {
            let end = self.end(next);
            pack(self.token(at, end), at)
        } else {
            NONE
        };
    }

    fn token(&self, start: usize, end: usize) -> Option<u32> {
        match end - start {
            len if len <= short::MAX_BYTES => self.whole.short.id(&self.bytes, start, len),
            len if len <= Key::MAX_BYTES => {
                let key = Key::new(&self.bytes, start, len);
                self.whole.short_id(key, key.hash())
            }
            _ => self.whole.id(&self.bytes[start..end]),
        }
    }
}

fn pack(id: Option<u32>, at: usize) -> u32 {
    id.map_or(NONE, |id| id << PLACE_BITS | at as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(piece: &[u8]) {
        for tokenizer in [bpe_openai::cl100k_base(), bpe_openai::o200k_base()] {
            let whole = WholeTokens::new(&tokenizer.bpe);
            let mut ids = Vec::new();
            merge(&whole, piece, &mut ids);
            assert_eq!(
                ids,
                tokenizer.bpe.encode_via_backtracking(piece),
                "{piece:?}"
            );
        }
    }

    #[test]
    fn pieces_at_both_ends_of_the_length() {
        for piece in [
            &[0_u8][..],
            &[b'a'; MAX_BYTES],
            &[0xff; MAX_BYTES],
            &[b' '; MAX_BYTES - 1],
        ] {
            check(piece);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn merging_gives_the_ids_of_the_twin(
            words in prop::collection::vec("[a-z]{1,30}| [A-Z][a-z]{3,40}|[a-z]{1,12}\\PC{0,8}|\\PC{1,12}", 50),
            bytes in prop::collection::vec(any::<u8>(), 1..=MAX_BYTES),
        ) {
            let tokenizer = bpe_openai::cl100k_base();
            let whole = WholeTokens::new(&tokenizer.bpe);
            for piece in words.iter().map(String::as_bytes).chain([&bytes[..]]) {
                let mut ids = Vec::new();
                merge(&whole, piece, &mut ids);
                prop_assert_eq!(ids, tokenizer.bpe.encode_via_backtracking(piece));
            }
        }
    }
}
