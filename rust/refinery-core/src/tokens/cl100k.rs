//! The pre-tokenizer of `cl100k_base`, written out by hand.
//!
//! It cuts a text exactly where the published pattern does:
//!
//! ```text
//! (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
//!     | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
//! ```
//!
//! It is no regular-expression engine: the pattern needs one character of look-ahead and one
//! backward step, so a match over one table suffices. The crate's own splitter, an automaton with
//! the same result, is the twin that the tests compare with; it took most of the time of a count.
//!
//! Each byte is looked at a bounded number of times, whatever the text: a run of white space is
//! cut into at most three pieces and rescanned once for each.

use std::sync::LazyLock;

use crate::text::chars::CharTable;

/// `\p{L}`.
const LETTER: u8 = 1;
/// `\p{N}`.
const NUMBER: u8 = 1 << 1;
/// `\s`, line breaks included.
const SPACE: u8 = 1 << 2;
/// `[\r\n]`.
const NEWLINE: u8 = 1 << 3;
/// First byte of a character beyond ASCII: its class is in [`TABLE`].
const WIDE: u8 = 1 << 7;

static ASCII: [u8; 256] = ascii_table();

const fn ascii_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => NUMBER,
            b'\r' | b'\n' => SPACE | NEWLINE,
            b' ' | b'\t' | 0x0b | 0x0c => SPACE,
            0x80.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    table
}

/// The tables of the regular-expression crates, so that a letter is what the pattern calls one.
static TABLE: LazyLock<CharTable> = LazyLock::new(|| {
    CharTable::new(
        &[(LETTER, r"\p{L}"), (NUMBER, r"\p{N}"), (SPACE, r"\s")],
        &[],
    )
});

