//! Counts of token ids. The tables are reused from document to document.

use super::entropy::EntropySum;
use crate::prefetch;

/// What the metrics need to know about the tokens of one document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tokens {
    pub total: usize,
    pub unique: usize,
    /// Count of the commonest token.
    pub highest: usize,
    /// Entropy of the distribution of tokens, in bits.
    pub entropy: f64,
}

/// Ids below this are counted in a flat table of 4 MB at most; no known vocabulary has more.
const FLAT_IDS: usize = 1 << 20;

/// How many ids before its turn a count is asked for: what a document leaves of the table near the
/// processor, the work until the next one drives out.
const AHEAD: usize = 64;

/// Counts token ids.
#[derive(Default)]
pub(super) struct TokenTally {
    counts: Vec<u32>,
    /// Room for each id of a document once, and for one more.
    seen: Vec<u32>,
    /// Ids too large for the table: a tokenizer file may hold any.
    large: Vec<u32>,
    entropy: EntropySum,
}

impl TokenTally {
    /// Counts `ids`, and how often those of each list in `named` occur.
    pub(super) fn count<const N: usize>(
        &mut self,
        ids: &[u32],
        named: [&[u32]; N],
    ) -> (Tokens, [usize; N]) {
        self.make_room(ids);
        let n_seen = self.add_all(ids);
        let of = |id: &u32| self.counts.get(*id as usize).map_or(0, |n| *n as usize);
        let named = named.map(|list| list.iter().map(of).sum());
        let mut tokens = Tokens {
            total: ids.len(),
            ..Tokens::default()
        };
        for &id in &self.seen[..n_seen] {
            let n = std::mem::take(&mut self.counts[id as usize]);
            tokens.add_id(n, &mut self.entropy);
        }
        self.large.sort_unstable();
        for run in self.large.chunk_by(u32::eq) {
            tokens.add_id(run.len() as u32, &mut self.entropy);
        }
        self.large.clear();
        tokens.entropy = self.entropy.drain(tokens.total);
        (tokens, named)
    }

    fn make_room(&mut self, ids: &[u32]) {
        let highest = ids.iter().copied().fold(0, u32::max);
        if highest as usize >= self.counts.len() {
            self.lengthen(ids);
        }
        let n_seen = ids.len().min(self.counts.len()) + 1;
        if n_seen > self.seen.len() {
            self.seen.resize(n_seen, 0);
        }
    }

    /// Makes the table as long as the ids that it may hold need it.
    #[cold]
    fn lengthen(&mut self, ids: &[u32]) {
        let flat = ids
            .iter()
            .map(|id| *id as usize)
            .filter(|id| *id < FLAT_IDS);
        let n_counts = flat.max().map_or(0, |id| (id + 1).next_power_of_two());
        self.counts.resize(n_counts.max(self.counts.len()), 0);
    }

    /// Counts every id; returns how many of `seen` are those that were met, once each.
    ///
    /// Whether an id is new cannot be predicted, and a wrong guess would throw away the counts
    /// that are being fetched meanwhile, far from each other as they are: every id is written, and
    /// stays if it is new.
    fn add_all(&mut self, ids: &[u32]) -> usize {
        let (counts, seen) = (&mut self.counts[..], &mut self.seen[..]);
        let mut n_seen = 0;
        for (at, &id) in ids.iter().enumerate() {
            if let Some(&later) = ids.get(at + AHEAD) {
                prefetch::read(counts, later as usize);
            }
            let Some(count) = counts.get_mut(id as usize) else {
                self.large.push(id);
                continue;
            };
            seen[n_seen] = id;
            n_seen += usize::from(*count == 0);
            *count += 1;
        }
        n_seen
    }
}

impl Tokens {
    fn add_id(&mut self, n: u32, entropy: &mut EntropySum) {
        self.unique += 1;
        self.highest = self.highest.max(n as usize);
        entropy.add(n);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::entropy::tests::entropy_twin;
    use super::*;

    #[test]
    fn ids_beyond_the_table_are_counted_too() {
        let mut tally = TokenTally::default();
        let ids = [u32::MAX, 5, u32::MAX, 5, 5, FLAT_IDS as u32, 1];
        let (tokens, named) = tally.count(&ids, [&[5, 1][..], &[2]]);
        assert_eq!((tokens.total, tokens.unique, tokens.highest), (7, 4, 3));
        assert_eq!(named, [4, 0]);
        assert!((tokens.entropy - entropy_twin([3, 2, 1, 1].into_iter())).abs() < 1e-12);
        assert_eq!(tally.count(&[], [&[5]]), (Tokens::default(), [0]));
    }

    proptest! {
        #[test]
        fn documents_are_counted_as_by_a_map(
            documents in prop::collection::vec(prop::collection::vec(0..70_u32, 0..200), 1..5),
        ) {
            let mut tally = TokenTally::default();
            for ids in documents {
                let mut counts = BTreeMap::new();
                for id in &ids {
                    *counts.entry(*id).or_insert(0) += 1;
                }
                let (tokens, [named]) = tally.count(&ids, [&[3, 69]]);
                let of = |id| *counts.get(&id).unwrap_or(&0) as usize;
                prop_assert_eq!(tokens.total, ids.len());
                prop_assert_eq!(tokens.unique, counts.len());
                prop_assert_eq!(tokens.highest, counts.values().max().map_or(0, |n| *n as usize));
                prop_assert_eq!(named, of(3) + of(69));
                let expected = entropy_twin(counts.values().copied());
                prop_assert!((tokens.entropy - expected).abs() < 1e-9);
            }
        }
    }
}
