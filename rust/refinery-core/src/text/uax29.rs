//! Words between the boundaries of UAX 29, as the package `uniseg` cuts them.
//!
//! [`uax29_parts`] gives every part, white space and punctuation included: joined, they are the
//! text. [`uax29_words`] keeps the parts that begin with a letter or a number, which is what DCLM
//! calls a word ("uniseg, punctuation ignored").
//!
//! Unicode version: [`super::chars::UNICODE_VERSION`], as uniseg 0.9 and later. Releases of uniseg before 0.9
//! follow older rules: they cut `don't` in three and leave any number of flags together.
//!
//! Not here: words by dictionary; each letter of Thai or of Han is a part of its own.
//!
//! ```
//! use refinery_core::text::uax29::uax29_parts;
//!
//! let parts: Vec<_> = uax29_parts("Don't pay 3.5 (“now”)\r\n").collect();
//! assert_eq!(parts, ["Don't", " ", "pay", " ", "3.5", " ", "(", "“", "now", "”", ")", "\r\n"]);
//! ```

use std::sync::LazyLock;

use super::chars::{CharTable, is_alnum};
use super::words::{Word, word_of};

/// Appends the parts of UAX 29 whose first character is alphanumeric (`str.isalnum`).
pub fn uax29_words(text: &str, words: &mut Vec<Word>) {
    let is_word = |part: &&str| part.chars().next().is_some_and(is_alnum);
    words.extend(
        uax29_parts(text)
            .filter(is_word)
            .map(|part| word_of(text, part)),
    );
}

/// The parts between the word boundaries of UAX 29; empty text has none.
pub fn uax29_parts(text: &str) -> Uax29Parts<'_> {
    Uax29Parts { rest: text }
}

/// Iterator of [`uax29_parts`].
#[derive(Clone, Debug)]
pub struct Uax29Parts<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Uax29Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = ascii_end(self.rest.as_bytes()).unwrap_or_else(|| end(self.rest));
        let (part, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(part)
    }
}

/// End of the first part where ASCII characters alone decide it, one of them behind it included.
fn ascii_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        // Letters, digits and the underscore join each other in any order.
        let run = bytes[at..].iter().take_while(|&&b| is_word_byte(b));
        at += run.count();
        match bytes.get(at..)? {
            [] => return Some(at),
            // Most parts between words are one space.
            [mark, next, ..] if at == 0 && next.is_ascii() && mark.is_ascii() => {
                return (mark != next && *mark != b'\r').then_some(1);
            }
            [mark, next, ..] if at > 0 && next.is_ascii() && mark.is_ascii() => {
                let last = bytes[at - 1];
                let joins = match mark {
                    b'\'' | b'.' => of_one_kind(last, *next),
                    b':' => last.is_ascii_alphabetic() && next.is_ascii_alphabetic(),
                    b',' | b';' => last.is_ascii_digit() && next.is_ascii_digit(),
                    _ => false,
                };
                if !joins {
                    return Some(at);
                }
                at += 1;
            }
            // A mark that nothing follows, and may be nothing else.
            [mark] if at > 0 && mark.is_ascii() => return Some(at),
            _ => return None,
        }
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn of_one_kind(a: u8, b: u8) -> bool {
    a.is_ascii_alphabetic() && b.is_ascii_alphabetic() || a.is_ascii_digit() && b.is_ascii_digit()
}

