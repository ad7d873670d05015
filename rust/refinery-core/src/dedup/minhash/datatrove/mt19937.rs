//! The generator behind numpy's `RandomState`, and its `randint` of 64-bit integers.
//!
//! Matsumoto and Nishimura 1998, in the version of 2002 that numpy froze (NEP 19): seeded with one
//! 32-bit number; a 64-bit number is two outputs, the higher half first; a bounded one is masked
//! to the bits of the bound and drawn again while it lies above.
//!
//! Not here: seeds of several words, and the bounded methods of numpy's newer `Generator`.

const STATE: usize = 624;
const MIDDLE: usize = 397;

/// The generator.
pub struct Mt19937 {
    state: [u32; STATE],
    at: usize,
}

impl Mt19937 {
    /// As `numpy.random.RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; STATE];
        for i in 1..STATE {
            let last = state[i - 1];
            let mixed = (last ^ (last >> 30)).wrapping_mul(1_812_433_253);
            state[i] = mixed.wrapping_add(i as u32);
        }
        Self { state, at: STATE }
    }

    fn refill(&mut self) {
        for i in 0..STATE {
            let joined = self.state[i] & 0x8000_0000 | self.state[(i + 1) % STATE] & 0x7fff_ffff;
            let twisted = (joined >> 1) ^ if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + MIDDLE) % STATE] ^ twisted;
        }
        self.at = 0;
    }

    fn next_u32(&mut self) -> u32 {
        if self.at == STATE {
            self.refill();
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c_5680;
        y ^= y << 15 & 0xefc6_0000;
        y ^ y >> 18
    }

    fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        high << 32 | u64::from(self.next_u32())
    }

    /// One number of `randint(low, high, dtype=uint64)`; `high - low` is above 2^32, below which
    /// numpy draws 32 bits at a time.
    pub fn randint(&mut self, low: u64, high: u64) -> u64 {
        let range = high - 1 - low;
        debug_assert!(range > u64::from(u32::MAX));
        let mask = u64::MAX >> range.leading_zeros();
        loop {
            let value = self.next_u64() & mask;
            if value <= range {
                return low + value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_those_of_numpy() {
        // RandomState(1).randint(0, 2**32, dtype=uint32)
        let mut generator = Mt19937::new(1);
        let found = [(); 3].map(|()| generator.next_u32());
        assert_eq!(found, [1_791_095_845, 4_282_876_139, 3_093_770_124]);
    }

    #[test]
    fn bounded_numbers_are_those_of_numpy() {
        // RandomState(1).randint(1, 2**61 - 1, dtype=uint64, size=2000), then from 0: the first
        // and the last of each. The state is refilled a dozen times.
        let mut generator = Mt19937::new(1);
        let prime = (1 << 61) - 1;
        let a: Vec<u64> = (0..2000).map(|_| generator.randint(1, prime)).collect();
        let b: Vec<u64> = (0..2000).map(|_| generator.randint(0, prime)).collect();
        assert_eq!(
            [a[0], a[1999]],
            [775_169_054_918_279_404, 1_323_153_007_462_944_915]
        );
        assert_eq!(
            [b[0], b[1999]],
            [1_419_990_669_922_490_879, 2_001_785_677_026_876_007]
        );
    }

    #[test]
    fn numbers_above_the_bound_are_drawn_again() {
        // RandomState(1).randint(0, 2**62 + 1, dtype=uint64, size=6): half of all draws are lost.
        let mut generator = Mt19937::new(1);
        let found = [(); 6].map(|()| generator.randint(0, (1 << 62) + 1));
        assert_eq!(
            found,
            [
                4_064_269_471_072_392_264,
                2_109_959_069_025_161,
                2_707_168_392_203_228_096,
                1_703_346_441_743_126_657,
                3_435_894_450_290_564_679,
                716_042_322_565_387_540,
            ]
        );
    }
}
