//! The hash table behind n-grams: exact keys of two numbers, one place in memory per look-up.
//!
//! An n-gram is known by the n-gram without its oldest word and by that word, so a key is two
//! numbers and equality is exact: no n-gram is ever taken for another. Nothing is removed.

/// No value is as large: n-grams are counted below it, and as a float it is no number.
pub(super) const FREE: u32 = u32::MAX;
/// How far from its place an entry may lie. Real models stay below a hundred; a file made to
/// collide would otherwise take quadratic time.
const MAX_PROBES: usize = 4096;

#[derive(Clone, Copy)]
struct Slot {
    shorter: u32,
    word: u32,
    value: u32,
}

/// Open addressing, between a third and two thirds full once it has grown.
pub(super) struct Table {
    slots: Vec<Slot>,
    len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    Yes,
    Twice,
    TooFar,
}

impl Table {
    pub(super) fn with_room_for(n: usize) -> Self {
        let size = (n + n / 2 + 2).next_power_of_two();
        let free = Slot {
            shorter: 0,
            word: 0,
            value: FREE,
        };
        Self {
            slots: vec![free; size],
            len: 0,
        }
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>()
    }

    #[inline]
    fn home(&self, shorter: u32, word: u32) -> usize {
        let key = u64::from(shorter) << 32 | u64::from(word);
        // Multiplication mixes upwards only, so the upper half is folded in before and taken after.
        let mixed = (key ^ key >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 32) as usize & (self.slots.len() - 1)
    }

    #[inline]
    pub(super) fn get(&self, shorter: u32, word: u32) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = self.home(shorter, word);
        loop {
            let slot = self.slots[at];
            if slot.value == FREE {
                return None;
            }
            if slot.shorter == shorter && slot.word == word {
                return Some(slot.value);
            }
            at = (at + 1) & mask;
        }
    }

    pub(super) fn insert(&mut self, shorter: u32, word: u32, value: u32) -> Inserted {
        debug_assert_ne!(value, FREE);
        if self.len + self.len / 2 + 2 > self.slots.len() && !self.grow() {
            return Inserted::TooFar;
        }
        let inserted = self.place(Slot {
            shorter,
            word,
            value,
        });
        self.len += usize::from(inserted == Inserted::Yes);
        inserted
    }

    /// The value of a key, which becomes `value` where there is none, and whether it did; `None`
    /// where the entry would lie too far from its place.
    #[inline]
    pub(super) fn find_or_insert(
        &mut self,
        shorter: u32,
        word: u32,
        value: u32,
    ) -> Option<(u32, bool)> {
        let mask = self.slots.len() - 1;
        let home = self.home(shorter, word);
        for i in 0..MAX_PROBES.min(self.slots.len()) {
            let slot = self.slots[(home + i) & mask];
            if slot.value == FREE {
                let inserted = self.insert(shorter, word, value);
                return (inserted == Inserted::Yes).then_some((value, true));
            }
            if slot.shorter == shorter && slot.word == word {
                return Some((slot.value, false));
            }
        }
        None
    }

    fn place(&mut self, new: Slot) -> Inserted {
        let mask = self.slots.len() - 1;
        let home = self.home(new.shorter, new.word);
        for i in 0..MAX_PROBES.min(self.slots.len()) {
            let slot = &mut self.slots[(home + i) & mask];
            if slot.value == FREE {
                *slot = new;
                return Inserted::Yes;
            }
            if slot.shorter == new.shorter && slot.word == new.word {
                return Inserted::Twice;
            }
        }
        Inserted::TooFar
    }

    fn grow(&mut self) -> bool {
        let mut larger = Self::with_room_for(self.slots.len());
        let old = std::mem::take(&mut self.slots);
        let all = old
            .into_iter()
            .filter(|slot| slot.value != FREE)
            .all(|slot| larger.place(slot) == Inserted::Yes);
        self.slots = larger.slots;
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let mut table = Table::with_room_for(0);
        for i in 0..5000_u32 {
            assert_eq!(table.insert(i % 71, i, i + 1), Inserted::Yes);
        }
        assert_eq!(table.insert(3, 3, 9), Inserted::Twice);
        assert_eq!(table.find_or_insert(3, 3, 9), Some((4, false)));
        assert_eq!(table.find_or_insert(99, 3, 9), Some((9, true)));
        assert_eq!(table.get(99, 3), Some(9));
        for i in 0..5000_u32 {
            assert_eq!(table.get(i % 71, i), Some(i + 1));
            assert_eq!(table.get(i % 71 + 1, i), None);
        }
    }
}
