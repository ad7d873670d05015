//! Lengths of a document as Dolma's taggers count them, besides `n_chars` and `n_bytes`.
//!
//! Not here: lengths of paragraphs, and in tokens of a tokenizer (`n_tokens`).

use super::super::{Asked, Family, Scratch};
use super::classes::{SPACE, WORD, table};
use super::spec;
use crate::text::lines::strip;
use crate::text::{Doc, Needs};

/// The family.
pub static FAMILY: Family = Family {
    name: "dolma.lengths",
    prefix: "dolma.lengths.",
    source: "allenai/dolma 669f534 (release 1.2.1), taggers/length.py: char_length_strip_ws_v1, whitespace_tokenizer_v1",
    signals: &[
        spec(
            "n_chars_stripped",
            "Characters of the text without white space at its ends (char_length_strip_ws_v1).",
            "0 and more",
        ),
        spec(
            "n_parts_between_runs",
            "1 more than there are runs of word characters and runs of other characters that are no white space (whitespace_tokenizer_v1: the original counts what lies between the runs).",
            "1 and more",
        ),
    ],
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute,
};

fn compute(doc: &Doc<'_>, _: &mut Scratch, out: &mut [f64]) {
    let stripped = strip(doc.text);
    let cut = doc.text.len() - stripped.len();
    // White space at the ends is short; the length of the text is known.
    let n_cut = if cut == 0 {
        0
    } else {
        let start = stripped.as_ptr() as usize - doc.text.as_ptr() as usize;
        let ends = [&doc.text[..start], &doc.text[start + stripped.len()..]];
        ends.into_iter().map(|end| end.chars().count()).sum()
    };
    out[0] = (doc.n_chars - n_cut) as f64;
    out[1] = (count_runs(doc.text) + 1) as f64;
}

/// Maximal runs of word characters, and of characters that are neither that nor white space.
fn count_runs(text: &str) -> usize {
    let table = table();
    let mut n = 0;
    let mut last = SPACE;
    for c in text.chars() {
        let class = table.get(c) & (WORD | SPACE);
        n += usize::from(class != last && class != SPACE);
        last = class;
    }
    n
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;
    use super::FAMILY;

    #[test]
    fn ends_are_stripped_as_python_does() {
        let cases = [
            ("", 0.0),
            (" \n\x1c", 0.0),
            ("\u{3000}é b\u{85}", 3.0),
            ("a", 1.0),
        ];
        check(&FAMILY, "n_chars_stripped", &cases);
    }

    #[test]
    fn one_more_than_runs() {
        let cases = [
            ("", 1.0),
            (" \n", 1.0),
            ("one", 2.0),
            ("one, two.", 5.0),
            ("don't", 4.0),
            ("a_1 ½", 3.0),
            ("नमस्ते e\u{301}t", 3.0),
            // A unit separator is white space to `str`, and here another character.
            ("a\x1fb", 4.0),
        ];
        check(&FAMILY, "n_parts_between_runs", &cases);
    }
}
