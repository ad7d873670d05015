//! What datatrove makes of a text before it takes words from it (`simplify_text`, its defaults).
//!
//! 1. Lower case (`str.lower`).
//! 2. Every number is `0`: decimal digits of any script, and once more behind one separator, so
//!    `1,234.56` is two numbers.
//! 3. Punctuation becomes a space, runs of white space one space; none at either end.
//! 4. Canonical decomposition without nonspacing marks, and then no space at either end: a mark
//!    between two spaces leaves both.
//!
//! [`simplify_in_steps`] is this list, and what is done where a character's neighbours count: the
//! capital sigma, and marks that decomposition may put in another order. All other text takes one
//! pass by a table made from the same steps.
//!
//! Unicode: the tables of this build, newer than those of Python 3.11 (14.0). The two differ on
//! characters that were assigned since, and on U+1171E, then a nonspacing mark.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, decompose_canonical};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::text::chars::{is_decimal, is_space};
use crate::text::punctuation::is_punctuation;

/// Writes the simplified text over `out`.
pub fn simplify(text: &str, out: &mut Vec<u8>) {
    out.clear();
    if Pass::default().run(text, out) {
        trim(out);
    } else {
        out.clear();
        out.extend_from_slice(simplify_in_steps(text).as_bytes());
    }
}

/// Removes the spaces at both ends; only spaces are left of white space.
fn trim(out: &mut Vec<u8>) {
    let end = out.iter().rposition(|&b| b != b' ').map_or(0, |i| i + 1);
    out.truncate(end);
    let start = out.iter().position(|&b| b != b' ').unwrap_or(0);
    out.drain(..start);
}

/// The definition, a step at a time.
fn simplify_in_steps(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut spaced = String::with_capacity(lower.len());
    let mut rest = lower.as_str();
    while let Some(c) = rest.chars().next() {
        if is_decimal(c) {
            rest = after_number(rest);
            spaced.push('0');
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if !is_punctuation(c) && !is_space(c) {
            spaced.push(c);
        } else if !spaced.ends_with(' ') {
            spaced.push(' ');
        }
    }
    let bare: String = spaced
        .trim_matches(' ')
        .nfd()
        .filter(|&c| !is_mark(c))
        .collect();
    bare.trim_matches(' ').into()
}

/// The text behind the number that `text` begins with.
fn after_number(text: &str) -> &str {
    let whole = text.trim_start_matches(is_decimal);
    match whole.strip_prefix(is_separator) {
        Some(part) if part.starts_with(is_decimal) => part.trim_start_matches(is_decimal),
        _ => whole,
    }
}

/// What may stand between the two parts of a number.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | '\u{60c}' | '\u{66b}' | '\u{2396}'..='\u{2398}'
    )
}

fn is_mark(c: char) -> bool {
    c.general_category() == GeneralCategory::NonspacingMark
}

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Simple {
    /// White space or punctuation.
    Space,
    /// A nonspacing mark. It still stands between its neighbours where numbers and spaces are told.
    Dropped,
    Digit,
    Char(char),
    /// Its neighbours decide.
    InContext,
}

/// Hands what becomes of `c` to `emit`, in order.
fn simplified(c: char, mut emit: impl FnMut(Simple)) {
    if c == 'Σ' {
        return emit(Simple::InContext);
    }
    for lower in c.to_lowercase() {
        if is_decimal(lower) {
            emit(Simple::Digit);
        } else if is_space(lower) || is_punctuation(lower) {
            emit(Simple::Space);
        } else {
            decompose_canonical(lower, |part| {
                emit(if is_mark(part) {
                    Simple::Dropped
                } else if canonical_combining_class(part) != 0 {
                    Simple::InContext
                } else {
                    Simple::Char(part)
                });
            });
        }
    }
}

const SPACE: u16 = 0;
const DROPPED: u16 = 1;
const DIGIT: u16 = 2;
/// More than one character, one beyond the table, or [`Simple::InContext`]: ask [`simplified`].
const ASK: u16 = 3;

/// Codes of the characters below U+10000: one of the four above, which are control characters and
/// so punctuation here, or the character itself.
static TABLE: LazyLock<Box<[u16]>> = LazyLock::new(|| {
    (0..=u32::from(u16::MAX))
        .map(|c| char::from_u32(c).map_or(SPACE, code))
        .collect()
});

