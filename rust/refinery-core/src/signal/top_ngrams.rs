//! The most frequent 2-, 3- and 4-gram of a document, word by word.
//!
//! Half the pairs of a text repeat and a processor cannot tell beforehand which, so asking an exact
//! table for each costs more than anything else here would. Exact, and few n-grams are looked up:
//!
//! 1. N-grams that may share a counter are counted, a byte each, and nothing depends on what is
//!    found. So each has a bound: no n-gram occurs more often than its counter says, nor than the
//!    shorter ones in it do.
//! 2. Those with the highest bound are counted exactly. Where the most frequent one of them stays
//!    below it, those are counted whose bound reaches that many: what is more frequent, or as
//!    frequent and seen first, is among them with all its occurrences.

use super::repeats::{FirstSeen, room, zeros};
use crate::text::Word;

/// By how many bits the hash of the words before one is turned: any odd number of some size would do.
const TURN: u32 = 29;

/// Words of the longest n-gram.
const LONGEST: usize = 4;

/// N-grams of each length, n = 2 to [`LONGEST`].
type OfEachLength<T> = [T; LONGEST - 1];

/// Bounds that are looked at together.
const BLOCK: usize = 16;

/// The most frequent n-gram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// Its first word, the first time it occurs.
    pub first: usize,
    /// How often it occurs, overlapping occurrences included.
    pub count: usize,
}

impl Top {
    /// Of n-grams with their counts, in order, the first of the most frequent ones; where none
    /// repeats, the first n-gram of all.
    pub fn of(ngrams: impl Iterator<Item = (u32, u32)>) -> Self {
        let (first, count) =
            ngrams.fold((0, 1), |top, gram| if gram.1 > top.1 { gram } else { top });
        Self {
            first: first as usize,
            count: count as usize,
        }
    }
}

/// Finds the most frequent n-grams of a document; buffers are reused.
#[derive(Debug, Default)]
pub struct TopNgrams {
    /// The words' hashes, and zeros after the last so that n-grams may begin at every word.
    hashes: Vec<u64>,
    /// How many n-grams fell here, of all lengths; 255 for more.
    counters: Vec<u8>,
    /// Per word: the places in `counters` of the n-grams that begin with it.
    places: Vec<OfEachLength<u32>>,
    /// Per word: how often the n-gram that begins with it occurs at most; 255 for more.
    bounds: OfEachLength<Vec<u8>>,
    /// Words at which an n-gram begins that is counted exactly, and room for more.
    candidates: Vec<u32>,
    seen: FirstSeen,
}

impl TopNgrams {
    /// For n = 2, 3, 4 the most frequent n-gram of the words of `text`.
    ///
    /// Of equally frequent ones the first seen; a count of 1 counts. `None` with fewer words than n.
    pub fn tops(&mut self, text: &str, words: &[Word]) -> OfEachLength<Option<Top>> {
        self.load(words);
        [2, 3, 4].map(|n| (words.len() >= n).then(|| self.top(text, words, n)))
    }

    /// Fills the bounds for the next document's words.
    fn load(&mut self, words: &[Word]) {
        self.hashes.clear();
        self.hashes.extend(words.iter().map(|word| word.hash));
        self.hashes.extend([0; LONGEST - 1]);
        let size = (words.len() * 4).next_power_of_two().max(16);
        let counters = zeros(&mut self.counters, size);
        count(&self.hashes, counters, &mut self.places);
        let n = words.len();
        let [pairs, triples, fours] = self.bounds.each_mut().map(|bounds| room(bounds, n));
        let bounds = pairs.iter_mut().zip(&mut *triples).zip(&mut *fours);
        // By the slice's own length, so that no place needs a check.
        let mask = counters.len() - 1;
        let bound = |place: u32| counters[place as usize & mask];
        for (places, ((pair, triple), four)) in self.places.iter().zip(bounds) {
            *pair = bound(places[0]);
            *triple = bound(places[1]);
            *four = bound(places[2]);
        }
        bound_by_parts(triples, pairs);
        bound_by_parts(fours, triples);
    }

