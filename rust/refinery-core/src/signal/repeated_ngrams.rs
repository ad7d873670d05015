//! Word n-grams that occur more than once in a document: where each occurrence begins.
//!
//! [`RepeatedNgrams::load`] finds the repeated pairs (n = 2), [`RepeatedNgrams::lengthen`] goes from
//! n to n + 1. N-grams are equal when they are word by word, which is exact at every length:
//!
//! 1. Pairs are told apart by the hashes of their words; where these agree, by the words.
//! 2. Each occurrence is named by the first one of its kind, so two (n+1)-grams are equal where the
//!    names of the two n-grams in them are: two numbers, whatever the words.
//! 3. An (n+1)-gram repeats only where both its n-grams do, so the occurrences shrink from length
//!    to length, and a document that does not repeat itself is done after the first few.
//!
//! Not here: n-grams that are equal when their words joined are ([`super::ngrams`]).

use super::repeats::{FirstSeen, Firsts, fold, room};
use crate::text::Word;

/// Odd constants from the digits of e: any would do, they only have to be fixed and dense.
const MIX: [u64; 2] = [0xb7e1_5162_8aed_2a6b, 0xbf71_5880_9cf4_f3c7];

/// By how many bits the first hash of a pair is turned: any odd number of some size would do.
const TURN: u32 = 29;

/// The repeated n-grams of one document and one n; buffers are reused.
#[derive(Debug, Default)]
pub struct RepeatedNgrams {
    /// The occurrences, and room for more.
    grams: Vec<Ngram>,
    n_grams: usize,
    /// Per pair of words: the first one that equals it.
    first_pairs: Vec<u32>,
    longer: Vec<Longer>,
    seen: FirstSeen,
}

/// One occurrence of an n-gram that has another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ngram {
    /// Number of the word with which it begins.
    pub at: u32,
    /// The same of the first of the n-grams that equal it.
    pub first: u32,
    /// How many there are, 2 and more; 0 at all but the first.
    pub count: u32,
}

/// An n-gram that may have an equal one.
#[derive(Clone, Copy, Debug)]
struct Longer {
    at: u32,
    /// Names of the two shorter n-grams in it, one in each half.
    names: u64,
    /// Place of the first equal candidate.
    first: u32,
}

impl RepeatedNgrams {
    /// Takes the words of the next document, n = 2.
    pub fn load(&mut self, text: &str, words: &[Word]) {
        let Self {
            grams,
            first_pairs,
            seen,
            ..
        } = self;
        let mut seen = seen.empty(words.len());
        first_pairs.clear();
        let pairs = words.iter().zip(words.get(1..).unwrap_or_default());
        first_pairs.extend((0_u32..).zip(pairs).map(|(at, (a, b))| {
            // Both are well mixed, and turned so that `a b` is not `b a`.
            let key = a.hash.rotate_left(TURN) ^ b.hash;
            let same = |first: u32| match words[first as usize..].first_chunk::<2>() {
                Some([c, d]) => c.is_same(a, text) && d.is_same(b, text),
                None => false,
            };
            seen.count(key, at, same).0
        }));
        let firsts = first_pairs.iter().copied();
        let pairs = (0_u32..).zip(firsts).map(|(at, first)| (at, first, first));
        self.n_grams = keep_repeated(&seen, pairs, room(grams, words.len() + 1));
    }

    /// From n-grams to those of one word more.
    pub fn lengthen(&mut self) {
        let Self {
            grams,
            n_grams,
            longer,
            seen,
            ..
        } = self;
        let mut seen = seen.empty(*n_grams);
        longer.clear();
        let occurrences = &grams[..*n_grams];
        for (a, b) in occurrences.iter().zip(occurrences.iter().skip(1)) {
            // An occurrence is lengthened where one begins at the next word too.
            if b.at != a.at + 1 {
                continue;
            }
            let names = u64::from(a.first) << 32 | u64::from(b.first);
            let same = |first: u32| longer[first as usize].names == names;
            let key = fold(names ^ MIX[0], MIX[1]);
            let (first, _) = seen.count(key, longer.len() as u32, same);
            longer.push(Longer {
                at: a.at,
                names,
                first,
            });
        }
        let named = longer.iter();
        let named = named.map(|&Longer { at, first, .. }| (at, first, longer[first as usize].at));
        *n_grams = keep_repeated(&seen, named, grams);
    }

    /// The occurrences, in order of the words with which they begin.
    pub fn occurrences(&self) -> &[Ngram] {
        &self.grams[..self.n_grams]
    }
}

/// Puts the n-grams that repeat into `grams`; how many there are. Each comes with where it begins,
/// the item that is the first one equal to it, and where that begins.
///
/// Without a branch, since a processor cannot tell beforehand which n-grams of a text repeat.
#[inline]
fn keep_repeated(
    seen: &Firsts<'_>,
    named: impl Iterator<Item = (u32, u32, u32)>,
    grams: &mut [Ngram],
) -> usize {
    let mut n_grams = 0;
    for (at, item, first) in named {
        let count = seen.total(item);
        grams[n_grams] = Ngram {
            at,
            first,
            count: if at == first { count } else { 0 },
        };
        n_grams += usize::from(count > 1);
    }
    n_grams
}

#[cfg(test)]
mod tests {
    use super::super::testing::words;
    use super::*;

    fn occurrences(text: &str, n: usize) -> Vec<(u32, u32, u32)> {
        let tokens: Vec<&str> = text.split(' ').collect();
        let mut ngrams = RepeatedNgrams::default();
        ngrams.load(text, &words(text, &tokens));
        (2..n).for_each(|_| ngrams.lengthen());
        let found = ngrams.occurrences().iter();
        found.map(|g| (g.at, g.first, g.count)).collect()
    }

    #[test]
    fn every_occurrence_names_its_first() {
        let text = "a b a b a c";
        assert_eq!(
            occurrences(text, 2),
            [(0, 0, 2), (1, 1, 2), (2, 0, 0), (3, 1, 0)]
        );
        assert_eq!(occurrences(text, 3), [(0, 0, 2), (2, 0, 0)]);
        assert_eq!(occurrences(text, 4), []);
        assert_eq!(occurrences(text, 9), []);
    }

    #[test]
    fn words_that_join_alike_are_not_equal() {
        assert_eq!(occurrences("ab c x a bc x", 2), []);
    }

    #[test]
    fn repeated_words_around_a_new_one_make_no_ngram() {
        assert_eq!(occurrences("a x b a y b", 2), []);
        assert_eq!(occurrences("a x b a y b", 3), []);
    }
}