fn code(c: char) -> u16 {
    let mut outcomes = Vec::new();
    simplified(c, |simple| outcomes.push(simple));
    if outcomes.len() > 1 {
        // Beside a character, the marks change nothing.
        outcomes.retain(|&simple| simple != Simple::Dropped);
    }
    match outcomes[..] {
        [Simple::Space] => SPACE,
        [] | [Simple::Dropped] => DROPPED,
        [Simple::Digit] => DIGIT,
        [Simple::Char(c)] => u16::try_from(u32::from(c)).unwrap_or(ASK),
        _ => ASK,
    }
}

/// Where the pass is in a number.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Number {
    #[default]
    None,
    Whole,
    /// Behind the separator.
    Part,
}

/// The state of the one pass.
struct Pass {
    number: Number,
    after_space: bool,
}

impl Default for Pass {
    fn default() -> Self {
        Self {
            number: Number::None,
            // So that spaces at the start are none.
            after_space: true,
        }
    }
}

impl Pass {
    /// Appends the simplified text to `out`, but for spaces at its ends; false where some
    /// character's neighbours decide.
    fn run(&mut self, text: &str, out: &mut Vec<u8>) -> bool {
        let table = &**TABLE;
        let mut at = 0;
        loop {
            at = self.run_ascii(text, at, out);
            let mut rest = text[at..].chars();
            let Some(c) = rest.next() else {
                return true;
            };
            at += c.len_utf8();
            if self.number == Number::Whole
                && is_separator(c)
                && rest.as_str().starts_with(is_decimal)
            {
                self.number = Number::Part;
                continue;
            }
            match table.get(c as usize).copied().unwrap_or(ASK) {
                SPACE => self.space(out),
                DROPPED => self.other(),
                DIGIT => self.digit(out),
                ASK if !self.ask(c, out) => return false,
                ASK => {}
                code => self.char(char::from_u32(code.into()).unwrap_or(' '), out),
            }
        }
    }

    /// Takes ASCII characters from `at` on; returns where the first other one is, or the end.
    fn run_ascii(&mut self, text: &str, mut at: usize, out: &mut Vec<u8>) -> usize {
        let bytes = text.as_bytes();
        loop {
            if self.number == Number::None {
                at = self.run_words(bytes, at, out);
            }
            let Some(&byte) = bytes.get(at) else {
                return at;
            };
            match ASCII[byte as usize] {
                NOT_ASCII => return at,
                b'0' => self.digit(out),
                b' ' => {
                    let is_inner = self.number == Number::Whole
                        && (byte == b'.' || byte == b',')
                        && text[at + 1..].starts_with(is_decimal);
                    if is_inner {
                        self.number = Number::Part;
                    } else {
                        self.space(out);
                    }
                }
                letter => {
                    out.push(letter);
                    self.other();
                }
            }
            at += 1;
        }
    }

    /// Takes ASCII letters and spaces from `at` on, which are nearly all of English; returns where
    /// the first other character is, or the end. Nothing is decided by a branch: where words end
    /// cannot be predicted.
    fn run_words(&mut self, bytes: &[u8], mut at: usize, out: &mut Vec<u8>) -> usize {
        let mut block = [0; BLOCK];
        loop {
            let rest = &bytes[at..bytes.len().min(at + BLOCK)];
            let (mut read, mut written) = (0, 0);
            for &byte in rest {
                let simple = ASCII[byte as usize];
                if simple == b'0' || simple == NOT_ASCII {
                    break;
                }
                let is_space = simple == b' ';
                block[written] = simple;
                written += usize::from(!(is_space && self.after_space));
                self.after_space = is_space;
                read += 1;
            }
            out.extend_from_slice(&block[..written]);
            at += read;
            if read < BLOCK {
                return at;
            }
        }
    }

    #[inline]
    fn space(&mut self, out: &mut Vec<u8>) {
        if !self.after_space {
            out.push(b' ');
        }
        *self = Self {
            number: Number::None,
            after_space: true,
        };
    }

    #[inline]
    fn digit(&mut self, out: &mut Vec<u8>) {
        if self.number == Number::None {
            self.number = Number::Whole;
            out.push(b'0');
        }
        self.after_space = false;
    }

    /// After a letter or mark.
    #[inline]
    fn other(&mut self) {
        *self = Self {
            number: Number::None,
            after_space: false,
        };
    }

