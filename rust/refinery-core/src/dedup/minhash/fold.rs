//! How a character enters a word: lower-cased, without its accents, or as what separates words.
//!
//! Each character is taken on its own, so that text can be cut anywhere between characters:
//!
//! 1. Lower case by the Unicode mapping of the single character, and final sigma as sigma.
//! 2. Canonical decomposition; nonspacing marks are dropped and separate nothing, so that `é`
//!    counts as `e` whether it came as one character or two, and vowel points do not tell words
//!    apart.
//! 3. What is alphanumeric, or `_`, belongs to a word; everything else separates.
//! 4. A letter of a script written without spaces (Han, kana, Thai, Lao, Burmese, Khmer) is a word
//!    of its own: a run up to the next punctuation would be one long word, and one changed
//!    character in it would change as many shingles as a rewritten sentence.
//!
//! Not here: compatibility forms (`ﬁ`, full-width letters), which stay what they are.

use std::sync::LazyLock;

use unicode_normalization::char::decompose_canonical;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folded {
    /// Part of a word.
    Letter(char),
    /// A nonspacing mark: as if it were not there.
    Dropped,
    /// Ends a word.
    Separator,
}

const SEPARATOR: u16 = 0;
const DROPPED: u16 = 1;
/// More than one character: look up its [`parts`].
const SEVERAL: u16 = 2;

/// Codes of the characters below U+10000: one of the three above, or the letter itself. A lookup
/// is several times faster than three tables of Unicode; it is made from them on first use.
static TABLE: LazyLock<Box<[u16]>> = LazyLock::new(|| {
    (0..=u32::from(u16::MAX))
        .map(|c| char::from_u32(c).map_or(SEPARATOR, code))
        .collect()
});

fn code(c: char) -> u16 {
    let mut outcomes = Vec::new();
    fold(c, |folded| outcomes.push(folded));
    // An accent that is dropped leaves its letter alone.
    outcomes.retain(|folded| *folded != Folded::Dropped);
    match outcomes[..] {
        [] => DROPPED,
        [Folded::Separator] => SEPARATOR,
        [Folded::Letter(letter)] => u16::try_from(u32::from(letter)).unwrap_or(SEVERAL),
        _ => SEVERAL,
    }
}

/// The definition.
fn fold(c: char, mut emit: impl FnMut(Folded)) {
    parts(c, |part| emit(fold_part(part)));
}

/// The characters of the canonical decomposition of `c` in lower case.
fn parts(c: char, mut emit: impl FnMut(char)) {
    for lower in c.to_lowercase() {
        decompose_canonical(if lower == 'ς' { 'σ' } else { lower }, &mut emit);
    }
}

fn fold_part(part: char) -> Folded {
    if part.general_category() == GeneralCategory::NonspacingMark {
        Folded::Dropped
    } else if part.is_alphanumeric() || part == '_' {
        Folded::Letter(part)
    } else {
        Folded::Separator
    }
}

/// What `code` stands for; none where it takes more than one answer.
#[inline]
fn decode(code: u16) -> Option<Folded> {
    match code {
        SEPARATOR => Some(Folded::Separator),
        DROPPED => Some(Folded::Dropped),
        SEVERAL => None,
        letter => Some(char::from_u32(letter.into()).map_or(Folded::Separator, Folded::Letter)),
    }
}

/// An ASCII word character in lower case. Setting one bit lower-cases letters and leaves digits
/// alone; it makes `_` a DEL, which no word holds otherwise.
#[inline]
pub const fn fold_ascii(byte: u8) -> u8 {
    byte | 0x20
}

/// Splits `segment` into folded words, each handed to `emit` as UTF-8. `word` is scratch.
pub fn fold_words(segment: &str, word: &mut Vec<u8>, mut emit: impl FnMut(&[u8])) {
    word.clear();
    let mut end_word = |word: &mut Vec<u8>| {
        if !word.is_empty() {
            emit(word);
            word.clear();
        }
    };
    let mut step = |folded| match folded {
        Folded::Letter(c) if stands_alone(c) => {
            end_word(word);
            push(word, c);
            end_word(word);
        }
        Folded::Letter(c) => push(word, c),
        Folded::Dropped => {}
        Folded::Separator => end_word(word),
    };
    let table = &**TABLE;
    let known = |c: char| decode(table.get(c as usize).copied().unwrap_or(SEVERAL));
    for c in segment.chars() {
        match known(c) {
            Some(folded) => step(folded),
            // The parts of a Hangul syllable are in the table; those of `𝐀` are itself.
            None => parts(c, |part| {
                step(known(part).unwrap_or_else(|| fold_part(part)));
            }),
        }
    }
    step(Folded::Separator);
}

/// Whether a letter belongs to a script that is written without spaces (ranges of blocks).
#[inline]
const fn stands_alone(c: char) -> bool {
    // Asked of every letter, most of which are below all of them.
    c >= '\u{e00}'
        && matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
}

#[inline]
fn push(word: &mut Vec<u8>, c: char) {
    if c.is_ascii() {
        word.push(fold_ascii(c as u8));
    } else {
        word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        fold_words(text, &mut Vec::new(), |w| {
            found.push(String::from_utf8_lossy(w).into());
        });
        found
    }

    #[test]
    fn characters_are_folded_as_the_definition_says() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("Crème", &["creme"]),
            ("cre\u{300}me", &["creme"]),
            ("\u{301}", &[]),
            ("ΟΔΟΣ οδος", &["οδοσ", "οδοσ"]),
            ("İstanbul", &["istanbul"]),
            ("STRASSE straße", &["strasse", "straße"]),
            ("don’t", &["don", "t"]),
            ("a_B", &["a\u{7f}b"]),
            ("שָׁלוֹם", &["שלום"]),
            ("日本語。東京", &["日", "本", "語", "東", "京"]),
            ("ガラスabc漢x", &["カ", "ラ", "ス", "abc", "漢", "x"]),
            (
                "한국 ไทย",
                &[
                    "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}",
                    "ไ",
                    "ท",
                    "ย",
                ],
            ),
            ("½ ²", &["½", "²"]),
            ("𝐀b 𐐀", &["𝐀b", "𐐨"]),
            ("a\u{200b}b", &["a", "b"]),
            ("👩\u{200d}🚀", &[]),
            ("हिन्दी", &["हिनदी"]),
            ("한", &["\u{1112}\u{1161}\u{11ab}"]),
            ("x≠y", &["x", "y"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn the_table_agrees_with_the_definition_for_every_character() {
        for c in (0..=0x2_ffff).filter_map(char::from_u32) {
            let mut slow = vec![Vec::new()];
            fold(c, |folded| match folded {
                Folded::Letter(l) => push(slow.last_mut().expect("never empty"), l),
                Folded::Dropped => {}
                Folded::Separator => slow.push(Vec::new()),
            });
            slow.retain(|w| !w.is_empty());
            let mut fast = Vec::new();
            fold_words(c.encode_utf8(&mut [0; 4]), &mut Vec::new(), |w| {
                fast.push(w.to_vec());
            });
            assert_eq!(fast, slow, "U+{:04X}", c as u32);
        }
    }
}
