//! The steps that gain from wide registers, in one version per instruction set.
//!
//! All versions compute the same integers; which one runs is found out once, at run time, so that
//! one build serves every machine. Every `unsafe` of the sketches is here: calls of functions that
//! need an instruction set which [`Dispatch`] has seen, and loads through a checked reference.

use super::datatrove::mersenne;
use super::hash;
use super::words::{BLOCK_MASKS, MASK_BYTES, Position, Words, is_segment_byte};
use crate::{Error, Result};

/// Permutations in a group; tables of permutations are padded to whole groups.
pub const GROUP: usize = 16;

/// One value per permutation of a group.
pub type Group = [u32; GROUP];

/// An instruction set that the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 512-bit registers: x86-64-v4.
    Avx512,
    /// 256-bit registers: x86-64-v3.
    Avx2,
    /// Whatever the build was made for.
    Portable,
}

impl Kernel {
    const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// The kernels that this machine can run, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    #[cfg(target_arch = "x86_64")]
    fn is_available(self) -> bool {
        let has_bits = is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2");
        match self {
            Self::Avx512 => {
                has_bits
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            Self::Avx2 => has_bits && is_x86_feature_detected!("avx2"),
            Self::Portable => true,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_available(self) -> bool {
        self == Self::Portable
    }
}

/// The permutations `x -> multiplier * x + summand` modulo 2^32, in whole groups.
pub struct Permutations {
    multipliers: Vec<Group>,
    summands: Vec<Group>,
}

impl Permutations {
    /// The first `num_perm` permutations; those that pad the last group are computed in vain.
    pub fn new(num_perm: usize) -> Self {
        let groups = (0..num_perm.div_ceil(GROUP)).map(|g| g * GROUP);
        let table = |part: fn((u32, u32)) -> u32| -> Vec<Group> {
            groups
                .clone()
                .map(|first| std::array::from_fn(|i| part(hash::permutation(first + i))))
                .collect()
        };
        Self {
            multipliers: table(|p| p.0),
            summands: table(|p| p.1),
        }
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.multipliers.len()
    }
}

/// A kernel that was seen to run here.
#[derive(Clone, Copy)]
pub struct Dispatch(Kernel);

/// Calls `$name` of the module of the instruction set in use.
macro_rules! dispatch {
    ($self:ident, $name:ident($($argument:expr),*)) => {
        match $self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Dispatch` is made only for a kernel whose features were detected.
            Kernel::Avx512 => unsafe { avx512::$name($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Kernel::Avx2 => unsafe { avx2::$name($($argument),*) },
            _ => portable::$name($($argument),*),
        }
    };
}

impl Dispatch {
    /// Refuses a kernel that this machine cannot run.
    pub fn new(kernel: Kernel) -> Result<Self> {
        if kernel.is_available() {
            return Ok(Self(kernel));
        }
        let allowed: Vec<Kernel> = Kernel::available().collect();
        Err(Error::Parameter {
            name: "kernel",
            message: format!("{kernel:?} does not run on this machine; allowed: {allowed:?}"),
        })
    }

    /// One bit per byte of `block` (at most 4 KiB): whether it belongs to a segment. Returns how
    /// many masks were written; bits beyond the block are clear.
    pub fn mask(self, block: &[u8], masks: &mut [u64; BLOCK_MASKS]) -> usize {
        let (whole, rest) = block.as_chunks::<MASK_BYTES>();
        dispatch!(self, mask(whole, masks));
        let mut used = whole.len().min(BLOCK_MASKS);
        if let (false, Some(last)) = (rest.is_empty(), masks.get_mut(used)) {
            *last = mask_bytes(rest);
            used += 1;
        }
        used
    }

    /// [`Words::cut`].
    pub fn cut(
        self,
        words: &mut Words,
        text: &str,
        at: usize,
        masks: &[u64],
        position: &mut Position,
    ) {
        dispatch!(self, cut(words, text, at, masks, position));
    }

    /// [`hash::hash_shingles`].
    pub fn hash_shingles(self, words: &mut Vec<u64>, ngram: usize, shingles: &mut Vec<u32>) {
        dispatch!(self, hash_shingles(words, ngram, shingles));
    }

    /// Lowers each minimum to the least value of its permutation over `shingles`.
    pub fn lower(self, permutations: &Permutations, shingles: &[u32], minima: &mut [Group]) {
        dispatch!(self, lower(permutations, shingles, minima));
    }

    /// [`mersenne::lower`].
    pub fn lower_modulo(
        self,
        permutations: &mersenne::Permutations,
        shingles: &[u64],
        minima: &mut [mersenne::Group],
    ) {
        dispatch!(self, lower_modulo(permutations, shingles, minima));
    }
}

#[inline]
fn mask_bytes(bytes: &[u8]) -> u64 {
    let bit = |(i, &byte): (usize, &u8)| u64::from(is_segment_byte(byte)) << i;
    bytes
        .iter()
        .enumerate()
        .map(bit)
        .fold(0, |mask, bit| mask | bit)
}

mod portable {
    pub use super::mersenne::lower as lower_modulo;
    use super::{BLOCK_MASKS, GROUP, Group, MASK_BYTES, Permutations, Position, Words};

    pub fn mask(chunks: &[[u8; MASK_BYTES]], masks: &mut [u64; BLOCK_MASKS]) {
        for (mask, chunk) in masks.iter_mut().zip(chunks) {
            *mask = super::mask_bytes(chunk);
        }
    }

    pub fn cut(words: &mut Words, text: &str, at: usize, masks: &[u64], position: &mut Position) {
        words.cut(text, at, masks, position);
    }

    pub fn hash_shingles(words: &mut Vec<u64>, ngram: usize, shingles: &mut Vec<u32>) {
        super::hash::hash_shingles(words, ngram, shingles);
    }

    pub fn lower(permutations: &Permutations, shingles: &[u32], minima: &mut [Group]) {
        let Permutations {
            multipliers,
            summands,
        } = permutations;
        for ((minima, multipliers), summands) in minima.iter_mut().zip(multipliers).zip(summands) {
            let mut least = *minima;
            for &x in shingles {
                for i in 0..GROUP {
                    let value = x.wrapping_mul(multipliers[i]).wrapping_add(summands[i]);
                    least[i] = least[i].min(value);
                }
            }
            *minima = least;
        }
    }
}

/// The parts of an x86 module that are plain Rust, compiled for its features.
#[cfg(target_arch = "x86_64")]
macro_rules! compiled_for {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        pub fn cut(words: &mut Words, text: &str, at: usize, masks: &[u64], p: &mut Position) {
            words.cut(text, at, masks, p);
        }

        #[target_feature(enable = $features)]
        pub fn hash_shingles(words: &mut Vec<u64>, ngram: usize, shingles: &mut Vec<u32>) {
            super::hash::hash_shingles(words, ngram, shingles);
        }
    };
}

/// `lower` or `lower_modulo` of an x86 module: tiles of as many groups as the registers hold
/// (`$size` is the size of the largest), so that minima and tables stay in them while all shingles
/// pass by.
#[cfg(target_arch = "x86_64")]
macro_rules! lower_by_tiles {
    (
        $features:literal, $lower:ident, $tile:ident,
        $permutations:ty, $shingle:ty, $group:ty, $size:literal: $($rest:literal)*
    ) => {
        #[target_feature(enable = $features)]
        pub fn $lower(permutations: &$permutations, shingles: &[$shingle], minima: &mut [$group]) {
            let multipliers = permutations.multipliers.chunks($size);
            let tiles = multipliers.zip(permutations.summands.chunks($size));
            for (minima, (multipliers, summands)) in minima.chunks_mut($size).zip(tiles) {
                match minima.len() {
                    $($rest => $tile::<$rest>(multipliers, summands, shingles, minima),)*
                    _ => $tile::<$size>(multipliers, summands, shingles, minima),
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    #[allow(
        clippy::wildcard_imports,
        reason = "the names of a page of intrinsics say nothing"
    )]
    use std::arch::x86_64::*;

    use super::{BLOCK_MASKS, Group, MASK_BYTES, Permutations, Position, Words, mersenne};

    compiled_for!("avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2");
    lower_by_tiles!("avx512f", lower, tile, Permutations, u32, Group, 8: 1 2 3 4 5 6 7);
    lower_by_tiles!(
        "avx512f,avx512dq", lower_modulo, tile_modulo,
        mersenne::Permutations, u64, mersenne::Group, 7: 1 2 3 4 5 6
    );

    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn mask(chunks: &[[u8; MASK_BYTES]], masks: &mut [u64; BLOCK_MASKS]) {
        for (mask, chunk) in masks.iter_mut().zip(chunks) {
            // SAFETY: the chunk is 64 readable bytes; the load needs no alignment.
            let bytes = unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) };
            *mask = segment_bytes(bytes);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn segment_bytes(bytes: __m512i) -> u64 {
        let letter = _mm512_sub_epi8(
            _mm512_or_si512(bytes, _mm512_set1_epi8(0x20)),
            _mm512_set1_epi8(b'a'.cast_signed()),
        );
        let digit = _mm512_sub_epi8(bytes, _mm512_set1_epi8(b'0'.cast_signed()));
        _mm512_cmplt_epu8_mask(letter, _mm512_set1_epi8(26))
            | _mm512_cmplt_epu8_mask(digit, _mm512_set1_epi8(10))
            | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'_'.cast_signed()))
            | _mm512_movepi8_mask(bytes)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn load(group: &Group) -> __m512i {
        // SAFETY: a group is 64 readable bytes; the load needs no alignment.
        unsafe { _mm512_loadu_si512(group.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f")]
    fn tile<const N: usize>(
        multipliers: &[Group],
        summands: &[Group],
        shingles: &[u32],
        minima: &mut [Group],
    ) {
        let mut least = [_mm512_setzero_si512(); N];
        let (mut a, mut b) = (least, least);
        for i in 0..N {
            (a[i], b[i], least[i]) = (load(&multipliers[i]), load(&summands[i]), load(&minima[i]));
        }
        for &shingle in shingles {
            let x = _mm512_set1_epi32(shingle.cast_signed());
            for i in 0..N {
                let value = _mm512_add_epi32(_mm512_mullo_epi32(x, a[i]), b[i]);
                least[i] = _mm512_min_epu32(least[i], value);
            }
        }
        for (group, value) in minima.iter_mut().zip(least) {
            // SAFETY: a group is 64 writable bytes; the store needs no alignment.
            unsafe { _mm512_storeu_si512(group.as_mut_ptr().cast(), value) }
        }
    }

    /// As [`mersenne::lower`] for one tile. In place of a remainder it holds the remainder less the
    /// prime, modulo 2^64, which takes one step less and comes in the same order. Only remainders
    /// 0 to 7 of the seven numbers that pass the prime in the first place come out small instead:
    /// where one does, once in 10^17 values, the tile is computed the plain way.
    #[target_feature(enable = "avx512f,avx512dq")]
    fn tile_modulo<const N: usize>(
        multipliers: &[mersenne::Group],
        summands: &[mersenne::Group],
        shingles: &[u64],
        minima: &mut [mersenne::Group],
    ) {
        let prime = _mm512_set1_epi64(mersenne::PRIME.cast_signed());
        let mut least = [_mm512_setzero_si512(); N];
        let (mut a, mut b) = (least, least);
        for i in 0..N {
            (a[i], b[i]) = (load_wide(&multipliers[i]), load_wide(&summands[i]));
            least[i] = _mm512_sub_epi64(load_wide(&minima[i]), prime);
        }
        for &shingle in shingles {
            let x = _mm512_set1_epi64(shingle.cast_signed());
            for i in 0..N {
                let value = _mm512_add_epi64(_mm512_mullo_epi64(x, a[i]), b[i]);
                let missing = _mm512_andnot_si512(value, prime);
                let value = _mm512_sub_epi64(_mm512_srli_epi64::<61>(value), missing);
                least[i] = _mm512_min_epu64(least[i], value);
            }
        }
        let passed = |least| _mm512_cmple_epu64_mask(least, _mm512_set1_epi64(7)) != 0;
        if least.iter().any(|&least| passed(least)) {
            mersenne::lower_groups(multipliers, summands, shingles, minima);
            return;
        }
        for (group, value) in minima.iter_mut().zip(least) {
            let value = _mm512_add_epi64(value, prime);
            // SAFETY: a group is 64 writable bytes; the store needs no alignment.
            unsafe { _mm512_storeu_si512(group.as_mut_ptr().cast(), value) }
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn load_wide(group: &mersenne::Group) -> __m512i {
        // SAFETY: a group is 64 readable bytes; the load needs no alignment.
        unsafe { _mm512_loadu_si512(group.as_ptr().cast()) }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    #[allow(
        clippy::wildcard_imports,
        reason = "the names of a page of intrinsics say nothing"
    )]
    use std::arch::x86_64::*;

    use super::{BLOCK_MASKS, Group, MASK_BYTES, Permutations, Position, Words, mersenne};

    /// A group fills two registers.
    type Pair = [__m256i; 2];

    compiled_for!("avx2,bmi1,bmi2");
    lower_by_tiles!("avx2", lower, tile, Permutations, u32, Group, 2: 1);

    #[target_feature(enable = "avx2,bmi1,bmi2")]
    pub fn lower_modulo(
        permutations: &mersenne::Permutations,
        shingles: &[u64],
        minima: &mut [mersenne::Group],
    ) {
        mersenne::lower(permutations, shingles, minima);
    }

    #[target_feature(enable = "avx2")]
    pub fn mask(chunks: &[[u8; MASK_BYTES]], masks: &mut [u64; BLOCK_MASKS]) {
        for (mask, chunk) in masks.iter_mut().zip(chunks) {
            let [low, high] = load(chunk.as_ptr().cast());
            *mask = u64::from(segment_bytes(low)) | u64::from(segment_bytes(high)) << 32;
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn segment_bytes(bytes: __m256i) -> u32 {
        let letter = _mm256_sub_epi8(
            _mm256_or_si256(bytes, _mm256_set1_epi8(0x20)),
            _mm256_set1_epi8(b'a'.cast_signed()),
        );
        let digit = _mm256_sub_epi8(bytes, _mm256_set1_epi8(b'0'.cast_signed()));
        let ascii = _mm256_or_si256(
            _mm256_or_si256(at_most(letter, 25), at_most(digit, 9)),
            _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'_'.cast_signed())),
        );
        // The sign bit of a byte beyond ASCII is set already.
        _mm256_movemask_epi8(_mm256_or_si256(ascii, bytes)).cast_unsigned()
    }

    /// Unsigned `bytes <= bound`, which AVX2 has only as a minimum and a comparison.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn at_most(bytes: __m256i, bound: i8) -> __m256i {
        _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(bound)), bytes)
    }

    /// Loads 64 bytes: a chunk of text or a group.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(bytes: *const __m256i) -> Pair {
        // SAFETY: both callers pass a reference's address to 64 bytes; no alignment is needed.
        unsafe { [_mm256_loadu_si256(bytes), _mm256_loadu_si256(bytes.add(1))] }
    }

    #[target_feature(enable = "avx2")]
    fn tile<const N: usize>(
        multipliers: &[Group],
        summands: &[Group],
        shingles: &[u32],
        minima: &mut [Group],
    ) {
        let group = |g: &Group| load(g.as_ptr().cast());
        let mut least = [[_mm256_setzero_si256(); 2]; N];
        let (mut a, mut b) = (least, least);
        for i in 0..N {
            (a[i], b[i], least[i]) = (
                group(&multipliers[i]),
                group(&summands[i]),
                group(&minima[i]),
            );
        }
        for &shingle in shingles {
            let x = _mm256_set1_epi32(shingle.cast_signed());
            for i in 0..N {
                for half in 0..2 {
                    let value = _mm256_add_epi32(_mm256_mullo_epi32(x, a[i][half]), b[i][half]);
                    least[i][half] = _mm256_min_epu32(least[i][half], value);
                }
            }
        }
        for (group, [low, high]) in minima.iter_mut().zip(least) {
            let at: *mut __m256i = group.as_mut_ptr().cast();
            // SAFETY: a group is 64 writable bytes; the stores need no alignment.
            unsafe {
                _mm256_storeu_si256(at, low);
                _mm256_storeu_si256(at.add(1), high);
            }
        }
    }
}