/// End of the first part of a text that is not empty, by the rules WB3 to WB16.
fn end(text: &str) -> usize {
    let mut chars = text.char_indices().map(|(at, c)| (at, class_of(c)));
    let Some((_, (first, _))) = chars.next() else {
        return 0;
    };
    // The class of the character before, and of the last two that are not passed over (WB4).
    let (mut literal, mut last, mut before) = (first, first, Break::Other);
    for (at, (class, is_pictographic)) in chars {
        let joins = match (literal, class) {
            (Break::Cr, Break::Lf) | (Break::Space, Break::Space) => true,
            (Break::Cr | Break::Lf | Break::Newline, _)
            | (_, Break::Cr | Break::Lf | Break::Newline) => false,
            (Break::Zwj, _) if is_pictographic => true,
            (_, Break::Extend | Break::Format | Break::Zwj) => {
                literal = class;
                continue;
            }
            _ => joins(before, last, class, || next_class(&text[at..])),
        };
        if !joins {
            return at;
        }
        (literal, before, last) = (class, last, class);
    }
    text.len()
}

/// Rules WB5 to WB16: whether no boundary lies between `last` and `class`.
fn joins(before: Break, last: Break, class: Break, next: impl Fn() -> Break) -> bool {
    use Break::{
        ALetter, DoubleQuote, ExtendNumLet, Hebrew, Katakana, MidLetter, MidNum, MidNumLet,
        Numeric, Regional, SingleQuote,
    };
    let is_letter = |c: Break| matches!(c, ALetter | Hebrew);
    match (last, class) {
        (ALetter | Hebrew | Numeric, ALetter | Hebrew | Numeric)
        | (Katakana, Katakana)
        | (ALetter | Hebrew | Numeric | Katakana | ExtendNumLet, ExtendNumLet)
        | (ExtendNumLet, ALetter | Hebrew | Numeric | Katakana)
        | (Hebrew, SingleQuote) => true,
        (ALetter | Hebrew, MidLetter | MidNumLet | SingleQuote) => is_letter(next()),
        (MidLetter | MidNumLet | SingleQuote, ALetter | Hebrew) => is_letter(before),
        (Hebrew, DoubleQuote) => next() == Hebrew,
        (DoubleQuote, Hebrew) => before == Hebrew,
        (Numeric, MidNum | MidNumLet | SingleQuote) => next() == Numeric,
        (MidNum | MidNumLet | SingleQuote, Numeric) => before == Numeric,
        // Flags are pairs: a part begins at the first of a pair.
        (Regional, Regional) => before != Regional,
        _ => false,
    }
}

/// Class of the first character behind the first one that is not passed over.
fn next_class(text: &str) -> Break {
    let mut classes = text.chars().skip(1).map(|c| class_of(c).0);
    classes
        .find(|class| !matches!(class, Break::Extend | Break::Format | Break::Zwj))
        .unwrap_or(Break::Other)
}

/// `Word_Break` of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    Other,
    Cr,
    Lf,
    Newline,
    Extend,
    Zwj,
    Regional,
    Format,
    Katakana,
    Hebrew,
    ALetter,
    SingleQuote,
    DoubleQuote,
    MidNumLet,
    MidLetter,
    MidNum,
    Numeric,
    ExtendNumLet,
    Space,
}

/// Every class but `Other` with the pattern of its characters; its code is its place here plus 1.
const CLASSES: [(Break, &str); 18] = [
    (Break::Cr, r"\p{wb=CR}"),
    (Break::Lf, r"\p{wb=LF}"),
    (Break::Newline, r"\p{wb=Newline}"),
    (Break::Extend, r"\p{wb=Extend}"),
    (Break::Zwj, r"\p{wb=ZWJ}"),
    (Break::Regional, r"\p{wb=Regional_Indicator}"),
    (Break::Format, r"\p{wb=Format}"),
    (Break::Katakana, r"\p{wb=Katakana}"),
    (Break::Hebrew, r"\p{wb=Hebrew_Letter}"),
    (Break::ALetter, r"\p{wb=ALetter}"),
    (Break::SingleQuote, r"\p{wb=Single_Quote}"),
    (Break::DoubleQuote, r"\p{wb=Double_Quote}"),
    (Break::MidNumLet, r"\p{wb=MidNumLet}"),
    (Break::MidLetter, r"\p{wb=MidLetter}"),
    (Break::MidNum, r"\p{wb=MidNum}"),
    (Break::Numeric, r"\p{wb=Numeric}"),
    (Break::ExtendNumLet, r"\p{wb=ExtendNumLet}"),
    (Break::Space, r"\p{wb=WSegSpace}"),
];
const PICTOGRAPHIC: u8 = 0x80;

