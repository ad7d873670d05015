//! Paragraphs without a letter or digit, as Dolma's tagger `not_alphanum_paragraph_v1` finds them.

use super::super::{Asked, Family, Scratch};
use super::classes::{EMOJI, PUNCT, SPACE, table};
use super::spec;
use crate::text::lines::{newline_lines, strip};
use crate::text::{Doc, Needs};

/// The family.
pub static FAMILY: Family = Family {
    name: "dolma.not_alphanum_paragraph_v1",
    prefix: "dolma.not_alphanum_paragraph_v1.",
    source: "allenai/dolma 669f534 (release 1.2.1), taggers/punctuation.py",
    signals: &[
        spec(
            "n_paragraphs",
            "Paragraphs: lines of `split(\"\\n\")` that are not blank.",
            "0 and more",
        ),
        spec(
            "n_all_punct_paragraphs",
            "Paragraphs of nothing but punctuation, symbols, emoji and white space.",
            "0 and more",
        ),
    ],
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute,
};

fn compute(doc: &Doc<'_>, _: &mut Scratch, out: &mut [f64]) {
    let table = table();
    let (mut n, mut n_all_punct) = (0_usize, 0_usize);
    for paragraph in newline_lines(doc.text).filter(|line| !strip(line).is_empty()) {
        n += 1;
        let mut chars = paragraph.chars();
        n_all_punct += usize::from(chars.all(|c| table.get(c) & (PUNCT | SPACE | EMOJI) != 0));
    }
    out.copy_from_slice(&[n as f64, n_all_punct as f64]);
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;
    use super::FAMILY;

    #[test]
    fn blank_lines_are_no_paragraphs() {
        let cases = [("", 0.0), ("\n \n\x1c\n", 0.0), ("a\n\n--\r\nb", 3.0)];
        check(&FAMILY, "n_paragraphs", &cases);
    }

    #[test]
    fn punctuation_symbols_emoji_and_spaces_only() {
        let cases = [
            ("", 0.0),
            ("* * *\n---\r\n$ + <= |", 3.0),
            ("😀 ☃ ✂\n。、！？\n“…”", 3.0),
            ("a\n-1-\n日\nⓐ\n½", 0.0),
            // A separator that `str` strips and the `regex` module does not know as white space.
            ("-\x1c", 0.0),
        ];
        check(&FAMILY, "n_all_punct_paragraphs", &cases);
    }
}
