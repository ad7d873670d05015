//! Which rows of an input matrix there are: all but zeros, or all words and the n-grams that
//! pruning left.

use std::io::BufRead;

use super::load::Source;
use crate::{Result, prefetch};

/// Rows told of by one group.
const GROUP: u32 = u64::BITS;
/// How many rows ahead the memory is asked for.
const AHEAD: usize = 32;
/// Most rows for which groups are made whatever the size of the file: 16 MiB of them.
const MAX_GROUPED: u32 = 1 << 26;

/// Which rows are stored, and where.
pub(super) enum Stored {
    Grouped(Groups),
    /// The numbers of the stored rows, where they are few among very many.
    Listed {
        n_rows: u32,
        rows: Vec<u32>,
    },
}

/// A bit for each row.
#[derive(Default)]
pub(super) struct Groups {
    told: Vec<Group>,
    n_rows: u32,
    n_kept: u32,
    /// Rows before the first that is not stored: all words, where n-grams were pruned.
    n_first: u32,
}

/// A bit a row, and how many rows are stored before the first of them: a quarter of a byte a row,
/// which a cache near the processor holds.
#[derive(Clone, Copy, Default)]
struct Group {
    bits: u64,
    before: u32,
}

impl Groups {
    pub(super) fn push(&mut self, is_stored: bool) {
        let bit = self.n_rows % GROUP;
        if bit == 0 {
            self.told.push(Group {
                bits: 0,
                before: self.n_kept,
            });
        }
        if let Some(group) = self.told.last_mut() {
            group.bits |= u64::from(is_stored) << bit;
        }
        self.n_first += u32::from(is_stored && self.n_first == self.n_rows);
        self.n_rows += 1;
        self.n_kept += u32::from(is_stored);
    }

    #[inline]
    fn places(&self, rows: &mut Vec<u32>) {
        let stays = |&row: &u32| row < self.n_first;
        let n_first = rows.iter().take_while(|row| stays(row)).count();
        let mut kept = n_first;
        for i in n_first..rows.len() {
            if let Some(&later) = rows.get(i + AHEAD) {
                prefetch::read(&self.told, (later / GROUP) as usize);
            }
            let group = self.told[(rows[i] / GROUP) as usize];
            let bit = rows[i] % GROUP;
            // Without a branch: which rows are stored cannot be foreseen.
            rows[kept] = group.before + (group.bits & ((1 << bit) - 1)).count_ones();
            kept += (group.bits >> bit & 1) as usize;
        }
        rows.truncate(kept);
    }

    /// [`Self::places`] in instructions that count bits in one.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "popcnt")]
    fn places_by_popcnt(&self, rows: &mut Vec<u32>) {
        self.places(rows);
    }
}

impl Stored {
    /// Replaces rows by their places among the stored ones; the others drop out.
    pub(super) fn places(&self, rows: &mut Vec<u32>) {
        match self {
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "a call of a function for newer processors")]
            Self::Grouped(groups) if is_x86_feature_detected!("popcnt") => {
                // SAFETY: the machine was just asked for the instruction.
                unsafe { groups.places_by_popcnt(rows) }
            }
            Self::Grouped(groups) => groups.places(rows),
            Self::Listed { rows: stored, .. } => {
                let place = |row: &u32| stored.binary_search(row).ok();
                let mut kept = 0;
                for i in 0..rows.len() {
                    if let Some(found) = place(&rows[i]) {
                        rows[kept] = found as u32;
                        kept += 1;
                    }
                }
                rows.truncate(kept);
            }
        }
    }

    /// Number of rows, those that are not stored included.
    pub(super) fn n_rows(&self) -> u64 {
        match self {
            Self::Grouped(groups) => groups.n_rows.into(),
            Self::Listed { n_rows, .. } => (*n_rows).into(),
        }
    }

    pub(super) fn n_bytes(&self) -> usize {
        match self {
            Self::Grouped(groups) => size_of_val(&groups.told[..]),
            Self::Listed { rows, .. } => size_of_val(&rows[..]),
        }
    }
}

impl Groups {
    /// Number of stored rows.
    pub(super) fn n_kept(&self) -> u64 {
        self.n_kept.into()
    }

    /// Which rows are stored; nothing where all are.
    pub(super) fn unless_all(self) -> Option<Stored> {
        (self.n_kept < self.n_rows).then_some(Stored::Grouped(self))
    }
}

/// The n-grams that pruning left: buckets, and their rows after those of the words.
pub(super) struct Kept {
    n_buckets: u32,
    /// By bucket.
    rows: Vec<(u32, u32)>,
}

impl Kept {
    /// The pruned index of a file: `n` entries, none at all at -1.
    pub(super) fn read<R: BufRead>(
        n: i64,
        n_buckets: u32,
        source: &mut Source<'_, R>,
    ) -> Result<Option<Self>> {
        if n == -1 {
            return Ok(None);
        }
        let Ok(n) = u64::try_from(n) else {
            return Err(source.fail(format_args!("the size of the pruned index is {n}")));
        };
        source.need(n.checked_mul(8), "the pruned index")?;
        let limit = u64::from(n_buckets).min(i32::MAX as u64);
        if n > limit {
            return Err(source.fail(format_args!("{n} pruned n-grams in {limit} buckets")));
        }
        let mut rows = Vec::with_capacity(n as usize);
        for _ in 0..n {
            let bucket = source.int_in("a pruned bucket", 0, n_buckets.cast_signed() - 1)?;
            rows.push((bucket, source.int_in("a pruned row", 0, n as i32 - 1)?));
        }
        rows.sort_unstable();
        let twice = rows.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some([(bucket, _), ..]) = twice {
            return Err(source.fail(format_args!("bucket {bucket} is pruned twice")));
        }
        Ok(Some(Self { n_buckets, rows }))
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Which rows are stored, of `n_words` words and all buckets, in the order of the buckets; and
    /// for each of them its row in the file.
    pub(super) fn among(&self, n_words: u32) -> (Stored, Vec<u32>) {
        let places = self.rows.iter().map(|(bucket, _)| n_words + bucket);
        let stored: Vec<u32> = (0..n_words).chain(places).collect();
        let rows = self.rows.iter().map(|(_, row)| n_words + row);
        let order = (0..n_words).chain(rows).collect();
        let n_rows = n_words + self.n_buckets;
        if n_rows > MAX_GROUPED {
            let rows = stored;
            return (Stored::Listed { n_rows, rows }, order);
        }
        let mut groups = Groups::default();
        let mut next = stored.iter().peekable();
        for row in 0..n_rows {
            groups.push(next.next_if_eq(&&row).is_some());
        }
        (Stored::Grouped(groups), order)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_counted_from_the_stored_rows(
            is_stored in prop::collection::vec(any::<bool>(), 1..300),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..50),
        ) {
            let mut groups = Groups::default();
            for &is in &is_stored {
                groups.push(is);
            }
            let numbers = (0..is_stored.len() as u32).filter(|&row| is_stored[row as usize]);
            let listed = Stored::Listed { n_rows: is_stored.len() as u32, rows: numbers.collect() };
            let rows: Vec<usize> = picks.iter().map(|pick| pick.index(is_stored.len())).collect();
            let place = |&row: &usize| is_stored[..row].iter().filter(|&&is| is).count() as u32;
            let expected: Vec<u32> = rows.iter().filter(|&&row| is_stored[row]).map(place).collect();
            for stored in [Stored::Grouped(groups), listed] {
                let mut found: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
                stored.places(&mut found);
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
