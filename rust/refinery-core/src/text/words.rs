//! The word record that all families share, and the plain word rules.

use xxhash_rust::xxh3::xxh3_64;

use super::chars::is_alnum;
use super::lines::split_spaces;

/// One word of a document: where it is, how long it is, and its hash.
///
/// Offsets are bytes in the document's text; a document is under 4 GiB by the readers' limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Length in Unicode scalar values.
    pub n_chars: u32,
    /// [`word_hash`]: words are hashed once, every n-gram counter reuses it.
    pub hash: u64,
}

impl Word {
    /// The word's text, a slice of its document's.
    pub fn text<'a>(&self, document: &'a str) -> &'a str {
        &document[self.start as usize..self.end as usize]
    }

    /// Length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether there is no byte in it, which no word rule gives.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether two words of `document` are equal.
    #[inline]
    pub fn is_same(&self, other: &Self, document: &str) -> bool {
        self.hash == other.hash
            && self.len() == other.len()
            // The hash tells shorter words apart.
            && (self.len() < SHORT || self.has_text_of(other, document.as_bytes()))
    }

    /// The longer words' part of [`Self::is_same`], apart so that the usual one stays small.
    #[inline(never)]
    fn has_text_of(&self, other: &Self, document: &[u8]) -> bool {
        let bytes = |word: &Self| &document[word.start as usize..word.end as usize];
        bytes(self) == bytes(other)
    }
}

/// Words of fewer bytes are one number.
const SHORT: usize = 8;

/// Bytes of the longest word that is hashed as two numbers.
pub(super) const SHORT_HASH: usize = 16;

/// Odd constants from the digits of the golden ratio: any would do, they only have to be dense.
const MIX: [u64; 3] = [
    0x9e37_79b9_7f4a_7c15,
    0xf39c_c060_5ced_c835,
    0x1082_276b_f3a2_7251,
];

/// Hash of a word's bytes; no two words of one length below eight bytes share it.
///
/// XXH3-64 for words of more than 16 bytes. A shorter one, as almost all are, is two numbers that are
/// mixed without a branch. Never stored: it may change from build to build.
#[inline]
pub fn word_hash(word: &[u8]) -> u64 {
    let mut bytes = [0; SHORT_HASH];
    match bytes.get_mut(..word.len()) {
        Some(place) => place.copy_from_slice(word),
        None => return xxh3_64(word),
    }
    Front::new(u128::from_le_bytes(bytes), word.len()).hash()
}

/// The word that a part of a text is.
#[inline]
pub(super) fn word_between(text: &[u8], start: usize, end: usize) -> Word {
    let (n_chars, hash) = if end - start > SHORT_HASH {
        let part = &text[start..end];
        (
            part.iter().filter(|&&byte| !is_continuation(byte)).count(),
            xxh3_64(part),
        )
    } else {
        let front = Front::new(bytes_from(text, start), end - start);
        (end - start - front.n_continuations(), front.hash())
    };
    Word {
        start: start as u32,
        end: end as u32,
        n_chars: n_chars as u32,
        hash,
    }
}

/// Whether a character does not begin at a byte of it.
#[inline]
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// The 16 bytes of a text from `start` on, zeros after its end.
#[inline]
pub(super) fn bytes_from(text: &[u8], start: usize) -> u128 {
    let rest = &text[start..];
    rest.first_chunk()
        .map_or_else(|| last_bytes(rest), |bytes| u128::from_le_bytes(*bytes))
}

#[cold]
fn last_bytes(rest: &[u8]) -> u128 {
    let mut bytes = [0; SHORT_HASH];
    bytes[..rest.len()].copy_from_slice(rest);
    u128::from_le_bytes(bytes)
}

/// The first bytes of something, at most 16 of them, as two numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Front {
    /// The first eight bytes. Where there are fewer, their number stands above them.
    low: u64,
    high: u64,
}

impl Front {
    /// The first `len` of 16 bytes.
    #[inline]
    pub(super) fn new(bytes: u128, len: usize) -> Self {
        let [low, high, above] = FRONTS[len];
        Self {
            low: bytes as u64 & low | above,
            high: (bytes >> 64) as u64 & high,
        }
    }

    /// Number of bytes at which no character begins.
    #[inline]
    fn n_continuations(self) -> usize {
        const ONES: u64 = u64::MAX / 0xff;
        // What stands above a short one is no such byte.
        let count = |bytes: u64| (bytes >> 7 & !bytes >> 6 & ONES).wrapping_mul(ONES) >> 56;
        (count(self.low) + count(self.high)) as usize
    }

