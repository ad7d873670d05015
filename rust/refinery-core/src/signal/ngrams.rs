//! Repeated word n-grams of one document, as the published filters count them.
//!
//! Four questions with two notions of equality. [`Ngrams::tops`]: the most frequent n-gram,
//! [`Ngrams::later_copies`]: what the second and later copies of n-grams cover, and
//! [`Ngrams::all_copies`]: what all of them are long, where n-grams are equal word by word.
//! [`Ngrams::repeated_chars`]: what datatrove's greedy scan finds a second time, where n-grams are
//! equal when their words *joined without a separator* are (`ab c` equals `a bc`).
//!
//! All are answered exactly, and most positions are settled without a table:
//!
//! 1. [`Ngrams::load`] copies the words into one run of bytes without separators, so that the
//!    joined n-gram at any word is a slice of it.
//! 2. Top n-grams: an n-gram occurs twice only if the two shorter ones in it do. So the positions
//!    that may repeat shrink from 2-grams to 3-grams to 4-grams, and only those are counted; a
//!    filter of two bits a slot says which of them may repeat.
//! 3. Repeated n-grams: one that has the bytes of a window is found twice only if its first bytes,
//!    as many as the window has, begin another one. The window grows with n, and the suspects of
//!    one n are among those of the one before; only suspects are scanned.
//! 4. Copies: step 2 goes on to longer n-grams, now over the few positions left.
//!
//! Not here: shingles for `MinHash`, which are hashed in another way.

use xxhash_rust::xxh3::xxh3_64;

use super::repeats::{FirstSeen, MayRepeat, fold};
use crate::text::Word;

/// The shortest of the repeated n-grams.
const LEAST_REPEATED: usize = 5;

/// Bytes that tell the joined n-grams 5-grams apart before they are hashed.
const FIRST_WINDOW: usize = 16;
/// Bytes by which the window grows with n: about a short word.
const WINDOW_STEP: usize = 4;

/// Odd constants from the digits of pi: any would do, they only have to be fixed and dense.
const MIX: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345];

/// The words of one document, laid out for n-gram questions; buffers are reused.
#[derive(Debug, Default)]
pub struct Ngrams {
    words: Joined,
    filter: MayRepeat,
    seen: FirstSeen,
    /// For step 2, per word: the key of the n-gram that begins there, and whether it may repeat.
    grams: Vec<Gram>,
    /// For step 3: the positions still in doubt.
    suspects: Vec<Suspect>,
    /// For step 4: the positions whose n-gram may repeat, ascending.
    active: Vec<u32>,
}

/// The most frequent n-gram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// Its first word, the first time it occurs.
    pub first: usize,
    /// How often it occurs, overlapping occurrences included.
    pub count: usize,
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

#[derive(Clone, Copy, Debug)]
struct Gram {
    key: u64,
    may_repeat: bool,
}

#[derive(Clone, Copy, Debug)]
struct Suspect {
    at: u32,
    /// Hash of the window that begins at the word, `None` where the text ends before the window.
    key: Option<u64>,
}

/// Words in one run of bytes.
#[derive(Debug, Default)]
struct Joined {
    bytes: Vec<u8>,
    /// Where each word starts in `bytes`, and its length at the end.
    starts: Vec<u32>,
    n_chars: Vec<u32>,
    hashes: Vec<u64>,
}

impl Joined {
    fn load(&mut self, text: &[u8], words: &[Word]) {
        const SHORT: usize = 16;
        self.bytes.clear();
        self.starts.clear();
        self.n_chars.clear();
        self.hashes.clear();
        for word in words {
            let (start, end) = (word.start as usize, word.end as usize);
            let joined = self.bytes.len();
            self.starts.push(joined as u32);
            match text[start..].first_chunk::<SHORT>() {
                // A copy of a fixed size is two instructions; what is too much is cut off again.
                Some(chunk) if end - start <= SHORT => {
                    self.bytes.extend_from_slice(chunk);
                    self.bytes.truncate(joined + end - start);
                }
                _ => self.bytes.extend_from_slice(&text[start..end]),
            }
        }
        self.starts.push(self.bytes.len() as u32);
        self.n_chars.extend(words.iter().map(|w| w.n_chars));
        self.hashes.extend(words.iter().map(|w| w.hash));
    }

    fn len(&self) -> usize {
        self.n_chars.len()
    }

    /// The joined n-gram at word `at`.
    fn ngram(&self, at: usize, n: usize) -> &[u8] {
        &self.bytes[self.starts[at] as usize..self.starts[at + n] as usize]
    }

    fn chars(&self, at: usize, n: usize) -> usize {
        self.n_chars[at..at + n].iter().map(|&c| c as usize).sum()
    }

