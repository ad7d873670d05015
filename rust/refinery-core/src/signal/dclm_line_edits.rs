//! How much the line edits of DCLM and of `RefinedWeb`'s paper remove from a document.
//!
//! The original edits the text in seven steps, drops a document of which a step leaves nothing, and
//! then one that lost more than a share of its words; here the edits are only asked for their numbers.
//! These families read the text *before* the edits. The edited text is the view `dclm.lines` or
//! `refinedweb.lines`; thresholds are in the presets `dclm/line_edits` and `refinedweb/line_edits`.

use super::{Asked, Family, Scratch, SignalSpec, fraction};
use crate::edit::dclm_lines::{Fate, LineEditor, STEPS, judge};
use crate::text::lines::{newline_lines, split_spaces};
use crate::text::words::count_fasttext_words;
use crate::text::{Doc, Needs};

const LINES_LEFT: &str = "0 and more";

const fn lines_left(name: &'static str, definition: &'static str) -> SignalSpec {
    SignalSpec {
        name,
        definition,
        range: LINES_LEFT,
    }
}

/// DCLM's line edits.
pub static FAMILY: Family = Family {
    name: "dclm.line_edits",
    prefix: "dclm.line_edits.",
    source: "mlfoundations/dclm 361714b, word_removal_ratio_filter around the line modifiers of dclm_baseline_refinedweb.yaml",
    signals: &[
        lines_left(
            "n_lines_after_uppercase",
            "Lines left when those mostly in capitals are gone; 0 where no text is left.",
        ),
        lines_left(
            "n_lines_after_digits",
            "Lines left when those of digits are gone too.",
        ),
        lines_left(
            "n_lines_after_counters",
            "Lines left when counters are gone too.",
        ),
        lines_left(
            "n_lines_after_short_lines",
            "Lines left when those of fewer than 2 words, but not empty ones, are gone too.",
        ),
        lines_left(
            "n_lines_after_items_in_cart",
            "Lines left when the phrase `items in cart` is gone out of short lines too.",
        ),
        lines_left(
            "n_lines_after_read_more",
            "Lines left when a final `read more` and three characters are gone from short lines too.",
        ),
        lines_left(
            "n_lines_after_sign_in",
            "Lines left when an initial `sign-in` is gone from short lines too.",
        ),
        SignalSpec {
            name: "frac_words_removed",
            definition: "Words (of fastText, first character a letter or a number) that the edits removed over the words before them.",
            range: "at most 1, below 0 where an edit uncovered a word; null without words",
        },
    ],
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute,
};

/// The line edits of `RefinedWeb`'s paper.
pub static REFINEDWEB_FAMILY: Family = Family {
    name: "refinedweb.line_edits",
    prefix: "refinedweb.line_edits.",
    source: "Penedo et al. 2023 (RefinedWeb), appendix G.2",
    signals: &[
        SignalSpec {
            name: "n_lines_kept",
            definition: "Lines that are not removed, edited and empty ones included.",
            range: "0 and more",
        },
        SignalSpec {
            name: "frac_words_in_flagged_lines",
            definition: "Words of `split()` in lines that are removed or edited over all of them.",
            range: "0 to 1; null without words",
        },
    ],
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute: compute_refinedweb,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    editor: LineEditor,
    edited: String,
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let editor = &mut scratch.dclm_line_edits.editor;
    editor.edit(doc.text);
    let (of_steps, of_words) = out.split_at_mut(STEPS.len());
    for (n_left, out) in editor.n_left().into_iter().zip(of_steps) {
        *out = n_left as f64;
    }
    let before = count_fasttext_words(doc.text);
    let after: usize = editor.lines(doc.text).map(count_fasttext_words).sum();
    of_words[0] = if before == 0 {
        f64::NAN
    } else {
        (before as f64 - after as f64) / before as f64
    };
}

fn compute_refinedweb(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let edited = &mut scratch.dclm_line_edits.edited;
    let (mut n_kept, mut n_words, mut n_flagged) = (0, 0, 0);
    for line in newline_lines(doc.text) {
        let words = split_spaces(line).count();
        let fate = judge(line, edited);
        n_words += words;
        n_kept += usize::from(fate != Fate::Dropped);
        n_flagged += if fate == Fate::Kept { 0 } else { words };
    }
    out.copy_from_slice(&[n_kept as f64, fraction(n_flagged, n_words)]);
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::{FAMILY, REFINEDWEB_FAMILY};

    const NULL: f64 = f64::NAN;

    #[test]
    fn a_step_that_leaves_nothing_is_seen() {
        check(
            &FAMILY,
            "n_lines_after_uppercase",
            &[("", 0.0), ("ABC", 0.0), ("a\nB\n", 1.0)],
        );
        check(&FAMILY, "n_lines_after_digits", &[("1", 0.0), ("1 2", 1.0)]);
        check(
            &FAMILY,
            "n_lines_after_counters",
            &[("1 views", 0.0), ("1 view", 1.0)],
        );
        check(
            &FAMILY,
            "n_lines_after_short_lines",
            &[("a", 0.0), ("a\n\nb", 0.0), ("a b", 1.0)],
        );
        check(
            &FAMILY,
            "n_lines_after_items_in_cart",
            &[("items in cart", 0.0), ("a b", 1.0)],
        );
        check(
            &FAMILY,
            "n_lines_after_read_more",
            &[("Read more...", 0.0), ("a b", 1.0)],
        );
        check(
            &FAMILY,
            "n_lines_after_sign_in",
            &[("sign-in \u{a0}", 0.0), ("a b", 1.0)],
        );
    }

    #[test]
    fn words_are_those_of_fasttext_before_and_after() {
        let cases = [
            ("", NULL),
            ("(a) (b)", NULL),
            ("a b\nword\nc d", 0.2),
            ("a b c\n(word)", 0.0),
            ("a b items in cart", 0.6),
            // What stood before a no-break space is no word of its own before it is stripped.
            ("\u{a0}a b", -1.0),
        ];
        check(&FAMILY, "frac_words_removed", &cases);
    }

    #[test]
    fn the_paper_counts_the_words_of_flagged_lines() {
        let cases = [
            ("", NULL),
            ("a b\nword\nc d", 0.2),
            ("a b items in cart\nc", 1.0),
            ("a b", 0.0),
        ];
        check(&REFINEDWEB_FAMILY, "frac_words_in_flagged_lines", &cases);
        check(
            &REFINEDWEB_FAMILY,
            "n_lines_kept",
            &[("", 1.0), ("a\nb c\n", 2.0)],
        );
    }
}
