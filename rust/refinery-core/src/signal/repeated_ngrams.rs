//! Word n-grams that occur more than once in a document: where each occurrence begins.
//!
//! [`RepeatedNgrams::load`] finds the repeated words (n = 1), [`RepeatedNgrams::lengthen`] goes from
//! n to n + 1. N-grams are equal when they are word by word, which is exact at every length:
//!
//! 1. Each occurrence is named by the first one of its kind, so two (n+1)-grams are equal where the
//!    names of the two n-grams in them are: two numbers, whatever the words.
//! 2. An (n+1)-gram repeats only where both its n-grams do, so the occurrences shrink from length
//!    to length, and a document that does not repeat itself is done after the first few.
//!
//! Not here: datatrove's notions of equality and of repetition ([`super::ngrams`]).

use super::repeats::{FirstSeen, fold};
use crate::text::Word;

/// Odd constants from the digits of e: any would do, they only have to be fixed and dense.
const MIX: [u64; 2] = [0xb7e1_5162_8aed_2a6b, 0xbf71_5880_9cf4_f3c7];

/// The repeated n-grams of one document and one n; buffers are reused.
#[derive(Debug, Default)]
pub struct RepeatedNgrams {
    grams: Vec<Ngram>,
    longer: Vec<Longer>,
    /// Per candidate: how many equal ones it is the first of.
    counts: Vec<u32>,
    seen: FirstSeen,
}

/// One occurrence of an n-gram that has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Names of the two shorter n-grams in it.
    names: (u32, u32),
    /// Place of the first equal candidate.
    first: u32,
}

impl RepeatedNgrams {
    /// Takes the words of the next document, n = 1.
    pub fn load(&mut self, text: &str, words: &[Word]) {
        self.seen.reset(words.len());
        self.grams.clear();
        self.counts.clear();
        self.counts.resize(words.len(), 0);
        for (at, word) in (0_u32..).zip(words) {
            let same = |first: u32| {
                let first = &words[first as usize];
                first.hash == word.hash && first.text(text) == word.text(text)
            };
            let (first, count) = self.seen.count(word.hash, at, same);
            self.counts[first as usize] = count;
            self.grams.push(Ngram {
                at,
                first,
                count: 0,
            });
        }
        let counts = &self.counts;
        self.grams.retain_mut(|gram| {
            let count = counts[gram.first as usize];
            gram.count = if gram.first == gram.at { count } else { 0 };
            count > 1
        });
    }

    /// From n-grams to those of one word more.
    pub fn lengthen(&mut self) {
        let Self {
            grams,
            longer,
            counts,
            seen,
        } = self;
        // An occurrence is lengthened where one begins at the next word too.
        let pairs = grams.windows(2).filter(|pair| pair[1].at == pair[0].at + 1);
        longer.clear();
        longer.extend(pairs.map(|pair| Longer {
            at: pair[0].at,
            names: (pair[0].first, pair[1].first),
            first: 0,
        }));
        seen.reset(longer.len());
        counts.clear();
        counts.resize(longer.len(), 0);
        for i in 0..longer.len() {
            let names = longer[i].names;
            let key = u64::from(names.0) << 32 | u64::from(names.1);
            let same = |first: u32| longer[first as usize].names == names;
            let (first, count) = seen.count(fold(key ^ MIX[0], MIX[1]), i as u32, same);
            counts[first as usize] = count;
            longer[i].first = first;
        }
        grams.clear();
        grams.extend((0_u32..).zip(longer.iter()).filter_map(|(i, gram)| {
            let count = counts[gram.first as usize];
            (count > 1).then_some(Ngram {
                at: gram.at,
                first: longer[gram.first as usize].at,
                count: if gram.first == i { count } else { 0 },
            })
        }));
    }

    /// The occurrences, in order of the words with which they begin.
    pub fn occurrences(&self) -> &[Ngram] {
        &self.grams
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::words;
    use super::*;

    fn occurrences(text: &str, n: usize) -> Vec<(u32, u32, u32)> {
        let tokens: Vec<&str> = text.split(' ').collect();
        let mut ngrams = RepeatedNgrams::default();
        ngrams.load(text, &words(text, &tokens));
        (1..n).for_each(|_| ngrams.lengthen());
        let found = ngrams.occurrences().iter();
        found.map(|g| (g.at, g.first, g.count)).collect()
    }

    #[test]
    fn every_occurrence_names_its_first() {
        let text = "a b a b a c";
        let ones = [(0, 0, 3), (1, 1, 2), (2, 0, 0), (3, 1, 0), (4, 0, 0)];
        assert_eq!(occurrences(text, 1), ones);
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
