//! `CCNet`'s text normalisation, and the key by which its lines are the same.
//!
//! What it is: `text_normalizer.normalize` of `facebookresearch/cc_net` with its four options, and
//! `normalize_for_dedup` with the key made of it. Its language models were trained on normalised
//! text, so a perplexity ([`crate::lm`]) means something only after the same normalisation.
//!
//! What it is not: the punctuation rules for Moses' tokenizer (`CCNet`'s published models do not use
//! them), or the removal of lines over a corpus.
//!
//! Newlines are control characters and go: a normalised document is one line, and words that stood
//! on either side of a line's end become one. That is what the original does.
//!
//! Source: `facebookresearch/cc_net` bda555b, `cc_net/text_normalizer.py` and `cc_net/dedup.py`.
//! Unicode: the tables of [`super::chars`] and of the normalisation crate, where the original has
//! those of the running Python.
//!
//! ```
//! use refinery_core::text::ccnet::{Normalization, NormalizeScratch, line_key};
//!
//! let (mut scratch, mut out) = (NormalizeScratch::default(), String::new());
//! Normalization::DOCUMENT.apply(" Café — 1984 ", &mut scratch, &mut out);
//! assert_eq!(out, "cafe  -  0000");
//! assert_eq!(line_key("Page 12!", &mut scratch), line_key(" page 34！! ", &mut scratch));
//! ```

use std::sync::LazyLock;

use sha1::{Digest, Sha1};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, decompose_canonical};

use super::chars::CharTable;
use super::lines::strip;

/// What happens to the punctuation marks of [`ascii_mark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Punctuation {
    /// Nothing (`punct=0`).
    Keep,
    /// Each becomes its ASCII spelling (`punct=1`).
    Replace,
    /// Each is dropped (`punct=2`).
    Remove,
}

/// The options of `normalize`. White space at both ends and control characters always go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Normalization {
    /// Whether to decompose characters (NFD) and drop nonspacing marks.
    pub strip_accents: bool,
    /// Whether to make letters lower case.
    pub lower: bool,
    /// Whether every decimal digit becomes `0`.
    pub mask_digits: bool,
    /// What happens to punctuation beyond ASCII.
    pub punctuation: Punctuation,
}

/// Buffers of one thread.
#[derive(Default)]
pub struct NormalizeScratch {
    run: String,
    line: String,
}

impl Normalization {
    /// `normalize(line)`: what a document is before `CCNet`'s tokenizer and language model see it.
    pub const DOCUMENT: Self = Self {
        strip_accents: true,
        lower: true,
        mask_digits: true,
        punctuation: Punctuation::Replace,
    };

    /// `normalize_for_dedup(line)`: what two lines have in common when they are the same.
    pub const DEDUP: Self = Self {
        strip_accents: false,
        lower: true,
        mask_digits: true,
        punctuation: Punctuation::Remove,
    };

    /// Appends the normalised text to `out`.
    pub fn apply(self, text: &str, scratch: &mut NormalizeScratch, out: &mut String) {
        let text = strip(text);
        if self.lower && text.contains('Σ') {
            // The one letter whose lower case depends on its neighbours. Rare, so it may allocate.
            self.append(&text.to_lowercase(), scratch, out);
        } else {
            self.append(text, scratch, out);
        }
    }

    fn append(self, text: &str, scratch: &mut NormalizeScratch, out: &mut String) {
        out.reserve(text.len());
        let table = &*TABLE;
        let mut rest = text;
        while !rest.is_empty() {
            let ascii = rest.bytes().position(|b| b >= 0x80).unwrap_or(rest.len());
            let (plain, other) = rest.split_at(ascii);
            out.extend(plain.bytes().filter_map(|b| self.ascii(b)));
            let end = other.bytes().position(|b| b < 0x80).unwrap_or(other.len());
            self.append_other(&other[..end], table, &mut scratch.run, out);
            rest = &other[end..];
        }
    }

    #[inline]
    fn ascii(self, byte: u8) -> Option<char> {
        match byte {
            0..=31 | 127 => None,
            b'0'..=b'9' if self.mask_digits => Some('0'),
            b'A'..=b'Z' if self.lower => Some(char::from(byte | 0x20)),
            _ => Some(char::from(byte)),
        }
    }

