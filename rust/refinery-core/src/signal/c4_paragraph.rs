//! C4's rule for multilingual pages as numbers, computed as datatrove's `C4ParagraphFilter` does.
//!
//! A paragraph is a line here, and empty lines count. Thresholds are in the preset
//! `datatrove/c4_paragraph`.

use super::{Asked, Family, Scratch, SignalSpec};
use crate::text::{Doc, Needs};

/// The family.
pub static FAMILY: Family = Family {
    name: "datatrove.c4_paragraph",
    prefix: "datatrove.c4_paragraph.",
    source: "huggingface/datatrove 0.10.0, C4ParagraphFilter; Xue et al. 2021 (mC4), section 3.1",
    signals: &[
        SignalSpec {
            name: "n_paragraphs",
            definition: "Lines cut at `\\n` only, empty ones included.",
            range: "1 and more",
        },
        SignalSpec {
            name: "third_longest_paragraph_chars",
            definition: "Characters of the third longest of these lines.",
            range: "0 and more; null with fewer than three lines",
        },
    ],
    needs: Needs {
        lines: true,
        ..Needs::NONE
    },
    of_words: Asked::ALL,
    compute,
};

fn compute(doc: &Doc<'_>, _scratch: &mut Scratch, out: &mut [f64]) {
    let mut n_lines = 0;
    // The three longest so far, the longest first.
    let mut longest = [0; 3];
    for line in doc.lines.at_newlines() {
        n_lines += 1;
        // A line has no more characters than bytes: most need not be counted.
        if line.len() > longest[2] {
            let n_chars = line.chars().count();
            let at = longest.partition_point(|&n| n >= n_chars);
            if at < longest.len() {
                longest[at..].rotate_right(1);
                longest[at] = n_chars;
            }
        }
    }
    let third = if n_lines < longest.len() {
        f64::NAN
    } else {
        longest[2] as f64
    };
    out.copy_from_slice(&[n_lines as f64, third]);
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::FAMILY;

    #[test]
    fn lines_are_cut_at_newlines_only() {
        check(
            &FAMILY,
            "n_paragraphs",
            &[("", 1.0), ("a\r\nb\u{2028}c\n", 3.0), ("\n\n\n", 4.0)],
        );
    }

    #[test]
    fn the_third_longest_is_measured_in_characters() {
        let cases = [
            ("", f64::NAN),
            ("abc\nabc", f64::NAN),
            ("\n\n", 0.0),
            ("abc\n\nab", 0.0),
            ("a\nabcd\nabc\nab", 2.0),
            ("abcd\nabc\nab\na", 2.0),
            ("ab\nab\nab\nab", 2.0),
            ("ééé\nabcd\n漢字\nabcde\r", 3.0),
        ];
        check(&FAMILY, "third_longest_paragraph_chars", &cases);
    }
}
