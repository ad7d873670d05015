//! Byte-pair encoding of one short piece, by the definition.
//!
//! The `bpe` crate encodes pieces of any length in linear time, at over a microsecond for a word
//! that is rare (its automata are far larger than a CPU's cache). Most pieces are words of some ten
//! bytes, where merging step by step over one small table takes a fraction of that. The steps grow
//! with the square of the length, so only pieces of up to [`MAX_BYTES`] come here.

use super::whole::WholeTokens;

/// Longest piece that is merged here.
pub(super) const MAX_BYTES: usize = 48;

/// Above every id: no token consists of these two parts.
const NONE: u32 = u32::MAX;

/// The parts of a piece: part `i` is `bytes[bounds[i]..bounds[i + 1]]` and has `ids[i]`.
struct Parts<'a> {
    whole: &'a WholeTokens,
    bytes: &'a [u8],
    len: usize,
    bounds: [u8; MAX_BYTES + 1],
    ids: [u32; MAX_BYTES],
    /// Id of the token that parts `i` and `i + 1` are together, or [`NONE`]. Ids are ranks.
    merged: [u32; MAX_BYTES],
}

/// Appends the ids of `piece`, 1 to [`MAX_BYTES`] bytes.
pub(super) fn merge(whole: &WholeTokens, piece: &[u8], ids: &mut Vec<u32>) {
    let mut parts = Parts::of_bytes(whole, piece);
    while let Some(at) = parts.lowest() {
        parts.join(at);
    }
    ids.extend_from_slice(&parts.ids[..parts.len]);
}

impl<'a> Parts<'a> {
    fn of_bytes(whole: &'a WholeTokens, bytes: &'a [u8]) -> Self {
        let mut parts = Self {
            whole,
            bytes,
            len: bytes.len(),
            bounds: std::array::from_fn(|i| i as u8),
            ids: [NONE; MAX_BYTES],
            merged: [NONE; MAX_BYTES],
        };
        for (id, byte) in parts.ids.iter_mut().zip(bytes) {
            *id = whole.byte_id(*byte);
        }
        for (id, pair) in parts.merged.iter_mut().zip(bytes.windows(2)) {
            *id = whole.pair_id(pair[0], pair[1]).unwrap_or(NONE);
        }
        parts
    }

    /// Sets what parts `i` and `i + 1` are together.
    fn update(&mut self, i: usize) {
        self.merged[i] = if i + 1 < self.len {
            let (start, end) = (self.bounds[i], self.bounds[i + 2]);
            self.whole
                .id(&self.bytes[usize::from(start)..usize::from(end)])
                .unwrap_or(NONE)
        } else {
            NONE
        };
    }

    /// The place of the merge with the lowest rank, the first of equal ones.
    fn lowest(&self) -> Option<usize> {
        let merged = &self.merged[..self.len];
        let (at, id) = merged.iter().enumerate().min_by_key(|(_, id)| **id)?;
        (*id != NONE).then_some(at)
    }

    /// Joins parts `at` and `at + 1`.
    fn join(&mut self, at: usize) {
        self.ids[at] = self.merged[at];
        self.bounds.copy_within(at + 2..=self.len, at + 1);
        self.ids.copy_within(at + 2..self.len, at + 1);
        self.merged.copy_within(at + 2..self.len, at + 1);
        self.len -= 1;
        self.update(at);
        if at > 0 {
            self.update(at - 1);
        }
    }
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
