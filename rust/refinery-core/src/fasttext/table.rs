//! Small arithmetic of the dictionary: an open hash table and a fast remainder.
//!
//! What it is not: a general map. Keys are compared by the caller, nothing is removed, and an
//! entry that would lie too far from its place is refused, so that a file made to collide costs
//! neither loading nor predicting more than a bounded time.

/// How far from its own slot an entry may lie. Real dictionaries stay below a hundred; a file
/// made to collide would otherwise take quadratic time.
pub(crate) const MAX_PROBES: usize = 1024;

/// Open addressing over (hash, value), at most two thirds full.
pub(crate) struct Table {
    slots: Vec<Slot>,
    mask: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    value: u32,
}

/// No value is as large: entries and rows are counted by an `i32`.
const FREE: u32 = u32::MAX;

pub(crate) enum Inserted {
    Yes,
    Twice,
    TooFar,
}

impl Table {
    pub(crate) fn with_room_for(n: usize) -> Self {
        let size = (n + n / 2 + 2).next_power_of_two();
        Self {
            slots: vec![
                Slot {
                    hash: 0,
                    value: FREE
                };
                size
            ],
            mask: size - 1,
        }
    }

    #[inline]
    fn probes(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let (home, mask) = (hash as usize, self.mask);
        (0..MAX_PROBES.min(self.slots.len())).map(move |i| home.wrapping_add(i) & mask)
    }

    pub(crate) fn insert(
        &mut self,
        hash: u32,
        value: u32,
        is_same: impl Fn(u32) -> bool,
    ) -> Inserted {
        for at in self.probes(hash) {
            let slot = &mut self.slots[at];
            if slot.value == FREE {
                *slot = Slot { hash, value };
                return Inserted::Yes;
            }
            if slot.hash == hash && is_same(slot.value) {
                return Inserted::Twice;
            }
        }
        Inserted::TooFar
    }

    #[inline]
    pub(crate) fn get(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        for at in self.probes(hash) {
            let slot = self.slots[at];
            if slot.value == FREE {
                return None;
            }
            if slot.hash == hash && is_same(slot.value) {
                return Some(slot.value);
            }
        }
        None
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.slots[..])
    }
}

/// The remainder of a division whose divisor is known beforehand: two multiplications.
pub(crate) struct Remainder {
    divisor: u64,
    /// (2^64 - 1) / divisor, rounded down.
    inverse: u64,
}

impl Remainder {
    /// A divisor of 0 is a model without n-grams, which asks for no remainder.
    pub(crate) fn new(divisor: u32) -> Self {
        let divisor = u64::from(divisor.max(1));
        Self {
            divisor,
            inverse: u64::MAX / divisor,
        }
    }

    #[inline]
    pub(crate) fn of(&self, value: u64) -> u32 {
        // The inverse is less than 1 below 2^64 / divisor, and the value below 2^64, so the
        // quotient comes out exact or 1 too small.
        let quotient = ((u128::from(value) * u128::from(self.inverse)) >> 64) as u64;
        let rest = value - quotient * self.divisor;
        (if rest >= self.divisor {
            rest - self.divisor
        } else {
            rest
        }) as u32
    }
}