    /// A run without ASCII. Characters that change case or decompose are collected, because marks
    /// must be brought into their canonical order with their neighbours; an ASCII character or
    /// one that does neither is a border that no mark crosses.
    fn append_other(self, text: &str, table: &CharTable, run: &mut String, out: &mut String) {
        let mut changing = 0;
        if self.lower {
            changing |= CASED;
        }
        if self.strip_accents {
            changing |= DECOMPOSES;
        }
        for c in text.chars() {
            let class = table.get(c);
            if class & changing == 0 {
                self.flush(table, run, out);
                self.emit(c, class, out);
            } else if self.lower {
                run.extend(c.to_lowercase());
            } else {
                run.push(c);
            }
        }
        self.flush(table, run, out);
    }

    fn flush(self, table: &CharTable, run: &mut String, out: &mut String) {
        if run.is_empty() {
            return;
        }
        if self.strip_accents {
            for c in run.nfd() {
                self.emit(c, table.get(c), out);
            }
        } else {
            for c in run.chars() {
                self.emit(c, table.get(c), out);
            }
        }
        run.clear();
    }

    /// What is left of a character in lower case and decomposed. A digit is masked before marks
    /// are looked up: the wide `１` is both.
    #[inline]
    fn emit(self, c: char, class: u8, out: &mut String) {
        if class & CONTROL != 0 || (self.strip_accents && class & MARK != 0) {
            return;
        }
        if self.mask_digits && class & DIGIT != 0 {
            out.push('0');
        } else if class & PUNCTUATION == 0 || self.punctuation == Punctuation::Keep {
            out.push(c);
        } else if self.punctuation == Punctuation::Replace {
            out.push_str(ascii_mark(c).unwrap_or_default());
        }
    }
}

/// Key of a line: two lines with one key are the same to `CCNet`.
///
/// The first eight bytes of the SHA-1 of the line under [`Normalization::DEDUP`], as a
/// little-endian number, which is how the original stores them.
pub fn line_key(line: &str, scratch: &mut NormalizeScratch) -> u64 {
    let mut normal = std::mem::take(&mut scratch.line);
    normal.clear();
    Normalization::DEDUP.apply(line, scratch, &mut normal);
    let digest = Sha1::digest(normal.as_bytes());
    scratch.line = normal;
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

/// The ASCII spelling of a punctuation mark, `None` for any other character.
///
/// That the wide digit one is a quotation mark is the original's slip. It shows only where digits
/// are kept, because masking comes first.
pub fn ascii_mark(c: char) -> Option<&'static str> {
    Some(match c {
        '，' | '、' => ",",
        '。' => ".",
        '„' | '”' | '“' | '«' | '»' | '１' | '」' | '「' | '《' | '》' => "\"",
        '´' | '’' => "'",
        '∶' | '：' => ":",
        '？' => "?",
        '！' => "!",
        '（' => "(",
        '）' => ")",
        '；' => ";",
        '–' | '━' | '►' => "-",
        '—' => " - ",
        '．' => ". ",
        '～' => "~",
        '…' => "...",
        '〈' => "<",
        '〉' => ">",
        '【' => "[",
        '】' => "]",
        '％' => "%",
        _ => return None,
    })
}

/// General category Mn.
const MARK: u8 = 1;
/// General category Nd, what `\d` matches.
const DIGIT: u8 = 1 << 1;
/// Known to [`ascii_mark`].
const PUNCTUATION: u8 = 1 << 2;
/// U+0000 to U+001F and U+007F to U+009F.
const CONTROL: u8 = 1 << 3;
/// Its lower case is another character, or several.
const CASED: u8 = 1 << 4;
/// Has a canonical decomposition, or may change places with a neighbour.
const DECOMPOSES: u8 = 1 << 5;

static TABLE: LazyLock<CharTable> = LazyLock::new(|| {
    let all = |test: fn(char) -> bool| -> Vec<(u32, u32)> {
        ('\0'..=char::MAX)
            .filter(|&c| test(c))
            .map(|c| (c as u32, c as u32))
            .collect()
    };
    CharTable::new(
        &[(MARK, r"\p{Mn}"), (DIGIT, r"\p{Nd}")],
        &[
            (PUNCTUATION, &all(|c| ascii_mark(c).is_some())),
            (CONTROL, &[(0, 31), (127, 159)]),
            (CASED, &all(|c| !c.to_lowercase().eq([c]))),
            (DECOMPOSES, &all(decomposes)),
        ],
    )
});