/// Pieces of a text, in order, without gaps: `(start, end)` in bytes.
pub(super) struct Pieces<'a> {
    text: &'a str,
    bytes: &'a [u8],
    wide: &'static CharTable,
    at: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            wide: &TABLE,
            at: 0,
        }
    }

    /// Class and length in bytes of the character at `at`; length 0 at the end of the text.
    #[inline]
    fn class_at(&self, at: usize) -> (u8, usize) {
        match self.bytes.get(at) {
            None => (0, 0),
            Some(&byte) if byte < 0x80 => (ASCII[usize::from(byte)], 1),
            Some(_) => self.wide_class_at(at),
        }
    }

    #[cold]
    fn wide_class_at(&self, at: usize) -> (u8, usize) {
        // `at` is a character boundary: every step so far was over whole characters.
        self.text[at..]
            .chars()
            .next()
            .map_or((0, 0), |c| (self.wide.get(c), c.len_utf8()))
    }

    /// End of the run of characters from `at` that have a class of `any` and none of `none`.
    #[inline]
    fn run(&self, mut at: usize, is_member: impl Fn(u8) -> bool) -> usize {
        loop {
            while let Some(&byte) = self.bytes.get(at)
                && byte < 0x80
                && is_member(ASCII[usize::from(byte)])
            {
                at += 1;
            }
            if self.bytes.get(at).is_none_or(|&byte| byte < 0x80) {
                return at;
            }
            let (class, len) = self.wide_class_at(at);
            if !is_member(class) {
                return at;
            }
            at += len;
        }
    }

    /// `\p{L}*` from `at`.
    #[inline]
    fn letters(&self, at: usize) -> usize {
        self.run(at, |class| class & LETTER != 0)
    }

    /// `[^\s\p{L}\p{N}]*[\r\n]*` from `at`.
    fn others(&self, at: usize) -> usize {
        let mut at = self.run(at, |class| class & (LETTER | NUMBER | SPACE) == 0);
        while matches!(self.bytes.get(at), Some(b'\r' | b'\n')) {
            at += 1;
        }
        at
    }

    /// `\p{N}{0,2}` from `at`, after the first.
    fn numbers(&self, mut at: usize) -> usize {
        for _ in 0..2 {
            let (class, len) = self.class_at(at);
            if class & NUMBER == 0 {
                break;
            }
            at += len;
        }
        at
    }

    /// Length of `'s`, `'t`, `'re`, ... at `at`, where an apostrophe stands; 0 if there is none.
    fn contraction(&self, at: usize) -> usize {
        let lower = |i: usize| self.bytes.get(at + i).map_or(0, u8::to_ascii_lowercase);
        match (lower(1), lower(2)) {
            (b's' | b't' | b'm' | b'd', _) => 2,
            // The last is U+017F, the long s: an s where case does not matter.
            (b'r' | b'v', b'e') | (b'l', b'l') | (0xc5, 0xbf) => 3,
            _ => 0,
        }
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+` at `at`, where white space stands.
    fn white_space(&self, at: usize) -> usize {
        let (mut end, mut last, mut after_newline) = (at, at, at);
        loop {
            let (class, len) = self.class_at(end);
            if class & SPACE == 0 {
                break;
            }
            last = end;
            end += len;
            if class & NEWLINE != 0 {
                after_newline = end;
            }
        }
        if after_newline > at {
            after_newline
        } else if end == self.bytes.len() || last == at {
            end
        } else {
            // The last one goes with what follows.
            last
        }
    }

    #[inline]
    fn end(&self, at: usize) -> usize {
        let (class, len) = self.class_at(at);
        let next = at + len;
        if class & LETTER != 0 {
            return self.letters(next);
        }
        if class & NUMBER != 0 {
            return self.numbers(next);
        }
        if class & NEWLINE != 0 {
            return self.white_space(at);
        }
        if self.bytes[at] == b'\'' {
            let len = self.contraction(at);
            if len > 0 {
                return at + len;
            }
        }
        let (following, len) = self.class_at(next);
        if following & LETTER != 0 {
            return self.letters(next + len);
        }
        if class & SPACE == 0 {
            return self.others(next);
        }
        let is_other = len > 0 && following & (NUMBER | SPACE) == 0;
        if self.bytes[at] == b' ' && is_other {
            self.others(next)
        } else {
            self.white_space(at)
        }
    }
}

impl Iterator for Pieces<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        if start >= self.bytes.len() {
            return None;
        }
        self.at = self.end(start);
        Some((start, self.at))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &str) -> Vec<&str> {
        Pieces::new(text)
            .map(|(start, end)| &text[start..end])
            .collect()
    }

    fn twin(text: &str) -> Vec<&str> {
        bpe_openai::cl100k_base().split(text).collect()
    }

    #[test]
    fn pieces_by_hand() {
        let cases: [(&str, &[&str]); 16] = [
            ("", &[]),
            ("Hello world", &["Hello", " world"]),
            (
                "don't DON'T we'LL",
                &["don", "'t", " DON", "'T", " we", "'LL"],
            ),
            ("'street", &["'s", "treet"]),
            ("'\u{17f}x 'x", &["'\u{17f}", "x", " '", "x"]),
            ("12345 67", &["123", "45", " ", "67"]),
            ("a  b", &["a", " ", " b"]),
            ("a   ", &["a", "   "]),
            ("a \t 1", &["a", " \t", " ", "1"]),
            ("a \n\n  b", &["a", " \n\n", " ", " b"]),
            ("x!!\r\n\ny", &["x", "!!\r\n\n", "y"]),
            (" ?? \n", &[" ??", " \n"]),
            ("(a) \u{a0}b", &["(a", ")", " ", "\u{a0}b"]),
            ("é٣x\u{301}y", &["é", "٣", "x", "\u{301}y"]),
            ("\0\0a\u{1c}", &["\0\0", "a", "\u{1c}"]),
            ("日本語。😀 \u{2028}", &["日本語", "。😀", " \u{2028}"]),
        ];
        for (text, expected) in cases {
            assert_eq!(twin(text), expected, "twin on {text:?}");
            assert_eq!(ours(text), expected, "{text:?}");
        }
    }

    #[test]
    fn every_character_in_every_neighbourhood_splits_as_the_twin() {
        // Joined into few texts, because a call of the twin has a fixed cost.
        for around in [
            ["a", "a"],
            [" ", " "],
            ["1", "!"],
            ["'", "s"],
            ["\n", " "],
            ["", "\r"],
        ] {
            let mut text = String::new();
            for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
                text.push_str(around[0]);
                text.push(c);
                text.push_str(around[1]);
                if text.len() > 1 << 16 {
                    assert_eq!(ours(&text), twin(&text));
                    text.clear();
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn random_text_splits_as_the_twin(text in "\\PC{0,60}") {
            prop_assert_eq!(ours(&text), twin(&text));
        }

        #[test]
        fn text_of_awkward_characters_splits_as_the_twin(
            text in "[ \t\r\n'sStTrReEvVlLmMdDxX0-9!.,\u{0}\u{1c}\u{85}\u{a0}\u{17f}\u{212a}\u{301}\u{2028}\u{3000}éß٣Ⅷ日😀]{0,40}",
        ) {
            prop_assert_eq!(ours(&text), twin(&text));
        }
    }
}
