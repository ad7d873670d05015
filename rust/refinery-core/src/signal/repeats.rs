//! Finding repeated parts of one document: lines, paragraphs, n-grams.
//!
//! [`FirstSeen`] is an exact map from a part to its first occurrence and its count: a flat table of
//! item numbers with open addressing, sized to the document, so that clearing it costs a few stores
//! a part. [`repeated_parts`] counts repeated lines.
//!
//! Not a sketch: equality is decided by comparing the parts, a hash only says where to look.

use xxhash_rust::xxh3::xxh3_64;

/// Odd constants from the digits of the square root of 2: any would do, they only have to be fixed
/// and dense.
const MIX: [u64; 2] = [0x6a09_e667_f3bc_c909, 0xb2fb_1366_ea95_7d3f];

/// Exact first occurrences and counts of the items of one document; the buffers, reused.
#[derive(Debug, Default)]
pub struct FirstSeen {
    slots: Vec<u64>,
    later: Vec<u32>,
}

/// The table of one document.
#[derive(Debug)]
pub struct Firsts<'a> {
    /// Upper half of an item's hash, by which most unequal items are told apart without being
    /// compared, over the item's number plus one; 0 in an empty slot.
    slots: &'a mut [u64],
    /// Per item: how many later ones equal it; 0 at all but first ones.
    later: &'a mut [u32],
}

impl FirstSeen {
    /// An empty table with room for the items 0 to `n`, `n` excluded.
    pub fn empty(&mut self, n: usize) -> Firsts<'_> {
        // Two thirds full at most, where all items differ.
        let size = (n + n / 2).next_power_of_two().max(16);
        Firsts {
            slots: zeros(&mut self.slots, size),
            later: zeros(&mut self.later, n),
        }
    }
}

impl Firsts<'_> {
    /// Counts `item` and returns the first item equal to it, and how many there have been so far.
    ///
    /// `same` says whether an earlier item equals this one; `hash` is equal for equal items and has
    /// well-mixed lower and upper bits. Each item comes once.
    #[inline]
    pub fn count(&mut self, hash: u64, item: u32, same: impl Fn(u32) -> bool) -> (u32, u32) {
        let tag = hash >> 32;
        // By the slice's own length, so that no place needs a check.
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
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
            at = (at + 1) & mask;
        }
    }

    /// How many items equal `first`, which is the first of them.
    #[inline]
    pub fn total(&self, first: u32) -> u32 {
        self.later[first as usize] + 1
    }
}

/// Tells the items of one document that equal no other one, all but a few of them; buffers are
/// reused.
///
/// A byte a slot where [`FirstSeen`] has eight, and no look at the item found: for items of which
/// most occur once.
#[derive(Debug, Default)]
pub struct Once {
    /// As many low bits as items fell here, eight at most.
    marks: Vec<u8>,
    /// Per item: its place in `marks`.
    places: Vec<u32>,
}

impl Once {
    /// Takes the next document's items and leaves in `items` those that may equal another one.
    #[inline]
    pub fn leave_repeated(&mut self, items: &mut Vec<u32>, hash: impl Fn(u32) -> u64) {
        let marks = zeros(&mut self.marks, (items.len() * 4).next_power_of_two());
        let mask = marks.len() - 1;
        self.places.clear();
        self.places.extend(items.iter().map(|&item| {
            let at = hash(item) as usize & mask;
            marks[at] = marks[at] << 1 | 1;
            at as u32
        }));
        let mut kept = 0;
        for (i, &place) in self.places.iter().enumerate() {
            // Without a branch: which items of a text repeat cannot be told beforehand.
            items[kept] = items[i];
            kept += usize::from(marks[place as usize & mask] > 1);
        }
        items.truncate(kept);
    }
}

/// The first `n` items of a list that never shrinks, whatever they are.
pub fn room<T: Copy + Default>(list: &mut Vec<T>, n: usize) -> &mut [T] {
    if list.len() < n {
        list.resize(n, T::default());
    }
    &mut list[..n]
}

