//! The text that C4's line rules leave, as the reference implementation and as datatrove's
//! `C4QualityFilter` leave it.

use super::{Edit, EditScratch};
use crate::signal::c4_lines::{Fate, LineRules};
use crate::text::lines::{split_lines, strip};

const SOURCE: &str =
    "huggingface/datatrove 0.10.0, C4QualityFilter; Raffel et al. 2020, section 2.2";

/// What C4's reference implementation leaves of a page.
pub static REFERENCE_EDIT: Edit = Edit {
    name: "c4",
    definition: "Lines that the line rules of C4's reference implementation keep, stripped, without citations, joined by a newline.",
    source: "tensorflow/datasets 4.9.10, text/c4_utils.py (clean_page); Raffel et al. 2020, section 2.2",
    apply: |text, scratch, out| apply(text, LineRules::REFERENCE, scratch, out),
};

/// What datatrove leaves with all of C4's line rules.
pub static EDIT: Edit = Edit {
    name: "datatrove.c4",
    definition: "Lines that C4's line rules keep, stripped, without citations, joined by a newline.",
    source: SOURCE,
    apply: |text, scratch, out| apply(text, LineRules::DATATROVE, scratch, out),
};

/// What C4 leaves as `FineWeb` runs it: lines need no terminal punctuation.
pub static FINEWEB_EDIT: Edit = Edit {
    name: "datatrove.c4_fineweb",
    definition: "As datatrove.c4, with lines that end in no terminal punctuation kept.",
    source: SOURCE,
    apply: |text, scratch, out| apply(text, LineRules::FINEWEB, scratch, out),
};

/// Defined for every text: of a document that a document rule drops it is what its other lines and
/// those would be.
fn apply(text: &str, rules: LineRules, scratch: &mut EditScratch, out: &mut String) {
    let judge = &mut scratch.c4;
    judge.load(text);
    for line in split_lines(text) {
        let judged = judge.judge(strip(line), rules);
        if judged.fate == Fate::Kept {
            out.push_str(judged.text);
            out.push('\n');
        }
    }
    let kept = strip(out);
    let start = kept.as_ptr() as usize - out.as_ptr() as usize;
    let end = start + kept.len();
    out.truncate(end);
    out.drain(..start);
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::{EDIT, FINEWEB_EDIT, REFERENCE_EDIT};

    #[test]
    fn what_is_left_are_the_kept_lines() {
        let cases = [
            ("", ""),
            ("no mark", ""),
            (
                "  A b c. \r\n\r\nno mark here\u{2028}D[1] e f!\x0b",
                "A b c.\nD e f!",
            ),
            ("[1] [2] [3].\nA b c.", ".\nA b c."),
            ("[1] A b.\nC d e.", "A b.\nC d e."),
        ];
        check(&EDIT, &cases);
        check(&FINEWEB_EDIT, &[("no mark here\n\na b", "no mark here")]);
    }
    #[test]
    fn the_reference_keeps_longer_lines_with_fewer_end_marks() {
        let cases = [
            ("A b c d.\nA b c d e.\nA b c d 'e.'", "A b c d e."),
            ("[1] [2] [3] [4] [5].\nA [1] b c d e[2].", "A  b c d e."),
        ];
        check(&REFERENCE_EDIT, &cases);
    }
}
