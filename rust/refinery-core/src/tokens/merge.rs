//! Byte-pair encoding of one short piece, by the definition.
//!
//! The `bpe` crate encodes pieces of any length in linear time, at over a microsecond for a word
//! that is rare (its automata are far larger than a CPU's cache). Most pieces are words of some ten
//! bytes, where merging step by step over one small table takes a fraction of that. The steps grow
//! with the square of the length, so only pieces of up to [`MAX_BYTES`] come here.

#![expect(
    clippy::inline_always,
    reason = "what is compiled for wide registers is inlined into the function that is"
)]

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
    /// A bit for each place where a part starts, and one for the end of the piece.
    starts: u64,
}

/// Appends the ids of `piece`, 1 to [`MAX_BYTES`] bytes.
pub(super) fn merge(whole: &WholeTokens, piece: &[u8], ids: &mut Vec<u32>) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
    {
        #[expect(unsafe_code, reason = "it is compiled for what was just seen")]
        // SAFETY: all features that it is compiled for were seen.
        unsafe {
            merge_wide(whole, piece, ids);
        }
        return;
    }
    merge_by_length(whole, piece, ids);
}

/// Finds the least merge eight places at a time, which the plain build does by four and in more
/// steps each.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn merge_wide(whole: &WholeTokens, piece: &[u8], ids: &mut Vec<u32>) {
    merge_by_length(whole, piece, ids);
}

#[inline(always)]
fn merge_by_length(whole: &WholeTokens, piece: &[u8], ids: &mut Vec<u32>) {
    // Most pieces are short, and all places are looked at for each merge.
    if piece.len() <= 16 {
        merge_parts::<16>(whole, piece, ids);
    } else {
        merge_parts::<MAX_BYTES>(whole, piece, ids);
    }
}

#[inline(always)]
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
    #[inline(always)]
    fn of_bytes(whole: &'a WholeTokens, piece: &[u8]) -> Self {
        let mut parts = Self {
            whole,
            bytes: [0; MAX_BYTES + 16],
            len: piece.len(),
            ids: [0; N],
            merges: [NONE; N],
            starts: (2 << piece.len()) - 1,
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

    /// Where the part at `at` ends, and that is where the next one starts.
    #[inline(always)]
    fn end(&self, at: usize) -> usize {
        at + 1 + (self.starts >> (at + 1)).trailing_zeros() as usize
    }

    /// Where the part before the one at `at` starts; `at` itself where that is the first.
    #[inline(always)]
    fn previous(&self, at: usize) -> usize {
        let before = self.starts & ((1 << at) - 1);
        before.checked_ilog2().map_or(at, |bit| bit as usize)
    }

    /// The next merge.
    #[inline(always)]
    fn least(&self) -> Option<u32> {
        let least = self.merges.iter().fold(NONE, |least, &m| least.min(m));
        (least != NONE).then_some(least)
    }

    /// Joins a part with the next.
    #[inline(always)]
    fn join(&mut self, merge: u32) {
        let at = merge as usize & ((1 << PLACE_BITS) - 1);
        let joined = self.end(at);
        self.ids[at] = merge >> PLACE_BITS;
        self.starts &= !(1 << joined);
        let previous = self.previous(at);
        let (before, after) = (self.merge_at(previous), self.merge_at(at));
        self.set([(joined, NONE), (previous, before), (at, after)]);
    }

    /// Sets merges at three places. All are written: a read of them all, which comes next, would
    /// wait for stores to one of them each.
    #[inline(always)]
    fn set(&mut self, changed: [(usize, u32); 3]) {
        for (place, merge) in (0..).zip(&mut self.merges) {
            for (at, changed) in changed {
                *merge = if place == at as u32 { changed } else { *merge };
            }
        }
    }

    /// What the part at `at` and the next are together.
    #[inline(always)]
    fn merge_at(&self, at: usize) -> u32 {
        let next = self.end(at);
        if next < self.len {
            pack(self.token(at, self.end(next)), at)
        } else {
            NONE
        }
    }

    #[inline(always)]
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
            let expected = tokenizer.bpe.encode_via_backtracking(piece);
            assert_eq!(both_ways(&whole, piece), [&expected[..]; 2], "{piece:?}");
        }
    }

    /// The ids as this processor finds them, and as one without wide registers does.
    fn both_ways(whole: &WholeTokens, piece: &[u8]) -> [Vec<u32>; 2] {
        [merge, merge_by_length].map(|way| {
            let mut ids = Vec::new();
            way(whole, piece, &mut ids);
            ids
        })
    }

    #[test]
    fn pieces_at_both_ends_of_the_length() {
        for piece in [
            &[0_u8][..],
            &[b'a'; MAX_BYTES],
            &[0xff; MAX_BYTES],
            &[b' '; MAX_BYTES - 1],
            &[b'x'; 16],
            &[b'x'; 17],
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
                let expected = tokenizer.bpe.encode_via_backtracking(piece);
                prop_assert_eq!(both_ways(&whole, piece), [&expected[..]; 2]);
            }
        }
    }
}
