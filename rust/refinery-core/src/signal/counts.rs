//! Plain counts of a document, under their own names: words by white space, and lines.
//!
//! Not here: `n_chars`, `n_bytes` and `n_tokens`, which every pass makes without being asked, and
//! the words of spaCy's tokenizer, in which datatrove's filters count.

use super::{Asked, Family, Scratch, SignalSpec};
use crate::text::chars::{ASCII, Classes, is_space};
use crate::text::{Doc, Needs};

/// The family.
pub static FAMILY: Family = Family {
    name: "counts",
    prefix: "",
    source: "CPython 3.11, str.split() and str.splitlines()",
    signals: &[
        SignalSpec {
            name: "n_words",
            definition: "Words: maximal runs of characters that are no white space, as \
                         str.split() gives them.",
            range: "0 or more; never null",
        },
        SignalSpec {
            name: "n_lines",
            definition: "Lines as str.splitlines() gives them: a final line break opens no \
                         further line.",
            range: "0 or more; never null",
        },
    ],
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute,
};

fn compute(doc: &Doc<'_>, _: &mut Scratch, out: &mut [f64]) {
    out[0] = count_words(doc.text) as f64;
    out[1] = count_lines(doc.text) as f64;
}

/// `len(text.split())`.
fn count_words(text: &str) -> usize {
    let mut n = 0;
    let mut after_space = true;
    for_each_char(text, |c| {
        let space = if c.is_ascii() {
            ASCII[c as usize].any(Classes::SPACE)
        } else {
            is_space(c)
        };
        n += usize::from(after_space && !space);
        after_space = space;
    });
    n
}

/// `len(text.splitlines())`.
fn count_lines(text: &str) -> usize {
    let mut n = 0;
    // As if a line break came before: an empty text has no line.
    let mut last = '\n';
    for_each_char(text, |c| {
        let ends_line = is_line_break(c) && !(c == '\n' && last == '\r');
        n += usize::from(ends_line);
        last = c;
    });
    n + usize::from(!is_line_break(last))
}

/// The line breaks of `str.splitlines()`; the pair CR LF is one.
fn is_line_break(c: char) -> bool {
    match c {
        '\n'..='\r' | '\u{1c}'..='\u{1e}' => true,
        '\0'..='\u{84}' => false,
        _ => matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'),
    }
}

/// Calls `f` for each character; ASCII runs go without decoding.
#[inline]
fn for_each_char(text: &str, mut f: impl FnMut(char)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] < 0x80 {
            f(char::from(bytes[at]));
            at += 1;
        } else {
            // `at` is a character boundary, since every step was over a whole character.
            let c = text[at..].chars().next().unwrap_or('\0');
            f(c);
            at += c.len_utf8();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_lines_by_hand() {
        // Values of len(text.split()) and len(text.splitlines()).
        let cases = [
            ("", 0, 0),
            (" ", 0, 1),
            ("\n", 0, 1),
            ("one", 1, 1),
            ("one two\n", 2, 1),
            ("a\n\nb", 2, 3),
            ("a\r\nb\r\n", 2, 2),
            ("a\r\r\nb", 2, 3),
            ("a\n\rb", 2, 3),
            ("\r\n", 0, 1),
            (
                "a\u{b}b\u{c}c\u{1c}d\u{1d}e\u{1e}f\u{85}g\u{2028}h\u{2029}i",
                9,
                9,
            ),
            ("a\u{1f}b\u{a0}c\u{3000}d\u{200b}e", 4, 1),
            ("a\0b", 1, 1),
            ("日本 語", 2, 1),
        ];
        for (text, words, lines) in cases {
            assert_eq!(count_words(text), words, "words of {text:?}");
            assert_eq!(count_lines(text), lines, "lines of {text:?}");
        }
    }
}
