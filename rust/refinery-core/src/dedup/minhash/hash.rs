//! The hash of a word, the hash of a shingle and the constants of the permutations.
//!
//! Everything here is frozen: a changed constant changes every stored signature, and so raises
//! [`super::FORMAT_VERSION`].

#![expect(
    clippy::inline_always,
    reason = "a part is compiled for an instruction set only inside a function that enables it"
)]

/// Keys of the word hash; the first 128 fractional bits of the square root of 5, halved, and so
/// without structure of their own.
const KEYS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xF39C_C060_5CED_C835];

/// Multiplier of the word positions in a shingle: odd, so that no position loses bits.
const POSITION: u64 = 0xD134_2543_DE82_EF95;

/// Seed of the permutations: the ASCII bytes of `refinery`, big-endian.
const SEED: u64 = 0x7265_6669_6E65_7279;

/// Shingles hashed at a time: two 512-bit registers of sums.
const LANES: usize = 16;

/// Both halves of the 128-bit product, folded by XOR.
#[inline(always)]
fn fold_multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Absorbs 16 bytes of a word (the first in the low byte) into `state`, 0 at the start.
#[inline(always)]
fn absorb(state: u64, block: u128) -> u64 {
    let low = block as u64 ^ KEYS[0] ^ state;
    let high = (block >> 64) as u64 ^ KEYS[1] ^ state.rotate_left(32);
    fold_multiply(low, high)
}

/// Hash of a folded word of at most 16 bytes, given zero-padded. No word holds a zero byte, so
/// the padding needs no length beside it.
#[inline(always)]
pub fn hash_short_word(block: u128) -> u64 {
    absorb(0, block)
}

/// Hash of a folded word of any length: 16 bytes at a time, the last block zero-padded.
pub fn hash_word(bytes: &[u8]) -> u64 {
    bytes.chunks(16).fold(0, |state, chunk| {
        let mut block = [0; 16];
        block[..chunk.len()].copy_from_slice(chunk);
        absorb(state, u128::from_le_bytes(block))
    })
}

/// The 32 bits that stand for a shingle: the sum of its words, each times a power of the position
/// multiplier, through two rounds of multiply and shift.
#[inline(always)]
fn finish(sum: u64) -> u32 {
    let x = (sum ^ (sum >> 32)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x >> 32) as u32
}

/// Hash of one shingle of `words`.
pub fn hash_shingle(words: &[u64]) -> u32 {
    finish(words.iter().fold(0, |sum, &word| {
        sum.wrapping_mul(POSITION).wrapping_add(word)
    }))
}

/// Hashes of all runs of `ngram` words, written over `shingles`.
///
/// `words` is used as scratch: it is padded for whole lanes and restored.
#[inline(always)]
pub fn hash_shingles(words: &mut Vec<u64>, ngram: usize, shingles: &mut Vec<u32>) {
    let n_words = words.len();
    let count = (n_words + 1).saturating_sub(ngram);
    shingles.clear();
    words.resize(n_words + LANES, 0);
    for i in (0..count).step_by(LANES) {
        let mut sums = [0_u64; LANES];
        for k in 0..ngram {
            let Some(lane) = words[i + k..].first_chunk::<LANES>() else {
                break;
            };
            // By index and of fixed length: unrolled, and the sums stay in registers.
            for j in 0..LANES {
                sums[j] = sums[j].wrapping_mul(POSITION).wrapping_add(lane[j]);
            }
        }
        // `sums.map(finish)` would be a call, compiled for the least instruction set.
        let mut hashes = [0; LANES];
        for j in 0..LANES {
            hashes[j] = finish(sums[j]);
        }
        shingles.extend_from_slice(&hashes);
    }
    shingles.truncate(count);
    words.truncate(n_words);
}

/// Hash of the values of one band. It is never stored: bands are hashed where they are sorted.
pub fn hash_band(values: &[u32]) -> u64 {
    values.chunks(4).fold(0, |state, chunk| {
        let block = chunk
            .iter()
            .fold(0, |block, &value| block << 32 | u128::from(value));
        absorb(state, block)
    })
}

/// [`hash_band`] of values of 64 bits.
pub fn hash_wide_band(values: &[u64]) -> u64 {
    values.chunks(2).fold(0, |state, chunk| {
        let block = chunk
            .iter()
            .fold(0, |block, &value| block << 64 | u128::from(value));
        absorb(state, block)
    })
}

/// Multiplier and summand of permutation `i`: the i-th output of `SplitMix64`, its low half made
/// odd and its high half. Every `num_perm` shares its first permutations with any larger one.
pub fn permutation(i: usize) -> (u32, u32) {
    let state = SEED.wrapping_add((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let z = z ^ (z >> 31);
    (z as u32 | 1, (z >> 32) as u32)
}
