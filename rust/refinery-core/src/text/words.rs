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
            && (self.len() < SHORT || self.text(document) == other.text(document))
    }
}

/// Words of fewer bytes are one number.
const SHORT: usize = 8;

/// Odd constants from the digits of the golden ratio: any would do, they only have to be dense.
const MIX: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xf39c_c060_5ced_c835];

/// Hash of a word's bytes; no two words of one length below eight bytes share it.
///
/// XXH3-64 for longer words. A shorter one, as most are, is its bytes and its length as one number,
/// mixed by steps that each can be undone. Never stored: it may change from build to build.
#[inline]
pub fn word_hash(word: &[u8]) -> u64 {
    if word.len() < SHORT {
        let mut bytes = [0; SHORT];
        bytes[..word.len()].copy_from_slice(word);
        short_hash(u64::from_le_bytes(bytes), word.len())
    } else {
        xxh3_64(word)
    }
}

/// [`word_hash`] of a word of fewer than eight bytes, the others zero.
#[inline]
pub(super) fn short_hash(bytes: u64, len: usize) -> u64 {
    let mut hash = (bytes | (len as u64) << 56).wrapping_mul(MIX[0]);
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(MIX[1]);
    hash ^ hash >> 29
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
