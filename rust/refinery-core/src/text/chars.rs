//! Character classes as Python's `str` methods define them (`isalpha`, `isspace`, ...).
//!
//! Published filters are Python programs, so a "letter" is what `str.isalpha` says and not what
//! [`char::is_alphabetic`] says: they differ on combining vowel signs, circled letters, the
//! separators U+001C..U+001F and more. Every function here takes one scalar value and answers as
//! the method of the same name answers for a string of that one character.
//!
//! Unicode version: [`UNICODE_VERSION`], whatever the version of the running Python. Python 3.11
//! has 14.0, so the two differ on characters that were assigned since; `tests/python_chars.rs`
//! holds the comparison over all code points.
//!
//! ```
//! use refinery_core::text::chars::{is_alpha, is_space, Classes, classes};
//!
//! assert!(is_alpha('é') && !is_alpha('\u{345}'));
//! assert!(is_space('\u{1c}'));
//! assert!(classes('Ⅷ').any(Classes::ALNUM | Classes::UPPER));
//! ```

use std::ops::BitOr;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// Version of the Unicode tables behind every class, those of the `regex-syntax` crate.
///
/// The pre-tokenizers of [`crate::tokens`] use the same tables, so a letter is a letter in both.
/// A change of this version changes stored signals.
pub const UNICODE_VERSION: (u8, u8, u8) = (16, 0, 0);

/// A set of character classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u8);

impl Classes {
    /// `str.isalpha`: general category L.
    pub const ALPHA: Self = Self(1);
    /// `str.isspace`: bidirectional type WS, B or S, or general category Zs.
    pub const SPACE: Self = Self(1 << 1);
    /// `str.isdecimal`: general category Nd.
    pub const DECIMAL: Self = Self(1 << 2);
    /// `str.isdigit`: numeric type Decimal or Digit.
    pub const DIGIT: Self = Self(1 << 3);
    /// `str.isnumeric`: any numeric type.
    pub const NUMERIC: Self = Self(1 << 4);
    /// `str.isupper` of a single character: the derived property `Uppercase`.
    pub const UPPER: Self = Self(1 << 5);
    /// `str.islower` of a single character: the derived property `Lowercase`.
    pub const LOWER: Self = Self(1 << 6);
    /// Member of Python's `string.punctuation`, which is ASCII only.
    pub const ASCII_PUNCTUATION: Self = Self(1 << 7);
    /// `str.isalnum`: alphabetic, decimal, digit or numeric.
    pub const ALNUM: Self = Self(Self::ALPHA.0 | Self::DECIMAL.0 | Self::DIGIT.0 | Self::NUMERIC.0);

    /// Whether the two sets share a class.
    #[inline]
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Classes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Classes of the ASCII characters.
pub static ASCII: [Classes; 128] = ascii_table();

const fn ascii_table() -> [Classes; 128] {
    let mut table = [Classes(0); 128];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = Classes(match byte {
            b'A'..=b'Z' => Classes::ALPHA.0 | Classes::UPPER.0,
            b'a'..=b'z' => Classes::ALPHA.0 | Classes::LOWER.0,
            b'0'..=b'9' => Classes::DECIMAL.0 | Classes::DIGIT.0 | Classes::NUMERIC.0,
            0x09..=0x0d | 0x1c..=0x20 => Classes::SPACE.0,
            _ if byte.is_ascii_punctuation() => Classes::ASCII_PUNCTUATION.0,
            _ => 0,
        });
        byte += 1;
    }
    table
}

/// Every class of `c`.
#[inline]
pub fn classes(c: char) -> Classes {
    if c.is_ascii() {
        ASCII[c as usize]
    } else {
        Classes(TABLE.get(c))
    }
}

/// `str.isalpha` of one character.
#[inline]
pub fn is_alpha(c: char) -> bool {
    classes(c).any(Classes::ALPHA)
}