    #[inline]
    fn char(&mut self, c: char, out: &mut Vec<u8>) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.other();
    }

    fn ask(&mut self, c: char, out: &mut Vec<u8>) -> bool {
        let mut is_known = true;
        simplified(c, |simple| match simple {
            Simple::Space => self.space(out),
            Simple::Dropped => self.other(),
            Simple::Digit => self.digit(out),
            Simple::Char(c) => self.char(c, out),
            Simple::InContext => is_known = false,
        });
        is_known
    }
}

const NOT_ASCII: u8 = 0xff;

/// Bytes that [`Pass::run_words`] takes at a time.
const BLOCK: usize = 256;

/// What an ASCII byte becomes: a letter in lower case, `0` or a space.
static ASCII: [u8; 256] = {
    let mut table = [NOT_ASCII; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => byte | 0x20,
            b'0'..=b'9' => b'0',
            _ => b' ',
        };
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fast(text: &str) -> String {
        let mut out = b"left from before".to_vec();
        simplify(text, &mut out);
        String::from_utf8(out).expect("only characters are appended")
    }

    #[test]
    fn texts_are_simplified_as_in_the_original() {
        // All of them made by datatrove 0.10.0.
        let cases = [
            ("", ""),
            (" \t\n", ""),
            ("...", ""),
            (
                "Héllo, World! 1,234.56 — It's 2024-01-02 ½ ٣",
                "hello world 0 0 it s 0 0 0 ½ 0",
            ),
            ("v1.2.3", "v0 0"),
            ("1,2,3", "0 0"),
            ("1. 2", "0 0"),
            ("1.,2", "0 0"),
            ("1،2٫3", "0٫0"),
            ("1،", "0،"),
            ("1⎖2", "0"),
            ("1.٣", "0"),
            ("٣,٤", "0"),
            ("1\u{301}2", "00"),
            ("1\u{301}.2", "0 0"),
            ("a \u{301} b", "a  b"),
            ("\u{301} a", "a"),
            ("a \u{301}", "a"),
            ("İI", "ii"),
            ("ΟΔΟΣ ΣΑΣ", "οδος σας"),
            ("ὈΔΟΣ.", "οδος"),
            ("≠ ≮", "= <"),
            ("a≠b", "a=b"),
            ("\u{37e}", ";"),
            ("\u{2000}x\u{85}y\u{1c}z", "x y z"),
            ("x\u{200b}y", "x\u{200b}y"),
            ("ﬁ Ａ１", "ﬁ ａ0"),
            (
                "한국어",
                "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165}",
            ),
            ("हिन्दी १२", "हिनदी 0"),
            ("𝟘𝟙 𝐀 😀", "0 𝐀 😀"),
            ("\u{1d165}\u{1d16d}\u{302e}x", "\u{1d165}\u{302e}\u{1d16d}x"),
            ("a_b-c", "a b c"),
            ("«É»", "e"),
            ("§ · ¿x?", "§ · ¿x"),
        ];
        for (text, expected) in cases {
            assert_eq!(fast(text), expected, "{text:?}");
            assert_eq!(simplify_in_steps(text), expected, "{text:?}, in steps");
        }
    }

    #[test]
    fn every_character_is_simplified_as_in_steps() {
        for c in '\0'..='\u{2ffff}' {
            let text = format!("{c}1{c}2 a{c} {c}");
            assert_eq!(fast(&text), simplify_in_steps(&text), "U+{:04X}", c as u32);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_simplified_as_in_steps(text in any::<String>()) {
            prop_assert_eq!(fast(&text), simplify_in_steps(&text));
        }

        #[test]
        fn prose_is_simplified_as_in_steps(
            text in "([A-Za-z]{1,9}([ ,.-]|  |\n){1,2}|[0-9]{1,4}[ .,]){0,200}",
        ) {
            prop_assert_eq!(fast(&text), simplify_in_steps(&text));
        }

        #[test]
        fn odd_text_is_simplified_as_in_steps(
            text in "([A-Za-z]|[0-9]|[.,]|[ \n]|[٣،٫⎖ΣΑéÉİ\u{301}\u{302e}\u{1d165}한½１— ]){0,60}",
        ) {
            prop_assert_eq!(fast(&text), simplify_in_steps(&text));
        }
    }
}
