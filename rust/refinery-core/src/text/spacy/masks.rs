//! What the bytes of a text are, 64 at a time: white space and ASCII letters as one bit a byte.

#[cfg(target_arch = "x86_64")]
#[allow(
    clippy::wildcard_imports,
    reason = "the names of a page of intrinsics say nothing"
)]
use std::arch::x86_64::*;

use super::rules::Rules;
use super::tables::SPACE;

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// One bit a byte of a block, the first byte's the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masks {
    /// Bytes of white space, all those of a wide character.
    pub(super) spaces: u64,
    /// ASCII letters.
    pub(super) letters: u64,
    /// Bytes at the front of the next block that belong to the last white space of this one.
    pub(super) spilt: u64,
}

impl Masks {
    /// The masks of the block at `base`, which begins with bytes of white space that began before.
    /// Beyond the text all is white space.
    #[inline(always)]
    pub(super) fn of(
        text: &str,
        base: usize,
        spilt: u64,
        rules: &Rules,
        registers: impl Registers,
    ) -> Self {
        let rest = &text.as_bytes()[base..];
        let bits = match rest.first_chunk() {
            Some(block) => registers.classify(block),
            None => registers.classify(&padded(rest)),
        };
        let mut masks = Self {
            spaces: bits.spaces | spilt,
            letters: bits.letters,
            spilt: 0,
        };
        if bits.leads != 0 {
            masks.add_wide(text, base, bits.leads, rules);
        }
        masks
    }

    /// Adds white space beyond ASCII that begins at one of `leads`.
    fn add_wide(&mut self, text: &str, base: usize, mut leads: u64, rules: &Rules) {
        while leads != 0 {
            let at = leads.trailing_zeros();
            let len = wide_space_len(&text[base + at as usize..], rules);
            let bytes = ((1_u128 << len) - 1) << at;
            self.spaces |= bytes as u64;
            self.spilt |= (bytes >> BLOCK) as u64;
            leads &= leads - 1;
        }
    }
}

/// The first byte after `start` that begins white space, or the length of the text.
pub(super) fn find_space(text: &str, start: usize, rules: &Rules) -> usize {
    (start..text.len())
        .step_by(BLOCK)
        .map(|base| (base, Masks::of(text, base, 0, rules, Narrow).spaces))
        .find(|&(_, spaces)| spaces != 0)
        .map_or(text.len(), |(base, spaces)| {
            base + spaces.trailing_zeros() as usize
        })
}

/// Bytes of the white-space character that `text` begins with, 0 if with none.
fn wide_space_len(text: &str, rules: &Rules) -> usize {
    let space = text.chars().next().filter(|&c| rules.classes.has(c, SPACE));
    space.map_or(0, char::len_utf8)
}

/// The last bytes of a text as a block.
fn padded(rest: &[u8]) -> [u8; BLOCK] {
    let mut block = [b' '; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// What single bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bits {
    /// ASCII white space.
    spaces: u64,
    letters: u64,
    /// The lead bytes of all white space beyond ASCII.
    leads: u64,
}

/// How blocks are classified; all ways give the same bits.
pub(super) trait Registers: Copy {
    fn classify(self, block: &[u8; BLOCK]) -> Bits;
}

/// What every machine has that the build was made for.
#[derive(Clone, Copy)]
pub(super) struct Narrow;

/// AVX2, seen on this machine.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Wide(());

#[cfg(target_arch = "x86_64")]
impl Wide {
    /// Found out once, at run time: what a splitter compiled for x86-64-v3 needs.
    #[inline]
    pub(super) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2");
        has_all.then_some(Self(()))
    }
}

