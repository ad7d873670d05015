//! Rows of character and word n-grams, which are hashed into buckets.

use super::table::Remainder;
use super::words::{HASH_START, hash_step};

/// Multiplier of the word n-gram hash.
const NGRAM_FACTOR: u64 = 116_049_371;

/// The n-gram settings of a model.
pub(super) struct Ngrams {
    /// The buckets' rows come after those of the words.
    pub(super) n_words: u32,
    pub(super) into_bucket: Remainder,
    /// Words of the longest word n-grams.
    pub(super) max_words: usize,
    pub(super) minn: usize,
    pub(super) maxn: usize,
}

/// For every word the rows of its character n-grams.
pub(super) struct WordNgrams {
    bounds: Vec<u32>,
    rows: Vec<u32>,
}

impl WordNgrams {
    #[inline]
    pub(super) fn of(&self, word: u32) -> &[u32] {
        let word = word as usize;
        &self.rows[self.bounds[word] as usize..self.bounds[word + 1] as usize]
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.bounds[..]) + size_of_val(&self.rows[..])
    }
}

impl Ngrams {
    /// The character n-grams of all `words`, an empty one having none; nothing where there are more
    /// than `limit`, or where the model has none.
    pub(super) fn of_words<'a>(
        &self,
        words: impl Iterator<Item = &'a [u8]>,
        limit: u64,
    ) -> Option<WordNgrams> {
        let (mut marked, mut rows, mut bounds) = (Vec::new(), Vec::new(), vec![0]);
        if self.maxn == 0 {
            return None;
        }
        for word in words {
            if !word.is_empty() {
                self.add_of_chars(word, &mut marked, &mut rows);
            }
            if rows.len() as u64 > limit {
                return None;
            }
            bounds.push(rows.len() as u32);
        }
        rows.shrink_to_fit();
        Some(WordNgrams { bounds, rows })
    }

    /// n-grams of `minn` to `maxn` code points of `<word>`, but not `<` and `>` alone.
    pub(super) fn add_of_chars(&self, word: &[u8], marked: &mut Vec<u8>, rows: &mut Vec<u32>) {
        marked.clear();
        marked.push(b'<');
        marked.extend_from_slice(word);
        marked.push(b'>');
        for start in (0..marked.len()).filter(|&i| starts_char(marked[i])) {
            let mut hash = HASH_START;
            let mut end = start;
            for n in 1..=self.maxn {
                if end == marked.len() {
                    break;
                }
                hash = hash_step(hash, marked[end]);
                end += 1;
                while end < marked.len() && !starts_char(marked[end]) {
                    hash = hash_step(hash, marked[end]);
                    end += 1;
                }
                let is_mark = n == 1 && (start == 0 || end == marked.len());
                if n >= self.minn && !is_mark {
                    rows.push(self.row_of(hash.into()));
                }
            }
        }
    }

    /// n-grams of the words with these hashes.
    #[inline]
    pub(super) fn add_of_words(&self, hashes: &[u32], rows: &mut Vec<u32>) {
        let longer = |hash: u64, &next: &u32| {
            hash.wrapping_mul(NGRAM_FACTOR)
                .wrapping_add(sign_extended(next))
        };
        if self.max_words == 2 {
            let pairs = hashes.windows(2);
            return rows.extend(pairs.map(|p| self.row_of(longer(sign_extended(p[0]), &p[1]))));
        }
        for (i, &first) in hashes.iter().enumerate() {
            let mut hash = sign_extended(first);
            let end = (i + self.max_words).min(hashes.len());
            for next in hashes.get(i + 1..end).unwrap_or_default() {
                hash = longer(hash, next);
                rows.push(self.row_of(hash));
            }
        }
    }

    /// The row of an n-gram with this hash.
    #[inline]
    fn row_of(&self, hash: u64) -> u32 {
        self.n_words + self.into_bucket.of(hash)
    }
}

/// Word hashes are kept as `int` by the reference and enter the 64-bit arithmetic as such.
#[inline]
fn sign_extended(hash: u32) -> u64 {
    i64::from(hash.cast_signed()).cast_unsigned()
}

#[inline]
fn starts_char(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}