    /// Characters of all n-grams together; there are at least n words.
    ///
    /// A word is in n of them, less those that would begin before the first word or end after the
    /// last.
    fn chars_of_all(&self, n: usize) -> usize {
        let lost = |words: &mut dyn Iterator<Item = &u32>| -> usize {
            (1..n).rev().zip(words).map(|(k, &c)| k * c as usize).sum()
        };
        n * self.chars(0, self.len())
            - lost(&mut self.n_chars.iter())
            - lost(&mut self.n_chars.iter().rev())
    }

    /// Whether the n-grams at `a` and `b` are equal word by word: joined alike and cut alike.
    fn same_words(&self, a: usize, b: usize, n: usize) -> bool {
        let starts = &self.starts;
        let cut_alike = (1..n).all(|k| starts[a + k] - starts[a] == starts[b + k] - starts[b]);
        cut_alike && self.ngram(a, n) == self.ngram(b, n)
    }

    /// `N` bytes, `skip` bytes after the start of word `at`.
    fn window<const N: usize>(&self, at: usize, skip: usize) -> Option<&[u8; N]> {
        self.bytes
            .get(self.starts[at] as usize + skip..)?
            .first_chunk::<N>()
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
    pub fn tops(&mut self) -> [Option<Top>; 3] {
        let hashes = self.words.hashes.iter();
        self.grams.clear();
        self.grams.extend(hashes.map(|&key| Gram {
            key,
            may_repeat: true,
        }));
        [2, 3, 4].map(|n| {
            if self.words.len() < n {
                return None;
            }
            self.lengthen(n);
            Some(self.top_ngram(n))
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
        let Self { words, .. } = self;
        let mut covering = Covering::default();
        for at in first..=words.len() - n {
            if words.hashes[at] == words.hashes[first] && words.same_words(first, at, n) {
                covering.add(words, at, n);
            }
        }
        covering.cover
    }

    /// For n = 5 to 10 what the n-grams cover that an equal one precedes.
    ///
    /// Goes on from the 4-grams of [`tops`](Self::tops), which must have been asked for.
    pub fn later_copies(&mut self) -> [Cover; 6] {
        self.activate();
        [5, 6, 7, 8, 9, 10].map(|n| {
            self.lengthen_active(n);
            self.cover_later_copies(n)
        })
    }

    /// For n = 5 to 10 the length of the n-grams that occur more than once, and of all.
    ///
    /// Goes on from the 4-grams of [`tops`](Self::tops), which must have been asked for. `None` with
    /// fewer words than n.
    pub fn all_copies(&mut self) -> [Option<Copies>; 6] {
        self.activate();
        [5, 6, 7, 8, 9, 10].map(|n| {
            self.lengthen_active(n);
            let all = (self.words.len() >= n).then(|| self.words.chars_of_all(n))?;
            let repeated = self.chars_of_all_copies(n);
            Some(Copies { repeated, all })
        })
    }

    /// Step 4 begins with the 4-grams that may repeat.
    fn activate(&mut self) {
        let grams = self.grams.iter().enumerate();
        self.active.clear();
        self.active
            .extend(grams.filter(|(_, g)| g.may_repeat).map(|(at, _)| at as u32));
    }

    /// Step 4: from the (n-1)-grams that may repeat to the n-grams, as [`lengthen`](Self::lengthen)
    /// where few are left.
    fn lengthen_active(&mut self, n: usize) {
        let Self {
            words,
            grams,
            filter,
            active,
            ..
        } = self;
        filter.reset(active.len());
        let mut kept = 0;
        for i in 0..active.len() {
            let at = active[i] as usize;
            if active.get(i + 1) == Some(&(active[i] + 1)) && at + n <= words.len() {
                let key = fold(grams[at].key ^ MIX[0], words.hashes[at + n - 1] ^ MIX[1]);
                grams[at].key = key;
                filter.add(key);
                active[kept] = at as u32;
                kept += 1;
            }
        }
        active.truncate(kept);
        active.retain(|&at| filter.may_repeat(grams[at as usize].key));
    }

    fn cover_later_copies(&mut self, n: usize) -> Cover {
        let Self {
            words,
            grams,
            seen,
            active,
            ..
        } = self;
        let mut covering = Covering::default();
        seen.reset(active.len());
        for &at in active.iter() {
            let same = |first: u32| words.same_words(first as usize, at as usize, n);
            if seen.count(grams[at as usize].key, at, same).1 > 1 {
                covering.add(words, at as usize, n);
            }
        }
        covering.cover
    }

    fn chars_of_all_copies(&mut self, n: usize) -> usize {
        let Self {
            words,
            grams,
            seen,
            active,
            ..
        } = self;
        seen.reset(active.len());
        let chars = active.iter().map(|&at| {
            let same = |first: u32| words.same_words(first as usize, at as usize, n);
            match seen.count(grams[at as usize].key, at, same).1 {
                1 => 0,
                // The second occurrence brings the first one with it.
                2 => 2 * words.chars(at as usize, n),
                _ => words.chars(at as usize, n),
            }
        });
        chars.sum()
    }

    /// Step 2: from the (n-1)-grams that may repeat to the n-grams.
    fn lengthen(&mut self, n: usize) {
        let Self {
            words,
            grams,
            filter,
            ..
        } = self;
        let n_grams = words.len() + 1 - n;
        filter.reset(n_grams);
        for at in 0..n_grams {
            let may_repeat = grams[at].may_repeat & grams[at + 1].may_repeat;
            let key = fold(grams[at].key ^ MIX[0], words.hashes[at + n - 1] ^ MIX[1]);
            grams[at] = Gram { key, may_repeat };
            if may_repeat {
                filter.add(key);
            }
        }
        grams.truncate(n_grams);
        for gram in grams {
            gram.may_repeat &= filter.may_repeat(gram.key);
        }
    }

    fn top_ngram(&mut self, n: usize) -> Top {
        let Self {
            words, grams, seen, ..
        } = self;
        seen.reset(grams.iter().filter(|gram| gram.may_repeat).count());
        // All others occur once, so where none may repeat the first n-gram of all is the answer.
        let mut top = Top { first: 0, count: 1 };
        for (at, gram) in grams.iter().enumerate() {
            if !gram.may_repeat {
                continue;
            }
            let same = |first: u32| words.same_words(first as usize, at, n);
            let (first, count) = seen.count(gram.key, at as u32, same);
            let (first, count) = (first as usize, count as usize);
            if count > top.count || count == top.count && first < top.first {
                top = Top { first, count };
            }
        }
        top
    }

    /// For n = 5 to 10 the characters of the n-grams that a scan finds a second time,
    /// jumping over each one it finds.
    ///
    /// An n-gram that begins inside a part jumped over is not remembered.
    pub fn repeated_chars(&mut self) -> [usize; 6] {
        self.suspects.clear();
        self.suspects
            .extend((0..self.words.len() as u32).map(|at| Suspect { at, key: Some(0) }));
        [5, 6, 7, 8, 9, 10].map(|n| {
            self.narrow(n);
            self.scan(n)
        })
    }

    /// Step 3: from the suspects of n-1 to those of n.
    fn narrow(&mut self, n: usize) {
        let Self {
            words,
            suspects,
            filter,
            ..
        } = self;
        let window = FIRST_WINDOW + (n - LEAST_REPEATED) * WINDOW_STEP;
        filter.reset(suspects.len());
        for suspect in suspects.iter_mut() {
            suspect.key = suspect.key.and_then(|key| {
                let at = suspect.at as usize;
                if n > LEAST_REPEATED {
                    let last = words.window::<8>(at, window - 8)?;
                    return Some(fold(key ^ MIX[0], u64::from_le_bytes(*last) ^ MIX[1]));
                }
                let both = u128::from_le_bytes(*words.window::<FIRST_WINDOW>(at, 0)?);
                Some(fold(both as u64 ^ MIX[0], (both >> 64) as u64 ^ MIX[1]))
            });
            suspect.key.iter().for_each(|&key| filter.add(key));
        }
        suspects.retain(|suspect| {
            let at = suspect.at as usize;
            let is_ngram = at + n <= words.len();
            is_ngram
                && (suspect.key.is_none_or(|key| filter.may_repeat(key))
                    || words.ngram(at, n).len() < window)
        });
    }

    /// The scan over the suspects: every other n-gram is new wherever the scan meets it.
    fn scan(&mut self, n: usize) -> usize {
        let Self {
            words,
            suspects,
            seen,
            ..
        } = self;
        seen.reset(suspects.len());
        let (mut chars, mut next) = (0, 0);
        for suspect in suspects.iter() {
            let at = suspect.at as usize;
            if at < next {
                continue;
            }
            let ngram = words.ngram(at, n);
            let same = |first: u32| words.ngram(first as usize, n) == ngram;
            if seen.count(xxh3_64(ngram), suspect.at, same).1 > 1 {
                chars += words.chars(at, n);
                next = at + n;
            }
        }
        chars
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
        ngrams.load(&text, &words(&text, tokens));
        for (top, n) in ngrams.tops().into_iter().zip(2..) {
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
