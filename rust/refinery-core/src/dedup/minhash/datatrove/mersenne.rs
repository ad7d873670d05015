//! The permutations `x -> (a * x + b) mod 2^61 - 1` and the minima under them.
//!
//! Sum and product wrap at 2^64 *before* the remainder is taken, as numpy's do. So these are no
//! permutations in the strict sense, but they are what the original's signatures are made of.

#![expect(
    clippy::inline_always,
    reason = "a part is compiled for an instruction set only inside a function that enables it"
)]

use super::mt19937::Mt19937;

pub const PRIME: u64 = (1 << 61) - 1;

/// The largest value: what minima begin with.
pub const HIGHEST: u64 = PRIME - 1;

/// The original's seed.
const SEED: u32 = 1;

/// Permutations in a group: one 512-bit register. Tables are padded to whole groups.
pub const GROUP: usize = 8;

/// One value per permutation of a group.
pub type Group = [u64; GROUP];

/// The tables of `a` and `b`.
pub struct Permutations {
    pub multipliers: Vec<Group>,
    pub summands: Vec<Group>,
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
    let Permutations {
        multipliers,
        summands,
    } = permutations;
    lower_groups(multipliers, summands, shingles, minima);
}

/// [`lower`] for some groups. One at a time, in loops of fixed length by index: unrolled, and its
/// minima and tables stay in registers.
#[inline(always)]
pub fn lower_groups(a: &[Group], b: &[Group], shingles: &[u64], minima: &mut [Group]) {
    for ((minima, a), b) in minima.iter_mut().zip(a).zip(b) {
        let mut least = *minima;
        for &x in shingles {
            for i in 0..GROUP {
                let value = x.wrapping_mul(a[i]).wrapping_add(b[i]);
                least[i] = least[i].min(remainder(value));
            }
        }
        *minima = least;
    }
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

    /// The shingle that permutation 1 of `permutations` makes `value` of, before the remainder.
    fn shingle_of(permutations: &Permutations, value: u64) -> u64 {
        let (a, b) = (permutations.multipliers[0][1], permutations.summands[0][1]);
        // Newton's way to the inverse of an odd number modulo 2^64.
        let step =
            |inverse: u64, _| inverse.wrapping_mul(2_u64.wrapping_sub(a.wrapping_mul(inverse)));
        let inverse = (0..6).fold(a, step);
        assert_eq!(a.wrapping_mul(inverse), 1, "the multiplier is odd");
        value.wrapping_sub(b).wrapping_mul(inverse)
    }

    #[test]
    fn numbers_that_pass_the_prime_take_their_place_among_the_others() {
        let permutations = Permutations::new(3);
        let cases = [
            (vec![PRIME], 0),
            (vec![PRIME - 1], PRIME - 1),
            (vec![u64::MAX], 7),
            (vec![u64::MAX, 3], 3),
            (vec![3, u64::MAX], 3),
            (vec![u64::MAX, 9], 7),
            (vec![u64::MAX, PRIME + 2, 1 << 63], 2),
            (vec![7 << 61, PRIME - 1], 7),
        ];
        for (values, expected) in cases {
            for kernel in Kernel::available() {
                let shingles: Vec<u64> = values
                    .iter()
                    .map(|&value| shingle_of(&permutations, value))
                    .collect();
                for split in 0..=shingles.len() {
                    let mut minima = [[HIGHEST; GROUP]];
                    let dispatch = Dispatch::new(kernel).expect("it is available");
                    let (first, second) = shingles.split_at(split);
                    dispatch.lower_modulo(&permutations, first, &mut minima);
                    dispatch.lower_modulo(&permutations, second, &mut minima);
                    assert_eq!(minima[0][1], expected, "{kernel:?} {values:?} {split}");
                }
            }
        }
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
            let least = |i| shingles.iter().map(|&x| value(i, x)).min().unwrap_or(HIGHEST);
            let expected: Vec<u64> = (0..num_perm).map(least).collect();
            for kernel in Kernel::available() {
                let mut minima = vec![[HIGHEST; GROUP]; permutations.groups()];
                let (first, second) = shingles.split_at(shingles.len() / 3);
                let dispatch = Dispatch::new(kernel).expect("it is available");
                dispatch.lower_modulo(&permutations, first, &mut minima);
                dispatch.lower_modulo(&permutations, second, &mut minima);
                prop_assert_eq!(&minima.as_flattened()[..num_perm], &expected[..], "{:?}", kernel);
            }
        }
    }
}
