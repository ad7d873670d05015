//! Where the newlines of a text are, found 64 bytes at a time.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

/// Bytes of a block.
const BLOCK: usize = 64;

/// The places of the newlines of a text, in order.
///
/// A search that starts anew after every line pays more for its beginning and its end than for the
/// few dozen bytes between them; here a block is compared once for all lines that end in it.
#[derive(Clone, Debug)]
pub struct Newlines<'a> {
    bytes: &'a [u8],
    /// Where the block ends, full as it may not be.
    block_end: usize,
    /// One bit a byte of the block: its newlines that were not yet given.
    open: u64,
}

impl<'a> Newlines<'a> {
    /// Those of `text`.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            block_end: 0,
            open: 0,
        }
    }

    /// Goes on to the next block that has a newline.
    #[inline]
    fn advance(&mut self) -> Option<()> {
        while self.open == 0 {
            let rest = self.bytes.get(self.block_end..)?;
            self.open = match rest.first_chunk() {
                Some(block) => newlines_in(block),
                None if rest.is_empty() => return None,
                None => newlines_in(&padded(rest)),
            };
            self.block_end += BLOCK;
        }
        Some(())
    }
}

impl Iterator for Newlines<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        self.advance()?;
        let at = self.block_end - BLOCK + self.open.trailing_zeros() as usize;
        self.open &= self.open - 1;
        Some(at)
    }
}

/// The last bytes of a text as a block.
#[cold]
fn padded(rest: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// One bit a byte, the first byte's the lowest.
#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "intrinsics, of what every x86-64 has")]
fn newlines_in(block: &[u8; BLOCK]) -> u64 {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { by_sixteen(block) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn by_sixteen(block: &[u8; BLOCK]) -> u64 {
    let newline = _mm_set1_epi8(b'\n'.cast_signed());
    let (eights, _) = block.as_chunks::<8>();
    let (pairs, _) = eights.as_chunks::<2>();
    let mut found = 0;
    for (i, &[low, high]) in pairs.iter().enumerate() {
        let bytes = _mm_set_epi64x(i64::from_le_bytes(high), i64::from_le_bytes(low));
        let equal = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, newline));
        found |= u64::from(equal.cast_unsigned()) << (16 * i);
    }
    found
}

#[cfg(not(target_arch = "x86_64"))]
fn newlines_in(block: &[u8; BLOCK]) -> u64 {
    let bits = block.iter().enumerate();
    bits.fold(0, |bits, (i, &byte)| bits | u64::from(byte == b'\n') << i)
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Newlines};

    #[test]
    fn newlines_are_found_wherever_blocks_end() {
        for before in 0..2 * BLOCK {
            for after in [0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1] {
                let text = format!("{}\n{}\n\n", "\u{b}".repeat(before), "\t".repeat(after));
                let expected: Vec<_> = text.match_indices('\n').map(|(at, _)| at).collect();
                assert_eq!(Newlines::of(&text).collect::<Vec<_>>(), expected);
            }
        }
    }
}