/// One byte a character: the code of its class, and a bit for `Extended_Pictographic`.
static TABLE: LazyLock<CharTable> = LazyLock::new(|| {
    let mut patterns = vec![(PICTOGRAPHIC, r"\p{Extended_Pictographic}")];
    // A character has one class only, so its code is never mixed with another.
    patterns.extend(
        (1..)
            .zip(CLASSES)
            .map(|(code, (_, pattern))| (code, pattern)),
    );
    CharTable::new(&patterns, &[])
});

fn class_of(c: char) -> (Break, bool) {
    let byte = TABLE.get(c);
    let class = match usize::from(byte & !PICTOGRAPHIC) {
        0 => Break::Other,
        code => CLASSES[code - 1].0,
    };
    (class, byte & PICTOGRAPHIC != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn joined(text: &str) -> String {
        uax29_parts(text).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn parts_are_those_of_uniseg() {
        // Expected values: uniseg 0.10.1.
        let cases = [
            ("", ""),
            (
                "don't a.b a:b 3,5 3;5 a,b 1:2",
                "don't| |a.b| |a:b| |3,5| |3;5| |a|,|b| |1|:|2",
            ),
            (
                "e.g. x_1 _a a' 'a a.1 1.a",
                "e.g|.| |x_1| |_a| |a|'| |'|a| |a|.|1| |1|.|a",
            ),
            ("o’clock 1’2 a··b a·b", "o’clock| |1’2| |a|·|·|b| |a·b"),
            (
                "a  b\r\n\n\u{85}\u{308}c",
                "a|  |b|\r\n|\n|\u{85}|\u{308}|c",
            ),
            (
                "a\u{308}'b \u{200d}a a\u{ad}b",
                "a\u{308}'b| \u{200d}|a| |a\u{ad}b",
            ),
            ("אב'ג א' \"אב\"ג א\"", "אב'ג| |א'| |\"|אב\"ג| |א|\""),
            ("🇩🇪🇫🇷🇮a🇹", "🇩🇪|🇫🇷|🇮|a|🇹"),
            ("👩\u{200d}👩 a\u{200d}©1", "👩\u{200d}👩| |a\u{200d}©|1"),
            ("カタ_カa日本テ", "カタ_カ|a|日|本|テ"),
            ("ไทย", "ไ|ท|ย"),
            ("Ⓜ\u{200d}Ⓜa", "Ⓜ\u{200d}Ⓜa"),
            ("٣٫٥ 3\u{308}.5", "٣٫٥| |3\u{308}.5"),
        ];
        for (text, expected) in cases {
            assert_eq!(joined(text), expected, "{text:?}");
        }
    }

    #[test]
    fn words_begin_with_a_letter_or_a_number() {
        let text = "Don't (pay) _x ½ 3.5%, ©\u{308}é ˂a Ⅷ";
        let mut words = Vec::new();
        uax29_words(text, &mut words);
        let words: Vec<_> = words.iter().map(|w| w.text(text)).collect();
        assert_eq!(words, ["Don't", "pay", "½", "3.5", "é", "Ⅷ"]);
    }

    proptest! {
        #[test]
        fn the_ascii_path_is_the_full_path(text in "[a1_'.:,; \\r\\n\"é\u{308}\u{200d}]{0,12}") {
            let mut rest = text.as_str();
            let mut slow = Vec::new();
            while !rest.is_empty() {
                let (part, more) = rest.split_at(end(rest));
                slow.push(part);
                rest = more;
            }
            prop_assert_eq!(uax29_parts(&text).collect::<Vec<_>>(), slow);
        }
    }
}