/// `str.isspace` of one character; also what `str.split()` and `str.strip()` remove.
#[inline]
pub fn is_space(c: char) -> bool {
    // No table: the property has been closed for years, and this is the commonest question.
    if c.is_ascii() {
        return ASCII[c as usize].any(Classes::SPACE);
    }
    matches!(
        c,
        '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// `str.isdigit` of one character.
#[inline]
pub fn is_digit(c: char) -> bool {
    classes(c).any(Classes::DIGIT)
}

/// `str.isdecimal` of one character.
#[inline]
pub fn is_decimal(c: char) -> bool {
    classes(c).any(Classes::DECIMAL)
}

/// `str.isnumeric` of one character.
#[inline]
pub fn is_numeric(c: char) -> bool {
    classes(c).any(Classes::NUMERIC)
}

/// `str.isalnum` of one character.
#[inline]
pub fn is_alnum(c: char) -> bool {
    classes(c).any(Classes::ALNUM)
}

/// `str.isupper` of one character.
#[inline]
pub fn is_upper(c: char) -> bool {
    classes(c).any(Classes::UPPER)
}

/// `str.islower` of one character.
#[inline]
pub fn is_lower(c: char) -> bool {
    classes(c).any(Classes::LOWER)
}

/// `\w` of one character in Python's `re`; `\W` is the opposite.
#[inline]
pub fn is_word(c: char) -> bool {
    c == '_' || is_alnum(c)
}

const BLOCK_BITS: u32 = 8;
const BLOCK: usize = 1 << BLOCK_BITS;
const CODE_POINTS: usize = char::MAX as usize + 1;

/// One byte per code point in two stages: blocks of 256, equal blocks stored once.
///
/// About 60 kB for the classes above, where a flat table would be 1.1 MB and miss the cache.
pub(crate) struct CharTable {
    block_of: Vec<u16>,
    blocks: Vec<[u8; BLOCK]>,
}

impl CharTable {
    /// A table from (bit, regular-expression class) pairs and (bit, ranges) pairs.
    pub(crate) fn new(patterns: &[(u8, &str)], ranges: &[(u8, &[(u32, u32)])]) -> Self {
        let mut flat = vec![0_u8; CODE_POINTS];
        for &(bit, pattern) in patterns {
            for (first, last) in class_ranges(pattern) {
                flat[first as usize..=last as usize]
                    .iter_mut()
                    .for_each(|b| *b |= bit);
            }
        }
        for &(bit, list) in ranges {
            for &(first, last) in list {
                flat[first as usize..=last as usize]
                    .iter_mut()
                    .for_each(|b| *b |= bit);
            }
        }
        Self::fold(&flat)
    }

    fn fold(flat: &[u8]) -> Self {
        let mut table = Self {
            block_of: Vec::new(),
            blocks: Vec::new(),
        };
        for block in flat.as_chunks::<BLOCK>().0 {
            let at = table
                .blocks
                .iter()
                .position(|b| b == block)
                .unwrap_or_else(|| {
                    table.blocks.push(*block);
                    table.blocks.len() - 1
                });
            table.block_of.push(at as u16);
        }
        table
    }

    /// The byte of `c`.
    #[inline]
    pub(crate) fn get(&self, c: char) -> u8 {
        let c = c as usize;
        self.blocks[usize::from(self.block_of[c >> BLOCK_BITS])][c & (BLOCK - 1)]
    }
}

/// Code points that a one-character regular expression such as `\p{L}` matches.
fn class_ranges(pattern: &str) -> Vec<(u32, u32)> {
    // Cannot fail: the patterns are constants of this crate, and tests build every table.
    let hir = regex_syntax::parse(pattern).expect("a constant pattern");
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => class
            .ranges()
            .iter()
            .map(|r| (r.start() as u32, r.end() as u32))
            .collect(),
        // A class of one character.
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).expect("a character's bytes");
            text.chars().map(|c| (c as u32, c as u32)).collect()
        }
        other => unreachable!("{pattern} is not a class of characters: {other:?}"),
    }
}

static TABLE: LazyLock<CharTable> = LazyLock::new(|| {
    CharTable::new(
        &[
            (Classes::ALPHA.0, r"\p{L}"),
            (Classes::DECIMAL.0 | Classes::DIGIT.0, r"\p{Nd}"),
            (Classes::NUMERIC.0, r"\p{N}"),
            (Classes::UPPER.0, r"\p{Uppercase}"),
            (Classes::LOWER.0, r"\p{Lowercase}"),
            (Classes::SPACE.0, r"[\s\x1C-\x1F]"),
            (Classes::ASCII_PUNCTUATION.0, "[[:punct:]]"),
        ],
        &[
            (Classes::DIGIT.0, DIGIT_NOT_DECIMAL),
            (Classes::NUMERIC.0, NUMERIC_LETTERS),
        ],
    )
});

/// Numeric type Digit (`UnicodeData.txt`, field 7 without field 6): superscripts, circled digits.
/// The list is closed: since Unicode 6.3 no character is given this type any more.
const DIGIT_NOT_DECIMAL: &[(u32, u32)] = &[
    (0xb2, 0xb3),
    (0xb9, 0xb9),
    (0x1369, 0x1371),
    (0x19da, 0x19da),
    (0x2070, 0x2070),
    (0x2074, 0x2079),
    (0x2080, 0x2089),
    (0x2460, 0x2468),
    (0x2474, 0x247c),
    (0x2488, 0x2490),
    (0x24ea, 0x24ea),
    (0x24f5, 0x24fd),
    (0x24ff, 0x24ff),
    (0x2776, 0x277e),
    (0x2780, 0x2788),
    (0x278a, 0x2792),
    (0x10a40, 0x10a43),
    (0x10e60, 0x10e68),
    (0x11052, 0x1105a),
    (0x1f100, 0x1f10a),
];

