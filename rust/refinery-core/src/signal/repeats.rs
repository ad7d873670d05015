//! Finding repeated parts of one document: lines, paragraphs, n-grams.
//!
//! [`FirstSeen`] is an exact map from a part to its first occurrence and its count: a flat table of
//! item numbers with open addressing, whose slots carry the document's generation, so that the next
//! document needs no clearing. [`MayRepeat`] is a small filter before it: what it calls new is new,
//! so only the few parts it doubts reach the table. [`repeated_parts`] counts repeated lines.
//!
//! Not a sketch: equality is decided by comparing the parts, a hash only says where to look.

use xxhash_rust::xxh3::xxh3_64;

/// Exact first occurrences and counts of the items of one document.
#[derive(Debug, Default)]
pub struct FirstSeen {
    slots: Vec<Slot>,
    mask: usize,
    generation: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    generation: u32,
    /// Upper half of the hash: most unequal items are told apart without being compared.
    tag: u32,
    first: u32,
    count: u32,
}

impl FirstSeen {
    /// Forgets everything and makes room for `n` distinct items.
    pub fn reset(&mut self, n: usize) {
        let size = (n * 2).next_power_of_two().max(16);
        if self.slots.len() < size {
            self.slots = vec![Slot::default(); size];
            self.generation = 0;
        }
        self.mask = size - 1;
        self.generation = self.generation.checked_add(1).unwrap_or_else(|| {
            self.slots.fill(Slot::default());
            1
        });
    }

    /// Counts `item` and returns the first item equal to it, and how many there have been so far.
    ///
    /// `same` says whether an earlier item equals this one; `hash` is equal for equal items. No more
    /// distinct items may come than [`reset`](Self::reset) made room for.
    pub fn count(&mut self, hash: u64, item: u32, same: impl Fn(u32) -> bool) -> (u32, u32) {
        let tag = (hash >> 32) as u32;
        let mut at = hash as usize & self.mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.generation != self.generation {
                *slot = Slot {
                    generation: self.generation,
                    tag,
                    first: item,
                    count: 1,
                };
                return (item, 1);
            }
            if slot.tag == tag && same(slot.first) {
                slot.count += 1;
                return (slot.first, slot.count);
            }
            at = (at + 1) & self.mask;
        }
    }
}

/// A filter that says of each key whether another equal key *may* be among those added.
///
/// Two bits a slot: added once, added again. With 16 to 32 slots a key, a key that is alone is
/// called repeated at most one time in sixteen; one that repeats always is.
#[derive(Debug, Default)]
pub struct MayRepeat {
    pairs: Vec<u64>,
    shift: u32,
}

impl MayRepeat {
    /// Forgets everything and makes room for `n` keys.
    pub fn reset(&mut self, n: usize) {
        let slots = (n * 16).next_power_of_two().max(64);
        self.pairs.clear();
        self.pairs.resize(slots / 32, 0);
        self.shift = 64 - slots.trailing_zeros();
    }

    /// Adds a key, whose upper bits must be well mixed.
    pub fn add(&mut self, key: u64) {
        let (word, bit) = self.place(key);
        let seen = *word >> bit & 1;
        *word |= (1 | seen << 1) << bit;
    }

    /// Whether the key may have been added more than once.
    pub fn may_repeat(&mut self, key: u64) -> bool {
        let (word, bit) = self.place(key);
        *word >> (bit + 1) & 1 == 1
    }

    fn place(&mut self, key: u64) -> (&mut u64, u64) {
        let slot = key >> self.shift;
        (&mut self.pairs[(slot / 32) as usize], slot % 32 * 2)
    }
}

/// `a` times `b`, upper half folded into the lower: every bit of the product reaches the result.
pub fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// What [`repeated_parts`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepeatedParts {
    /// All parts.
    pub n_parts: usize,
    /// Parts that an equal one precedes.
    pub n_repeated: usize,
    /// Characters of those.
    pub repeated_chars: usize,
    /// Parts that another one equals, the first occurrence included.
    pub n_copies: usize,
    /// Characters of those.
    pub copies_chars: usize,
    /// Characters of all parts.
    pub n_chars: usize,
}

