//! Finding repeated parts of one document: lines, paragraphs, n-grams.
//!
//! [`FirstSeen`] is an exact map from a part to its first occurrence and its count: a flat table of
//! item numbers with open addressing, sized to the document, so that clearing it costs a few stores
//! a part. [`repeated_parts`] counts repeated lines.
//!
//! Not a sketch: equality is decided by comparing the parts, a hash only says where to look.

use xxhash_rust::xxh3::xxh3_64;

/// Exact first occurrences and counts of the items of one document.
#[derive(Debug, Default)]
pub struct FirstSeen {
    /// Upper half of an item's hash, by which most unequal items are told apart without being
    /// compared, over the item's number plus one; 0 in an empty slot.
    slots: Vec<u64>,
    mask: usize,
    /// Per item: how many later ones equal it; 0 at all but first ones.
    later: Vec<u32>,
}

impl FirstSeen {
    /// Forgets everything and makes room for the items 0 to `n`, `n` excluded.
    pub fn reset(&mut self, n: usize) {
        let size = (n * 2).next_power_of_two().max(16);
        self.mask = size - 1;
        clear(&mut self.slots, size);
        clear(&mut self.later, n);
    }

    /// Counts `item` and returns the first item equal to it, and how many there have been so far.
    ///
    /// `same` says whether an earlier item equals this one; `hash` is equal for equal items and has
    /// well-mixed lower and upper bits. Each item comes once.
    #[inline]
    pub fn count(&mut self, hash: u64, item: u32, same: impl Fn(u32) -> bool) -> (u32, u32) {
        let tag = hash >> 32;
        let mut at = hash as usize & self.mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                self.slots[at] = tag << 32 | u64::from(item + 1);
                return (item, 1);
            }
            let first = slot as u32 - 1;
            if slot >> 32 == tag && same(first) {
                let later = &mut self.later[first as usize];
                *later += 1;
                return (first, *later + 1);
            }
            at = (at + 1) & self.mask;
        }
    }

    /// How many items equal `first`, which is the first of them.
    #[inline]
    pub fn total(&self, first: u32) -> u32 {
        self.later[first as usize] + 1
    }
}

/// Zeros the first `n` numbers of a list that never shrinks.
fn clear<T: Copy + Default>(list: &mut Vec<T>, n: usize) {
    if list.len() < n {
        list.resize(n, T::default());
    }
    list[..n].fill(T::default());
}

/// `a` times `b`, upper half folded into the lower: every bit of the product reaches the result.
#[inline]
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
        counts.n_parts += 1;
        let (_, count) = seen.count(xxh3_64(part.as_bytes()), item, same);
        if count > 1 {
            let n_chars = part.chars().count();
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
    fn first_seen_returns_the_first_and_the_count_after_every_reset() {
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
            assert_eq!([0, 1, 3].map(|first| seen.total(first)), [3, 2, 1]);
        }
    }

    #[test]
    fn later_occurrences_and_all_copies_are_counted_apart() {
        let mut buffers = PartBuffers::default();
        let mut count = |text: &str| {
            let c = repeated_parts(text, newline_lines(text), text.len() + 1, &mut buffers);
            let later = (c.n_repeated, c.repeated_chars);
            (c.n_parts, later, (c.n_copies, c.copies_chars))
        };
        assert_eq!(count(""), (1, (0, 0), (0, 0)));
        assert_eq!(count("ab\nab\ncd\nab"), (4, (2, 4), (3, 6)));
        assert_eq!(count("é\né\n\n"), (4, (2, 1), (4, 2)));
    }
}