    fn top(&mut self, text: &str, words: &[Word], n: usize) -> Top {
        let bounds = &self.bounds[n - 2][..=words.len() - n];
        let mut least = highest(bounds);
        loop {
            let candidates = at_least(least.max(2), bounds, &mut self.candidates);
            let top = most_frequent(candidates, n, text, words, &mut self.seen);
            // None repeats, or none can be more frequent.
            if least <= 2 || top.count >= usize::from(least) {
                return top;
            }
            least = u8::try_from(top.count).unwrap_or(u8::MAX);
        }
    }
}

/// Key of an n-gram, of those of the words before its last one and of the last one.
#[inline]
fn longer_key(key: u64, hash: u64) -> u64 {
    // Both are well mixed, and turned so that `a b` is not `b a`.
    key.rotate_left(TURN) ^ hash
}

/// Counts the n-grams of all lengths at the places to which their keys lead.
fn count(hashes: &[u64], counters: &mut [u8], places: &mut Vec<OfEachLength<u32>>) {
    let mask = counters.len() - 1;
    let mut add = |key: u64| {
        let place = key as usize & mask;
        counters[place] = counters[place].saturating_add(1);
        place as u32
    };
    places.clear();
    places.extend(hashes.windows(LONGEST).map(|hashes| {
        let pair = longer_key(hashes[0], hashes[1]);
        let triple = longer_key(pair, hashes[2]);
        [add(pair), add(triple), add(longer_key(triple, hashes[3]))]
    }));
}

/// Lowers the bound of each n-gram to those of the two shorter ones in it.
fn bound_by_parts(bounds: &mut [u8], parts: &[u8]) {
    let second = parts.get(1..).unwrap_or_default();
    for (bound, (&a, &b)) in bounds.iter_mut().zip(parts.iter().zip(second)) {
        *bound = a.min(b).min(*bound);
    }
}

fn highest(bounds: &[u8]) -> u8 {
    bounds.iter().fold(0, |most, &bound| most.max(bound))
}

/// The words at which an n-gram begins that is bounded by `least` or more.
fn at_least<'a>(least: u8, bounds: &[u8], words: &'a mut Vec<u32>) -> &'a [u32] {
    let words = room(words, bounds.len() + 1);
    let mut n_words = 0;
    for (start, block) in (0..).step_by(BLOCK).zip(bounds.chunks(BLOCK)) {
        // Most blocks have none, which takes a few wide instructions to see.
        if highest(block) < least {
            continue;
        }
        for (at, &bound) in (start..).zip(block) {
            words[n_words] = at;
            n_words += usize::from(bound >= least);
        }
    }
    &words[..n_words]
}

/// The most frequent of the n-grams that begin at `candidates`.
fn most_frequent(
    candidates: &[u32],
    n: usize,
    text: &str,
    words: &[Word],
    seen: &mut FirstSeen,
) -> Top {
    let ngram = |at: u32| &words[at as usize..][..n];
    let mut seen = seen.empty(candidates.len());
    for (item, &at) in (0..).zip(candidates) {
        let key = ngram(at)
            .iter()
            .fold(0, |key, word| longer_key(key, word.hash));
        let same = |first: u32| {
            let mut pairs = ngram(at).iter().zip(ngram(candidates[first as usize]));
            pairs.all(|(a, b)| a.is_same(b, text))
        };
        seen.count(key, item, same);
    }
    let counts = (0..)
        .zip(candidates)
        .map(|(item, &at)| (at, seen.total(item)));
    Top::of(counts)
}

#[cfg(test)]
mod tests {
    use super::super::testing::words;
    use super::*;

    #[test]
    fn counts_beyond_a_counter_are_exact() {
        // "a a" comes 299 times, "b c" 298 times.
        let text = "a ".repeat(300) + &"b c ".repeat(298);
        let tokens: Vec<&str> = text.split_ascii_whitespace().collect();
        let tops = TopNgrams::default().tops(&text, &words(&text, &tokens));
        let expected =
            [(0, 299), (0, 298), (0, 297)].map(|(first, count)| Some(Top { first, count }));
        assert_eq!(tops, expected);
        let text = "b c ".repeat(300) + &"a ".repeat(400);
        let tokens: Vec<&str> = text.split_ascii_whitespace().collect();
        let tops = TopNgrams::default().tops(&text, &words(&text, &tokens));
        let expected = [399, 398, 397].map(|count| Some(Top { first: 600, count }));
        assert_eq!(tops, expected);
    }
}
