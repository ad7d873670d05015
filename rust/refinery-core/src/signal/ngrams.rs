//! Repeated word n-grams of one document, as the published filters count them.
//!
//! Four questions with two notions of equality. [`Ngrams::tops`]: the most frequent n-gram
//! ([`TopNgrams`]), [`Ngrams::later_copies`]: what the second and later copies of n-grams cover, and
//! [`Ngrams::all_copies`]: what all of them are long, where n-grams are equal word by word
//! ([`RepeatedNgrams`]). [`Ngrams::found_again`]: what datatrove's greedy scan finds a second time,
//! where n-grams are equal when their words *joined without a separator* are (`ab c` equals `a bc`;
//! [`Joined`]).
//!
//! Not here: shingles for `MinHash`, which are hashed in another way.

use super::joined::{Joined, JoinedScan};
use super::repeated_ngrams::RepeatedNgrams;
use super::top_ngrams::{Top, TopNgrams};
use crate::text::Word;

/// In documents of more words [`TopNgrams`] gains nothing: its counters are read twice for every
/// n-gram, and outgrow the caches.
const MANY: usize = 1 << 17;

/// The words of one document, laid out for n-gram questions; buffers are reused.
#[derive(Debug, Default)]
pub struct Ngrams {
    words: Joined,
    top: TopNgrams,
    repeated: RepeatedNgrams,
    scan: JoinedScan,
}

/// What a set of n-grams covers; what several of them cover counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// Characters of the words covered.
    pub chars: usize,
    /// Gaps between words that one n-gram covers both.
    pub gaps: usize,
}

/// Characters of n-grams, every occurrence with all its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    /// Of those that occur more than once, the first occurrence included.
    pub repeated: usize,
    /// Of all.
    pub all: usize,
}

/// Adds n-grams in the order of their positions to a [`Cover`].
#[derive(Default)]
struct Covering {
    cover: Cover,
    /// One past the last word covered.
    end: usize,
}

impl Covering {
    fn add(&mut self, words: &Joined, at: usize, n: usize) {
        let known = self.end.saturating_sub(at);
        self.cover.chars += words.chars(at + known, n - known);
        self.cover.gaps += (n - known).min(n - 1);
        self.end = at + n;
    }
}

impl Ngrams {
    /// Takes the words of the next document.
    pub fn load(&mut self, text: &str, words: &[Word]) {
        self.words.load(text.as_bytes(), words);
    }

    /// For n = 2, 3, 4 the most frequent n-gram.
    ///
    /// Of equally frequent ones the first seen; a count of 1 counts. `None` with fewer words than n.
    /// `words` are those of `text` that were loaded.
    pub fn tops(&mut self, text: &str, words: &[Word]) -> [Option<Top>; 3] {
        if words.len() > MANY {
            return self.tops_before_copies(text, words);
        }
        self.top.tops(text, words)
    }

    /// As [`tops`](Self::tops), on the way to [`later_copies`](Self::later_copies) or
    /// [`all_copies`](Self::all_copies), which go on from here: slower but for long documents.
    pub fn tops_before_copies(&mut self, text: &str, words: &[Word]) -> [Option<Top>; 3] {
        self.repeated.load(text, words);
        [2, 3, 4].map(|n| {
            if n > 2 {
                self.repeated.lengthen();
            }
            let occurrences = self.repeated.occurrences().iter();
            let counts = occurrences.map(|gram| (gram.at, gram.count));
            (self.words.len() >= n).then(|| Top::of(counts))
        })
    }

    /// Characters of the words of the n-gram at word `at`.
    pub fn chars(&self, at: usize, n: usize) -> usize {
        self.words.chars(at, n)
    }

    /// Characters of the n-gram at word `at`, its words joined by one space.
    pub fn spaced_chars(&self, at: usize, n: usize) -> usize {
        self.words.chars(at, n) + n - 1
    }

    /// What all occurrences of the n-gram at word `first` cover; none of them is before it.
    pub fn cover_of(&self, first: usize, n: usize) -> Cover {
        let mut covering = Covering::default();
        for at in first..=self.words.len() - n {
            if self.words.is_same_ngram(first, at, n) {
                covering.add(&self.words, at, n);
            }
        }
        covering.cover
    }

