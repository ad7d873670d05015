//! Hashes of word 5-grams, and the least of each of 112 permutations of them.

use super::Word;
use super::hash::mix;
use crate::dispatch::dispatched;

/// 14 bands of 8.
pub const VALUES: usize = 112;

/// `a_i * x + b_i` modulo 2^32, with `a_i` odd.
pub struct Permutations {
    a: [u32; VALUES],
    b: [u32; VALUES],
}

impl Permutations {
    pub fn new() -> Self {
        let number = |i: usize, salt: u64| mix(i as u64, salt) as u32;
        Self {
            a: std::array::from_fn(|i| number(i, 1) | 1),
            b: std::array::from_fn(|i| number(i, 2)),
        }
    }
}

/// One hash for every five words in a row, from the words' own.
pub fn five_grams(words: &[Word], out: &mut Vec<u32>) {
    const FACTORS: [u64; 5] = [
        0x9e37_79b9_7f4a_7c15,
        0xc2b2_ae3d_27d4_eb4f,
        0x1656_67b1_9e37_79f9,
        0x85eb_ca77_c2b2_ae63,
        0x27d4_eb2f_1656_67c5,
    ];
    out.clear();
    out.extend(words.windows(5).map(|five| {
        let parts = five.iter().zip(FACTORS);
        let sum = parts.fold(0_u64, |sum, (word, factor)| {
            sum.wrapping_add(word.hash.wrapping_mul(factor))
        });
        (sum >> 32) as u32
    }));
}

dispatched!(
    pub fn minima(shingles: &[u32], permutations: &Permutations, least: &mut [u32; VALUES])
        = minima_body
);

#[inline(always)]
fn minima_body(shingles: &[u32], permutations: &Permutations, least: &mut [u32; VALUES]) {
    let mut found = *least;
    for &shingle in shingles {
        for i in 0..VALUES {
            let value = permutations.a[i]
                .wrapping_mul(shingle)
                .wrapping_add(permutations.b[i]);
            found[i] = found[i].min(value);
        }
    }
    *least = found;
}