/// Ideographs with a numeric value in Unihan 14.0: letters that `str.isnumeric` accepts too.
#[rustfmt::skip]
const NUMERIC_LETTERS: &[(u32, u32)] = &[
    (0x3405, 0x3405), (0x3483, 0x3483), (0x382a, 0x382a), (0x3b4d, 0x3b4d), (0x4e00, 0x4e00),
    (0x4e03, 0x4e03), (0x4e07, 0x4e07), (0x4e09, 0x4e09), (0x4e5d, 0x4e5d), (0x4e8c, 0x4e8c),
    (0x4e94, 0x4e94), (0x4e96, 0x4e96), (0x4ebf, 0x4ec0), (0x4edf, 0x4edf), (0x4ee8, 0x4ee8),
    (0x4f0d, 0x4f0d), (0x4f70, 0x4f70), (0x5104, 0x5104), (0x5146, 0x5146), (0x5169, 0x5169),
    (0x516b, 0x516b), (0x516d, 0x516d), (0x5341, 0x5341), (0x5343, 0x5345), (0x534c, 0x534c),
    (0x53c1, 0x53c4), (0x56db, 0x56db), (0x58f1, 0x58f1), (0x58f9, 0x58f9), (0x5e7a, 0x5e7a),
    (0x5efe, 0x5eff), (0x5f0c, 0x5f0e), (0x5f10, 0x5f10), (0x62fe, 0x62fe), (0x634c, 0x634c),
    (0x67d2, 0x67d2), (0x6f06, 0x6f06), (0x7396, 0x7396), (0x767e, 0x767e), (0x8086, 0x8086),
    (0x842c, 0x842c), (0x8cae, 0x8cae), (0x8cb3, 0x8cb3), (0x8d30, 0x8d30), (0x9621, 0x9621),
    (0x9646, 0x9646), (0x964c, 0x964c), (0x9678, 0x9678), (0x96f6, 0x96f6), (0xf96b, 0xf96b),
    (0xf973, 0xf973), (0xf978, 0xf978), (0xf9b2, 0xf9b2), (0xf9d1, 0xf9d1), (0xf9d3, 0xf9d3),
    (0xf9fd, 0xf9fd), (0x20001, 0x20001), (0x20064, 0x20064), (0x200e2, 0x200e2),
    (0x20121, 0x20121), (0x2092a, 0x2092a), (0x20983, 0x20983), (0x2098c, 0x2098c),
    (0x2099c, 0x2099c), (0x20aea, 0x20aea), (0x20afd, 0x20afd), (0x20b19, 0x20b19),
    (0x22390, 0x22390), (0x22998, 0x22998), (0x23b1b, 0x23b1b), (0x2626d, 0x2626d),
    (0x2f890, 0x2f890),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_table_and_full_table_agree() {
        for byte in 0..128_u8 {
            let c = char::from(byte);
            assert_eq!(ASCII[usize::from(byte)], Classes(TABLE.get(c)), "{c:?}");
        }
    }

    #[test]
    fn the_table_is_small() {
        let bytes = TABLE.block_of.len() * 2 + TABLE.blocks.len() * BLOCK;
        assert!(bytes < 64 << 10, "{bytes}");
    }

    #[test]
    fn is_space_and_its_table_agree() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            assert_eq!(is_space(c), classes(c).any(Classes::SPACE), "{c:?}");
        }
    }

    #[test]
    fn unicode_version_is_the_one_stated() {
        let (major, minor, _) = UNICODE_VERSION;
        assert!(regex_syntax::parse(&format!(r"\p{{Age={major}.{minor}}}")).is_ok());
        assert!(regex_syntax::parse(&format!(r"\p{{Age={}.0}}", major + 1)).is_err());
        assert!(is_alpha('\u{10d4a}'), "a letter of Unicode 16");
    }

    #[test]
    fn classes_of_odd_characters() {
        // (character, isalpha, isalnum, isdecimal, isdigit, isnumeric, isupper, islower)
        let cases = [
            ('\u{345}', [0, 0, 0, 0, 0, 0, 1]), // combining iota: lower case, no letter
            ('ª', [1, 1, 0, 0, 0, 0, 1]),
            ('ǅ', [1, 1, 0, 0, 0, 0, 0]), // title case is neither upper nor lower
            ('Ⅷ', [0, 1, 0, 0, 1, 1, 0]),
            ('²', [0, 1, 0, 1, 1, 0, 0]),
            ('½', [0, 1, 0, 0, 1, 0, 0]),
            ('٣', [0, 1, 1, 1, 1, 0, 0]),
            ('三', [1, 1, 0, 0, 1, 0, 0]),
            ('人', [1, 1, 0, 0, 0, 0, 0]),
            ('ा', [0, 0, 0, 0, 0, 0, 0]), // vowel sign: alphabetic for Rust, a mark for Python
            ('😀', [0, 0, 0, 0, 0, 0, 0]),
        ];
        let methods = [
            is_alpha, is_alnum, is_decimal, is_digit, is_numeric, is_upper, is_lower,
        ];
        for (c, expected) in cases {
            assert_eq!(methods.map(|m| i32::from(m(c))), expected, "{c:?}");
        }
    }
}