    /// [`word_hash`].
    #[inline]
    pub(super) fn hash(self) -> u64 {
        // Of a word below eight bytes nothing is left here, and each step after it can be undone.
        let high = u128::from(self.high) * u128::from(MIX[2]);
        let folded = self.low ^ high as u64 ^ (high >> 64) as u64;
        let mut hash = folded.wrapping_mul(MIX[0]);
        hash ^= hash >> 32;
        hash = hash.wrapping_mul(MIX[1]);
        hash ^ hash >> 29
    }
}

/// By number of bytes: the masks of the low and of the high ones, and what stands above them.
static FRONTS: [[u64; 3]; SHORT_HASH + 1] = {
    let mut fronts = [[u64::MAX, u64::MAX, 0]; SHORT_HASH + 1];
    let mut len = 0;
    while len < SHORT_HASH {
        fronts[len] = if len < SHORT {
            [(1 << (8 * len)) - 1, 0, (len as u64) << 56]
        } else {
            [u64::MAX, (1 << (8 * (len - SHORT))) - 1, 0]
        };
        len += 1;
    }
    fronts
};

/// Appends the first `n` of `added`. All of them are written, whether they are wanted or not, which
/// takes no branch.
#[inline]
#[expect(
    unsafe_code,
    reason = "a vector has no safe way to grow by what is written past its end"
)]
pub(super) fn push_some<const N: usize>(words: &mut Vec<Word>, added: [Word; N], n: usize) {
    words.reserve(N);
    if let Some(place) = words.spare_capacity_mut().first_chunk_mut::<N>() {
        for (slot, word) in place.iter_mut().zip(added) {
            slot.write(word);
        }
        let len = words.len() + n.min(N);
        // SAFETY: the words from the old length on, N of them, were written just now.
        unsafe { words.set_len(len) }
    }
}

/// Appends the words of Python's `text.split()`: the parts between runs of white space.
pub fn split_words(text: &str, words: &mut Vec<Word>) {
    words.extend(split_spaces(text).map(|word| word_of(text, word)));
}

/// `fasttext.tokenize`: the parts between ASCII white space and NUL, as fastText reads its input.
///
/// The vertical tab and the form feed separate, as for [`split_words`]; U+001C to U+001F, U+0085,
/// U+00A0 and the other spaces of Unicode do not. The end-of-sentence mark that the original adds
/// for each newline is left out: it begins with `<`, so no count of words has it.
pub fn fasttext_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_ascii() && is_fasttext_space(c as u8))
        .filter(|part| !part.is_empty())
}

/// Number of [`fasttext_words`] whose first character is alphanumeric (`str.isalnum`): what DCLM
/// counts as words, punctuation ignored.
pub fn count_fasttext_words(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_start =
        |at: usize| !is_fasttext_space(bytes[at]) && (at == 0 || is_fasttext_space(bytes[at - 1]));
    let is_counted = |at: &usize| match bytes[*at] {
        b if b.is_ascii() => b.is_ascii_alphanumeric(),
        _ => text[*at..].chars().next().is_some_and(is_alnum),
    };
    (0..bytes.len())
        .filter(|&at| is_start(at))
        .filter(is_counted)
        .count()
}

fn is_fasttext_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t'..=b'\r' | b' ')
}

/// The record of `word`, a slice of `text`.
pub(super) fn word_of(text: &str, word: &str) -> Word {
    let start = word.as_ptr() as usize - text.as_ptr() as usize;
    Word {
        start: start as u32,
        end: (start + word.len()) as u32,
        n_chars: word.chars().count() as u32,
        hash: word_hash(word.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fasttext_words_are_cut_at_ascii_spaces_and_nul() {
        // Expected values: fasttext.FastText.tokenize, its end-of-sentence marks left out.
        let cases: [(&str, &[&str], usize); 6] = [
            ("", &[], 0),
            (" \n", &[], 0),
            (
                "a b\nc\td\x0be\x0cf\0g\rh  i",
                &["a", "b", "c", "d", "e", "f", "g", "h", "i"],
                9,
            ),
            (
                "a\u{a0}b x\u{2028}y\x1cz",
                &["a\u{a0}b", "x\u{2028}y\x1cz"],
                2,
            ),
            (
                "(a) \"b 3.5% é ½ ” \u{a0}c _d #",
                &["(a)", "\"b", "3.5%", "é", "½", "”", "\u{a0}c", "_d", "#"],
                3,
            ),
            (
                "</s> \u{308}a 日本 \u{85}",
                &["</s>", "\u{308}a", "日本", "\u{85}"],
                1,
            ),
        ];
        for (text, expected, counted) in cases {
            assert_eq!(
                fasttext_words(text).collect::<Vec<_>>(),
                expected,
                "{text:?}"
            );
            assert_eq!(count_fasttext_words(text), counted, "{text:?}");
        }
    }
}
