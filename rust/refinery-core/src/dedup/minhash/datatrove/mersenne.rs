//! The permutations `x -> (a * x + b) mod 2^61 - 1` and the minima under them.
//!
//! Sum and product wrap at 2^64 *before* the remainder is taken, as numpy's do. So these are no
//! permutations in the strict sense, but they are what the original's signatures are made of.

#![expect(
    clippy::inline_always,
    reason = "a part is compiled for an instruction set only inside a function that enables it"
)]

use super::mt19937::Mt19937;

const PRIME: u64 = (1 << 61) - 1;

/// The original's seed.
const SEED: u32 = 1;

/// Permutations in a group: one 512-bit register. Tables are padded to whole groups.
pub const GROUP: usize = 8;

/// One value per permutation of a group.
pub type Group = [u64; GROUP];

/// Groups that go over the shingles together: minima and tables of so many stay in the registers
/// of AVX-512, and their chains of instructions overlap.
const TILE: usize = 4;

/// The tables of `a` and `b`.
pub struct Permutations {
    multipliers: Vec<Group>,
    summands: Vec<Group>,
}

impl Permutations {
    /// All of `a` are drawn before the first of `b`: another `num_perm` is another set of numbers.
    pub fn new(num_perm: usize) -> Self {
        let mut generator = Mt19937::new(SEED);
        let mut table = |low| {
            let drawn: Vec<u64> = (0..num_perm)
                .map(|_| generator.randint(low, PRIME))
                .collect();
            let mut groups = vec![[0; GROUP]; num_perm.div_ceil(GROUP)];
            groups.as_flattened_mut()[..num_perm].copy_from_slice(&drawn);
            groups
        };
        Self {
            multipliers: table(1),
            summands: table(0),
        }
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.multipliers.len()
    }
}

/// Lowers each minimum to the least value of its permutation over `shingles`.
#[inline(always)]
pub fn lower(permutations: &Permutations, shingles: &[u64], minima: &mut [Group]) {
    let (a, a_rest) = permutations.multipliers.as_chunks::<TILE>();
    let (b, b_rest) = permutations.summands.as_chunks::<TILE>();
    let (tiles, rest) = minima.as_chunks_mut::<TILE>();
    for ((tile, a), b) in tiles.iter_mut().zip(a).zip(b) {
        lower_tile(a, b, shingles, tile);
    }
    for ((group, a), b) in rest.iter_mut().zip(a_rest).zip(b_rest) {
        lower_tile(&[*a], &[*b], shingles, std::array::from_mut(group));
    }
}

/// Loops of fixed length by index: unrolled, and minima and tables stay in registers.
#[inline(always)]
fn lower_tile<const N: usize>(
    a: &[Group; N],
    b: &[Group; N],
    shingles: &[u64],
    minima: &mut [Group; N],
) {
    let mut least = *minima;
    for &x in shingles {
        for i in 0..N {
            for j in 0..GROUP {
                let value = x.wrapping_mul(a[i][j]).wrapping_add(b[i][j]);
                least[i][j] = least[i][j].min(remainder(value));
            }
        }
    }
    *minima = least;
}

/// `value mod 2^61 - 1`: the high three bits count as ones, and what is left exceeds the prime by
/// 7 at most. Below the prime the subtraction wraps to a larger number.
#[inline(always)]
fn remainder(value: u64) -> u64 {
    let sum = (value & PRIME) + (value >> 61);
    sum.min(sum.wrapping_sub(PRIME))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dedup::minhash::kernel::{Dispatch, Kernel};

    #[test]
    fn the_tables_begin_with_the_published_numbers() {
        let permutations = Permutations::new(112);
        assert_eq!(permutations.multipliers[0][0], 775_169_054_918_279_404);
        assert_eq!(permutations.multipliers[13][7], 223_865_076_026_037_746);
        assert_eq!(permutations.summands[0][0], 1_062_448_801_025_099_917);
        assert_eq!(permutations.summands[13][7], 1_097_409_548_522_419_201);
    }

    #[test]
    fn remainders_at_multiples_of_the_prime() {
        for k in 0..=8_u64 {
            for around in [-2_i64, -1, 0, 1, 2] {
                let value = k.wrapping_mul(PRIME).wrapping_add_signed(around);
                assert_eq!(remainder(value), value % PRIME, "{k} {around}");
            }
        }
        assert_eq!(remainder(u64::MAX), u64::MAX % PRIME);
    }

    proptest! {
        #[test]
        fn minima_are_those_of_the_definition(
            shingles in prop::collection::vec(any::<u64>(), 0..40),
            num_perm in 1_usize..100,
        ) {
            let permutations = Permutations::new(num_perm);
            let a = permutations.multipliers.as_flattened();
            let b = permutations.summands.as_flattened();
            let value = |i: usize, x: u64| (x.wrapping_mul(a[i]).wrapping_add(b[i])) % PRIME;
            let least = |i| shingles.iter().map(|&x| value(i, x)).min().unwrap_or(u64::MAX);
            let expected: Vec<u64> = (0..num_perm).map(least).collect();
            for kernel in Kernel::available() {
                let mut minima = vec![[u64::MAX; GROUP]; permutations.groups()];
                let (first, second) = shingles.split_at(shingles.len() / 3);
                let dispatch = Dispatch::new(kernel).expect("it is available");
                dispatch.lower_modulo(&permutations, first, &mut minima);
                dispatch.lower_modulo(&permutations, second, &mut minima);
                prop_assert_eq!(&minima.as_flattened()[..num_perm], &expected[..], "{:?}", kernel);
            }
        }
    }
}