#[cfg(target_arch = "x86_64")]
impl Registers for Narrow {
    #[inline(always)]
    #[expect(unsafe_code, reason = "intrinsics, of what every x86-64 has")]
    fn classify(self, block: &[u8; BLOCK]) -> Bits {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { by_sixteen(block) }
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Registers for Narrow {
    fn classify(self, block: &[u8; BLOCK]) -> Bits {
        one_by_one(block)
    }
}

#[cfg(target_arch = "x86_64")]
impl Registers for Wide {
    #[inline(always)]
    #[expect(unsafe_code, reason = "intrinsics, of what was seen on this machine")]
    fn classify(self, block: &[u8; BLOCK]) -> Bits {
        // SAFETY: a `Wide` is made only where AVX2 was seen.
        unsafe { by_thirty_two(block) }
    }
}

/// A classifier by registers of `$n` bytes. Comparisons are signed, so the first byte of a range is
/// moved to the least number. E1 and E3 differ by one bit, as do C2 and E2.
#[cfg(target_arch = "x86_64")]
macro_rules! classifier {
    (
        $name:ident, $features:literal, $n:literal, $load:ident, $mask:ident,
        $all:ident, $add:ident, $greater:ident, $equal:ident, $or:ident, $and:ident
    ) => {
        #[target_feature(enable = $features)]
        #[inline]
        fn $name(block: &[u8; BLOCK]) -> Bits {
            let all = |byte: u8| $all(byte.cast_signed());
            let among = |bytes, first: u8, n: u8| {
                let from_least = $add(bytes, all(0x80_u8.wrapping_sub(first)));
                $greater(all(0x80 + n), from_least)
            };
            let bits = |flags| u64::from($mask(flags).cast_unsigned());
            let mut found = Bits {
                spaces: 0,
                letters: 0,
                leads: 0,
            };
            for (i, part) in block.as_chunks::<$n>().0.iter().enumerate() {
                #[expect(unsafe_code, reason = "there is no safe way to load a register")]
                // SAFETY: the part is as long as the register, and any address will do.
                let bytes = unsafe { $load(part.as_ptr().cast()) };
                let spaces = $or(among(bytes, b'\t', 5), among(bytes, 0x1c, 5));
                let letters = among($or(bytes, all(0x20)), b'a', 26);
                let odd = $equal($or(bytes, all(0x02)), all(0xe3));
                let even = $equal($and(bytes, all(!0x20)), all(0xc2));
                found.spaces |= bits(spaces) << ($n * i);
                found.letters |= bits(letters) << ($n * i);
                found.leads |= bits($or(odd, even)) << ($n * i);
            }
            found
        }
    };
}

#[cfg(target_arch = "x86_64")]
classifier!(
    by_sixteen,
    "sse2",
    16,
    _mm_loadu_si128,
    _mm_movemask_epi8,
    _mm_set1_epi8,
    _mm_add_epi8,
    _mm_cmpgt_epi8,
    _mm_cmpeq_epi8,
    _mm_or_si128,
    _mm_and_si128
);

#[cfg(target_arch = "x86_64")]
classifier!(
    by_thirty_two,
    "avx2",
    32,
    _mm256_loadu_si256,
    _mm256_movemask_epi8,
    _mm256_set1_epi8,
    _mm256_add_epi8,
    _mm256_cmpgt_epi8,
    _mm256_cmpeq_epi8,
    _mm256_or_si256,
    _mm256_and_si256
);

/// [`Registers::classify`] without any.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn one_by_one(block: &[u8; BLOCK]) -> Bits {
    let mask = |is_it: fn(u8) -> bool| {
        let bit = |(i, &byte): (usize, &u8)| u64::from(is_it(byte)) << i;
        block
            .iter()
            .enumerate()
            .map(bit)
            .fold(0, |mask, bit| mask | bit)
    };
    Bits {
        spaces: mask(|byte| matches!(byte, b'\t'..=b'\r' | 0x1c..=b' ')),
        letters: mask(|byte| byte.is_ascii_alphabetic()),
        leads: mask(|byte| matches!(byte, 0xc2 | 0xe1..=0xe3)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::RULES;
    use super::{BLOCK, Masks, Narrow, Registers, SPACE, one_by_one};

    #[test]
    fn registers_answer_as_one_by_one() {
        for byte in 0..=u8::MAX {
            let block = std::array::from_fn(|i| if i % 3 == 0 { byte } else { b'z' - i as u8 });
            assert_eq!(Narrow.classify(&block), one_by_one(&block), "{byte}");
            #[cfg(target_arch = "x86_64")]
            if let Some(wide) = super::Wide::detect() {
                assert_eq!(wide.classify(&block), one_by_one(&block), "{byte}");
            }
        }
    }

    #[test]
    fn every_byte_of_white_space_is_marked_wherever_blocks_end() {
        let spaces = (0..=char::MAX as u32).filter_map(char::from_u32);
        let spaces: Vec<char> = spaces.filter(|&c| RULES.classes.has(c, SPACE)).collect();
        assert!(spaces.len() > 20);
        for space in spaces.into_iter().chain(['é', '’', 'あ']) {
            for before in 0..2 * BLOCK {
                let text = format!("{}{space}x", "-".repeat(before));
                let mut spilt = 0;
                for base in (0..=text.len()).step_by(BLOCK) {
                    let masks = Masks::of(&text, base, spilt, &RULES, Narrow);
                    spilt = masks.spilt;
                    for at in base..base + BLOCK {
                        let is_inside = (before..before + space.len_utf8()).contains(&at);
                        let expected =
                            at >= text.len() || is_inside && RULES.classes.has(space, SPACE);
                        let found = masks.spaces >> (at - base) & 1 == 1;
                        assert_eq!(found, expected, "{space:?} after {before} at {at}");
                    }
                }
            }
        }
    }
}
