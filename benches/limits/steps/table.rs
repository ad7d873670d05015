//! A flat table that counts hashes and is emptied by a number.

#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    count: u32,
    round: u32,
}

#[derive(Default)]
pub struct Table {
    slots: Vec<Slot>,
    mask: usize,
    round: u32,
}

impl Table {
    /// Empties the table and makes room for `n` keys.
    pub fn clear(&mut self, n: usize) {
        let wanted = (2 * n).next_power_of_two().max(64);
        if self.slots.len() < wanted {
            self.slots = vec![Slot::default(); wanted];
            self.round = 0;
        }
        // A short text after a long one stays in a small part of it, which is in a near cache.
        self.mask = wanted - 1;
        self.round += 1;
    }

    /// Counts a key; gives its slot and its count.
    #[inline(always)]
    pub fn add(&mut self, key: u64) -> (u32, u32) {
        let mut at = key as usize & self.mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.round != self.round {
                *slot = Slot {
                    key,
                    count: 1,
                    round: self.round,
                };
                return (at as u32, 1);
            }
            if slot.key == key {
                slot.count += 1;
                return (at as u32, slot.count);
            }
            at = (at + 1) & self.mask;
        }
    }

    #[inline(always)]
    pub fn count(&self, slot: u32) -> u32 {
        self.slots[slot as usize].count
    }
}
