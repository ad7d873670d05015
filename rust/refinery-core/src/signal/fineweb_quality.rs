//! `FineWeb`'s quality rules as numbers, computed as datatrove's `FineWebQualityFilter` does.
//!
//! Not the report's prose: a trailing space or a quote after the full stop makes a line
//! unpunctuated, and so does the carriage return of a Windows file. Thresholds are in the preset
//! `datatrove/fineweb_quality`.

use super::repeats::{PartBuffers, repeated_parts};
use super::{Asked, Family, Scratch, SignalSpec, fraction};
use crate::text::lines::strip;
use crate::text::punctuation::is_terminal;
use crate::text::{Doc, Needs};

/// A line of so many characters is still short.
const SHORT_LINE_CHARS: usize = 30;

const OF_LINES: &str = "0 to 1; null without a line that is not blank";

/// The family.
pub static FAMILY: Family = Family {
    name: "datatrove.fineweb_quality",
    prefix: "datatrove.fineweb_quality.",
    source: "huggingface/datatrove 0.10.0, FineWebQualityFilter; Penedo et al. 2024",
    signals: &[
        SignalSpec {
            name: "n_nonblank_lines",
            definition: "Lines (cut at `\\n` only, not stripped) with a character that is not white space.",
            range: "0 and more",
        },
        SignalSpec {
            name: "frac_lines_ending_punct",
            definition: "Non-blank lines whose very last character is one of 159 terminal marks, over the non-blank lines.",
            range: OF_LINES,
        },
        SignalSpec {
            name: "frac_short_lines",
            definition: "Non-blank lines of 30 characters or fewer over the non-blank lines.",
            range: OF_LINES,
        },
        SignalSpec {
            name: "dup_line_char_frac",
            definition: "Characters of non-blank lines equal to an earlier one, over the characters of the text without newlines.",
            range: "0 to below 1; null for text of newlines only",
        },
        SignalSpec {
            name: "newline_to_word_ratio",
            definition: "Newline characters over all words, punctuation included.",
            range: "0 and more; null without words",
        },
    ],
    needs: Needs {
        lines: true,
        words: true,
        ..Needs::NONE
    },
    of_words: Asked::at(4..5),
    compute,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    parts: PartBuffers,
}

/// Whether a line is white space; most begin with a character that is none.
fn is_blank(line: &str) -> bool {
    !line.as_bytes().first().is_some_and(u8::is_ascii_graphic) && strip(line).is_empty()
}

/// Whether a line has no more characters than a short one; reads no more of it than needed.
fn is_short(line: &str) -> bool {
    let bytes = line.as_bytes();
    match bytes.get(..=SHORT_LINE_CHARS) {
        None => true,
        Some(first) => {
            // More characters than a short line has, if each is one byte.
            !first.is_ascii()
                && bytes.len() <= SHORT_LINE_CHARS * 4
                && line.chars().count() <= SHORT_LINE_CHARS
        }
    }
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let newlines = doc.lines.n_newlines();
    let (mut punctuated, mut short) = (0, 0);
    let nonblank = doc.lines.at_newlines().filter(|line| !is_blank(line));
    let lines = nonblank.inspect(|line| {
        punctuated += usize::from(line.ends_with(is_terminal));
        short += usize::from(is_short(line));
    });
    let parts = &mut scratch.fineweb_quality.parts;
    let repeated = repeated_parts(doc.text, lines, parts);
    out.copy_from_slice(&[
        repeated.n_parts as f64,
        fraction(punctuated, repeated.n_parts),
        fraction(short, repeated.n_parts),
        fraction(repeated.repeated_chars, doc.n_chars - newlines),
        fraction(newlines, doc.words.len()),
    ]);
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::FAMILY;

    const NULL: f64 = f64::NAN;

    #[test]
    fn blank_lines_do_not_count() {
        check(
            &FAMILY,
            "n_nonblank_lines",
            &[("", 0.0), ("\n \n\x1c\u{3000}\n", 0.0), ("a\n\n b", 2.0)],
        );
    }

    #[test]
    fn the_very_last_character_ends_a_line() {
        let cases = [
            ("", NULL),
            ("Yes.", 1.0),
            ("Yes. ", 0.0),
            ("“Yes.”", 0.0),
            ("'Yes.'", 0.0),
            ("Yes.\r\nNo.\r\n", 0.0),
            ("はい。\nWhy?!\n…\nत।", 0.75),
        ];
        check(&FAMILY, "frac_lines_ending_punct", &cases);
    }

    #[test]
    fn thirty_characters_are_short() {
        let (thirty, more) = ("é".repeat(30), "é".repeat(31));
        let wide = "𝒳".repeat(30);
        let text = format!("{thirty}\n{more}\n{wide}\n{wide}.");
        check(
            &FAMILY,
            "frac_short_lines",
            &[("", NULL), (&text, 0.5), (&"a".repeat(31), 0.0)],
        );
    }

    #[test]
    fn repeated_lines_are_over_the_text_without_newlines() {
        let cases = [
            ("\n\n", NULL),
            ("ab\nab\nc\n\n", 0.4),
            ("ab\nab ", 0.0),
            (" \n ", 0.0),
        ];
        check(&FAMILY, "dup_line_char_frac", &cases);
    }

    #[test]
    fn newlines_are_over_words() {
        check(
            &FAMILY,
            "newline_to_word_ratio",
            &[("\n", NULL), ("a b\r\nc d\n", 0.5), ("a\rb", 0.0)],
        );
    }
}