/// The first `n` numbers of a list that never shrinks, made zero.
pub fn zeros<T: Copy + Default>(list: &mut Vec<T>, n: usize) -> &mut [T] {
    let numbers = room(list, n);
    numbers.fill(T::default());
    numbers
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
    spans: Vec<(u32, u32)>,
    once: Once,
    /// Numbers of the parts that may equal another one.
    open: Vec<u32>,
    seen: FirstSeen,
}

/// Counts parts that repeat an earlier one; each later occurrence counts with all its characters.
///
/// `parts` are slices of `text`. Most parts occur once, and a few bytes of them show it: only the
/// others are hashed whole.
pub fn repeated_parts<'a>(
    text: &'a str,
    parts: impl Iterator<Item = &'a str>,
    buffers: &mut PartBuffers,
) -> RepeatedParts {
    let PartBuffers {
        spans,
        once,
        open,
        seen,
    } = buffers;
    spans.clear();
    spans.extend(parts.map(|part| {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        (start as u32, (start + part.len()) as u32)
    }));
    let part = |at: u32| {
        let (start, end) = spans[at as usize];
        &text[start as usize..end as usize]
    };
    open.clear();
    open.extend(0..spans.len() as u32);
    once.leave_repeated(open, |at| ends_hash(part(at).as_bytes()));
    let mut counts = RepeatedParts {
        n_parts: spans.len(),
        ..RepeatedParts::default()
    };
    let mut seen = seen.empty(open.len());
    for (item, &at) in (0..).zip(&*open) {
        let this = part(at);
        let same = |first: u32| part(open[first as usize]) == this;
        let (_, count) = seen.count(xxh3_64(this.as_bytes()), item, same);
        if count > 1 {
            let n_chars = this.chars().count();
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

/// Hash of a part's length and of its first and last eight bytes.
#[inline]
pub fn ends_hash(part: &[u8]) -> u64 {
    let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    match (part.first_chunk(), part.last_chunk()) {
        (Some(first), Some(last)) => fold(
            number(first) ^ MIX[0],
            number(last) ^ part.len() as u64 ^ MIX[1],
        ),
        _ => xxh3_64(part),
    }
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
            let mut seen = seen.empty(words.len());
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
            let c = repeated_parts(text, newline_lines(text), &mut buffers);
            let later = (c.n_repeated, c.repeated_chars);
            (c.n_parts, later, (c.n_copies, c.copies_chars))
        };
        assert_eq!(count(""), (1, (0, 0), (0, 0)));
        assert_eq!(count("ab\nab\ncd\nab"), (4, (2, 4), (3, 6)));
        assert_eq!(count("é\né\n\n"), (4, (2, 1), (4, 2)));
    }

    #[test]
    fn what_may_repeat_is_left_in_order_after_every_use() {
        let (mut once, mut items) = (Once::default(), Vec::new());
        for n in [0, 1, 40, 7] {
            items.clear();
            items.extend(0..n);
            // Each third item is alone, those between come in pairs.
            once.leave_repeated(&mut items, |i| {
                u64::from(if i % 3 == 2 { i } else { i / 3 * 3 })
            });
            let expected: Vec<u32> = (0..n)
                .filter(|i| i % 3 == 0 && i + 1 < n || i % 3 == 1)
                .collect();
            assert_eq!(items, expected);
        }
    }

    #[test]
    fn parts_that_begin_and_end_alike_are_told_apart() {
        let text =
            "12345678 a 12345678\n12345678 b 12345678\n12345678 a 12345678\n1234567\n1234567";
        let found = repeated_parts(text, newline_lines(text), &mut PartBuffers::default());
        assert_eq!((found.n_parts, found.n_repeated), (5, 2));
        assert_eq!((found.repeated_chars, found.n_copies), (26, 4));
    }
}