    /// For n = 5 to 10 what the n-grams cover that an equal one precedes.
    ///
    /// Goes on from [`tops_before_copies`](Self::tops_before_copies), which must have been asked.
    pub fn later_copies(&mut self) -> [Cover; 6] {
        [5, 6, 7, 8, 9, 10].map(|n| {
            self.repeated.lengthen();
            let mut covering = Covering::default();
            let occurrences = self.repeated.occurrences().iter();
            for gram in occurrences.filter(|gram| gram.at != gram.first) {
                covering.add(&self.words, gram.at as usize, n);
            }
            covering.cover
        })
    }

    /// For n = 5 to 10 the length of the n-grams that occur more than once, and of all.
    ///
    /// Goes on from [`tops_before_copies`](Self::tops_before_copies), which must have been asked.
    /// `None` with fewer words than n.
    pub fn all_copies(&mut self) -> [Option<Copies>; 6] {
        [5, 6, 7, 8, 9, 10].map(|n| {
            self.repeated.lengthen();
            let all = (self.words.len() >= n).then(|| self.words.chars_of_all(n))?;
            let occurrences = self.repeated.occurrences().iter();
            let repeated = occurrences
                .map(|gram| self.words.chars(gram.at as usize, n))
                .sum();
            Some(Copies { repeated, all })
        })
    }

    /// For n = 5 to 10 the characters of the n-grams that a scan finds a second time, jumping over
    /// each one it finds.
    ///
    /// An n-gram that begins inside a part jumped over is not remembered.
    pub fn found_again(&mut self) -> [usize; 6] {
        self.scan.load(&self.words);
        [5, 6, 7, 8, 9, 10].map(|n| self.scan.chars_found_again(&self.words, n))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use proptest::prelude::*;

    use super::super::testing::words;
    use super::*;

    /// Characters and gaps under the n-grams of `tokens` at `positions`, by sets.
    fn cover(tokens: &[&str], positions: &[usize], n: usize) -> Cover {
        let covered: BTreeSet<usize> = positions.iter().flat_map(|&at| at..at + n).collect();
        let gaps: BTreeSet<usize> = positions.iter().flat_map(|&at| at..at + n - 1).collect();
        Cover {
            chars: covered.iter().map(|&at| tokens[at].chars().count()).sum(),
            gaps: gaps.len(),
        }
    }

    fn assert_covers(tokens: &[&str], ngrams: &mut Ngrams) {
        let text = tokens.join(" ");
        let words = words(&text, tokens);
        ngrams.load(&text, &words);
        let tops = ngrams.tops_before_copies(&text, &words);
        assert_eq!(ngrams.tops(&text, &words), tops, "{text}");
        for (top, n) in tops.into_iter().zip(2..) {
            let Some(top) = top else { continue };
            let first = &tokens[top.first..top.first + n];
            let same = |at: &usize| &tokens[*at..at + n] == first;
            let found: Vec<usize> = (0..=tokens.len() - n).filter(same).collect();
            assert_eq!(
                ngrams.cover_of(top.first, n),
                cover(tokens, &found, n),
                "{text}"
            );
            assert_eq!(found.len(), top.count, "{text}");
        }
        for (found, n) in ngrams.later_copies().into_iter().zip(5..) {
            let mut seen = HashSet::new();
            let positions = 0..(tokens.len() + 1).saturating_sub(n);
            let later: Vec<usize> = positions
                .filter(|&at| !seen.insert(&tokens[at..at + n]))
                .collect();
            assert_eq!(found, cover(tokens, &later, n), "{n} of {text}");
        }
    }

    #[test]
    fn short_documents_have_no_copies() {
        let mut ngrams = Ngrams::default();
        let tokens = ["a"; 12];
        for n in 0..tokens.len() {
            assert_covers(&tokens[..n], &mut ngrams);
        }
    }

    proptest! {
        #[test]
        fn covers_are_those_of_sets(
            picks in prop::collection::vec(0..3_usize, 0..60),
            rare in prop::collection::vec((0..60_usize, 3..8_usize), 0..6),
        ) {
            const TOKENS: [&str; 8] = ["a", "bc", "é", "d", "efg", "ab", "c", "日本"];
            let mut tokens: Vec<&str> = picks.iter().map(|&pick| TOKENS[pick]).collect();
            for (at, pick) in rare {
                if let Some(token) = tokens.get_mut(at) {
                    *token = TOKENS[pick];
                }
            }
            assert_covers(&tokens, &mut Ngrams::default());
        }
    }
}