fn decomposes(c: char) -> bool {
    let mut is_itself = true;
    decompose_canonical(c, |part| is_itself &= part == c);
    !is_itself || canonical_combining_class(c) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(how: Normalization, text: &str) -> String {
        let mut out = String::new();
        how.apply(text, &mut NormalizeScratch::default(), &mut out);
        out
    }

    const NONE: Normalization = Normalization {
        strip_accents: false,
        lower: false,
        mask_digits: false,
        punctuation: Punctuation::Keep,
    };

    #[test]
    fn a_document_is_one_plain_line() {
        let cases = [
            ("", ""),
            (" \u{a0}\u{3000}\x1c ", ""),
            ("  Hello, World 42!  ", "hello, world 00!"),
            ("one\ntwo\tthree\r\n", "onetwothree"),
            ("a\u{7f}b\u{85}c\u{9f}d\u{a0}e", "abcd\u{a0}e"),
            ("ÀÉÎõü ñ ç Å", "aeiou n c a"),
            ("e\u{301}\u{323}x", "ex"),
            ("\u{301}a", "a"),
            ("İI ı", "ii ı"),
            ("ΟΔΟΣ ΣΑΣ Σ", "οδος σας σ"),
            ("ά Ώ ϓ", "α ω ϒ"),
            ("ß ﬁ Ⅷ", "ß ﬁ ⅷ"),
            ("٣ ３ १ ² ½", "0 0 0 ² ½"),
            ("１２", "00"),
            ("“a” — b… ‘c’", "\"a\"  -  b... ‘c'"),
            ("（Ａ）．", "(ａ). "),
            ("\u{1ffd}\u{2329}", "'<"), // their decompositions are marks
            (
                "가 한글",
                "\u{1100}\u{1161} \u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
            ),
            ("हिन्दी", "हिनदी"), // virama is a nonspacing mark, vowel signs here are spacing
            ("日本語ガ", "日本語カ"),
            ("й ё Й", "и е и"),
            ("😀👩\u{200d}👧", "😀👩\u{200d}👧"),
        ];
        for (text, expected) in cases {
            assert_eq!(apply(Normalization::DOCUMENT, text), expected, "{text:?}");
        }
    }

    #[test]
    fn each_option_acts_alone() {
        let text = " É1１٣“—” \n";
        let cases = [
            (NONE, "É1１٣“—”"),
            (
                Normalization {
                    strip_accents: true,
                    ..NONE
                },
                "E1１٣“—”",
            ),
            (
                Normalization {
                    lower: true,
                    ..NONE
                },
                "é1１٣“—”",
            ),
            (
                Normalization {
                    mask_digits: true,
                    ..NONE
                },
                "É000“—”",
            ),
            (
                Normalization {
                    punctuation: Punctuation::Replace,
                    ..NONE
                },
                "É1\"٣\" - \"",
            ),
            (
                Normalization {
                    punctuation: Punctuation::Remove,
                    ..NONE
                },
                "É1٣",
            ),
        ];
        for (how, expected) in cases {
            assert_eq!(apply(how, text), expected, "{how:?}");
        }
    }

    #[test]
    fn every_mark_has_its_spelling() {
        // The original's own test of replace_unicode_punct and remove_unicode_punct.
        let marks = "，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％";
        let replaced = Normalization {
            punctuation: Punctuation::Replace,
            ..NONE
        };
        assert_eq!(
            apply(replaced, marks),
            ",.,\"\"\"\"\"\"\"\"\"\"'::?!();- - . ~'...-<>[]%"
        );
        let removed = Normalization {
            punctuation: Punctuation::Remove,
            ..NONE
        };
        assert_eq!(apply(removed, marks), "");
    }

    #[test]
    fn lines_with_one_key() {
        // (line, line, whether they are the same)
        let cases = [
            ("Page 12", " page 34\t", true),
            ("a，b—c", "abc", true),
            ("a\u{0}b\u{9c}", "ab", true),
            ("０２３´∶：\x10 | ;012 hèllo", "000 | ;000 hèllo", true),
            ("hèllo", "hello", false), // accents stay
            ("a, b", "a b", false),    // ASCII punctuation stays
            ("a  b", "a b", false),
            ("", " \n", true),
        ];
        let mut scratch = NormalizeScratch::default();
        for (a, b, same) in cases {
            let keys = [a, b].map(|line| line_key(line, &mut scratch));
            assert_eq!(keys[0] == keys[1], same, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_key_is_the_start_of_the_sha1() {
        let mut scratch = NormalizeScratch::default();
        // SHA-1 of nothing begins da39a3ee 5e6b4b0d; of "abc" a9993e36 4706816a.
        assert_eq!(line_key("", &mut scratch), 0x0d4b_6b5e_eea3_39da);
        assert_eq!(line_key("ABC", &mut scratch), 0x6a81_0647_363e_99a9);
    }
}