/// Reusable buffers of [`repeated_parts`].
#[derive(Debug, Default)]
pub struct PartBuffers {
    seen: FirstSeen,
    spans: Vec<(u32, u32)>,
}

/// Counts parts that repeat an earlier one; each later occurrence counts with all its characters.
///
/// `parts` are slices of `text`, at most `most` of them.
pub fn repeated_parts<'a>(
    text: &'a str,
    parts: impl Iterator<Item = &'a str>,
    most: usize,
    buffers: &mut PartBuffers,
) -> RepeatedParts {
    let PartBuffers { seen, spans } = buffers;
    let mut counts = RepeatedParts::default();
    seen.reset(most);
    spans.clear();
    for part in parts {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        let item = spans.len() as u32;
        spans.push((start as u32, (start + part.len()) as u32));
        let same = |first: u32| {
            let (from, to) = spans[first as usize];
            text.as_bytes()[from as usize..to as usize] == *part.as_bytes()
        };
        let n_chars = part.chars().count();
        counts.n_parts += 1;
        counts.n_chars += n_chars;
        let (_, count) = seen.count(xxh3_64(part.as_bytes()), item, same);
        if count > 1 {
            counts.n_repeated += 1;
            counts.repeated_chars += n_chars;
            // The second occurrence shows that the first has a copy too.
            let found = if count == 2 { 2 } else { 1 };
            counts.n_copies += found;
            counts.copies_chars += found * n_chars;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::lines::newline_lines;

    #[test]
    fn first_seen_returns_the_first_and_the_count_across_generations() {
        let words = ["a", "b", "a", "c", "a", "b"];
        let mut seen = FirstSeen::default();
        for _ in 0..3 {
            seen.reset(words.len());
            let found: Vec<_> = (0_u32..)
                .zip(words)
                // One hash for all: every lookup goes through the comparison.
                .map(|(i, w)| seen.count(7, i, |first| words[first as usize] == w))
                .collect();
            assert_eq!(found, [(0, 1), (1, 1), (0, 2), (3, 1), (0, 3), (1, 2)]);
        }
    }

    #[test]
    fn first_seen_forgets_when_generations_run_out() {
        let mut seen = FirstSeen::default();
        seen.reset(4);
        seen.count(1, 0, |_| true);
        seen.generation = u32::MAX;
        seen.reset(4);
        assert_eq!(seen.count(1, 5, |_| true), (5, 1));
    }

    #[test]
    fn may_repeat_never_misses_a_repeat() {
        let mut filter = MayRepeat::default();
        let key = |i: u64| fold(i ^ 0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93);
        filter.reset(2000);
        for i in (0..1000).chain(0..500) {
            filter.add(key(i));
        }
        assert!((0..500).all(|i| filter.may_repeat(key(i))));
        let false_alarms = (500..1000).filter(|&i| filter.may_repeat(key(i))).count();
        assert!(false_alarms < 60, "{false_alarms} of 500");
    }

    #[test]
    fn later_occurrences_and_all_copies_are_counted_apart() {
        let mut buffers = PartBuffers::default();
        let mut count = |text: &str| {
            let c = repeated_parts(text, newline_lines(text), text.len() + 1, &mut buffers);
            let later = (c.n_repeated, c.repeated_chars);
            (c.n_parts, c.n_chars, later, (c.n_copies, c.copies_chars))
        };
        assert_eq!(count(""), (1, 0, (0, 0), (0, 0)));
        assert_eq!(count("ab\nab\ncd\nab"), (4, 8, (2, 4), (3, 6)));
        assert_eq!(count("é\né\n\n"), (4, 2, (2, 1), (4, 2)));
    }
}
