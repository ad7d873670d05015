//! The same words laid out otherwise: what a filter that counts lines or paragraphs really judges.
//!
//! Only white space changes: `text.split()` is the same before and after, and so are the words
//! between two ends of paragraphs. Runs of white space become one space, or the line end of the
//! layout; nothing stands before the first word or after the last.
//!
//! A paragraph is a run of lines (of `str.splitlines()`) without a blank one between; in a text
//! without blank lines each line is one, since what else tells them apart is gone. So
//! `layout.newlines` and `layout.blank_lines` are each other's inverse.
//!
//! ```
//! use refinery_core::edit::{EditScratch, edit};
//!
//! let mut lines = String::new();
//! let layout = edit("layout.newlines").unwrap();
//! (layout.apply)("One\nparagraph.\n\nAnother.\n", &mut EditScratch::default(), &mut lines);
//! assert_eq!(lines, "One paragraph.\nAnother.");
//! ```

use super::Edit;
use crate::text::lines::{split_lines, split_spaces, strip};
use crate::text::spacy::SpacyWords;

const SOURCE: &str = "refinery; a layout for the layout test";

/// Columns of [`WRAPPED`]; a longer word stands on a line of its own.
const COLUMNS: usize = 80;

/// Paragraphs of one line, a blank line between.
pub static BLANK_LINES: Edit = Edit {
    name: "layout.blank_lines",
    definition: "Each paragraph on one line, with a blank line between paragraphs.",
    source: SOURCE,
    apply: |text, _, out| join_paragraphs(text, "\n\n", out),
};

/// Paragraphs of one line, nothing between.
pub static NEWLINES: Edit = Edit {
    name: "layout.newlines",
    definition: "Each paragraph on one line, without blank lines.",
    source: SOURCE,
    apply: |text, _, out| join_paragraphs(text, "\n", out),
};

/// No line end at all.
pub static ONE_LINE: Edit = Edit {
    name: "layout.one_line",
    definition: "The whole text on one line.",
    source: SOURCE,
    apply: |text, _, out| join_paragraphs(text, " ", out),
};

/// Lines as long as a terminal is wide.
pub static WRAPPED: Edit = Edit {
    name: "layout.wrapped",
    definition: "Lines broken before column 81, with a blank line between paragraphs.",
    source: SOURCE,
    apply: |text, _, out| wrap(text, out),
};

/// A sentence a line.
pub static SENTENCES: Edit = Edit {
    name: "layout.sentences",
    definition: "Each sentence of each paragraph on a line of its own, without blank lines.",
    source: SOURCE,
    apply: |text, scratch, out| break_sentences(text, &mut scratch.layout, out),
};

/// Buffers of `layout.sentences`.
#[derive(Default)]
pub struct Buffers {
    /// Made when first needed: its caches are large.
    words: Option<Box<SpacyWords>>,
    paragraph: String,
}

/// Calls `line` with every line that is not blank, and whether a paragraph begins with it.
fn for_each_line<'a>(text: &'a str, mut line: impl FnMut(&'a str, bool)) {
    let text = strip(text);
    let is_blank = |line: &str| strip(line).is_empty();
    let has_blank_lines = split_lines(text).any(is_blank);
    let mut begins = true;
    for found in split_lines(text) {
        if is_blank(found) {
            begins = true;
        } else {
            line(found, begins || !has_blank_lines);
            begins = false;
        }
    }
}

fn join_paragraphs(text: &str, between: &str, out: &mut String) {
    for_each_line(text, |line, begins| {
        if !out.is_empty() {
            out.push_str(if begins { between } else { " " });
        }
        push_words(line, out);
    });
}

/// Appends the words of `line`, which has at least one, with a space between.
fn push_words(line: &str, out: &mut String) {
    let mut words = split_spaces(line);
    out.extend(words.next());
    for word in words {
        out.push(' ');
        out.push_str(word);
    }
}

fn wrap(text: &str, out: &mut String) {
    let mut column = 0;
    for_each_line(text, |line, begins| {
        if begins {
            column = 0;
            if !out.is_empty() {
                out.push_str("\n\n");
            }
        }
        for word in split_spaces(line) {
            let length = word.chars().count();
            if column > 0 {
                let fits = column + 1 + length <= COLUMNS;
                out.push(if fits { ' ' } else { '\n' });
                column = if fits { column + 1 } else { 0 };
            }
            out.push_str(word);
            column += length;
        }
    });
}

fn break_sentences(text: &str, buffers: &mut Buffers, out: &mut String) {
    let Buffers { words, paragraph } = buffers;
    let words = words.get_or_insert_default();
    paragraph.clear();
    for_each_line(text, |line, begins| {
        if begins {
            push_sentences(paragraph, words, out);
            paragraph.clear();
        } else {
            paragraph.push(' ');
        }
        push_words(line, paragraph);
    });
    push_sentences(paragraph, words, out);
}

/// Appends the sentences of a paragraph of one line, as datatrove finds them there. One that ends
/// within a word (`end.Start`) does not end here, where a line end would make two words of it.
fn push_sentences(paragraph: &str, words: &mut SpacyWords, out: &mut String) {
    let mut start = 0;
    words.for_each_sentence(paragraph, |sentence| {
        if paragraph[sentence.end..].starts_with(' ') || sentence.end == paragraph.len() {
            let line = &paragraph[start..sentence.end];
            if !out.is_empty() && !line.is_empty() {
                out.push('\n');
            }
            out.push_str(line);
            start = (sentence.end + 1).min(paragraph.len());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::super::{EDITS, EditScratch};
    use super::*;

    static LAYOUTS: [&Edit; 5] = [&BLANK_LINES, &NEWLINES, &ONE_LINE, &WRAPPED, &SENTENCES];

    const TEXTS: &[&str] = &[
        "",
        " \n\t\r\n ",
        "one",
        "  One  line. Two\u{a0}sentences!  ",
        "A heading\n\nA paragraph\nof two lines. And more.\n\n\n- an item\n- an item\n",
        "no\nblank\nlines. At all.\n",
        "\n\nonly\nblank at the ends\n\n",
        "a\r\n\r\nb\r\nc\x0bd\x0c\x0ce\u{2028}f\u{2029}\u{85}g\x1ch\x1fi",
        "end.Start of? \"Yes.\" (No!) ... e.g. this 3.5 a. m. \u{3002}\u{65e5}\u{672c}\u{3002} x",
        "IS_ALPHA. \u{200b}zero\u{200b} \u{feff} wide\u{3000}space\0nul",
        "Mr. Smith went. \n He . . . came ! \n\n ? ",
    ];

    fn laid_out(edit: &Edit, text: &str) -> String {
        let mut out = String::new();
        (edit.apply)(text, &mut EditScratch::default(), &mut out);
        out
    }

    #[test]
    fn what_a_layout_makes_of_a_text() {
        let text = " A heading\n\nA  paragraph\r\nof two. And\tmore\n \nEnd.\n";
        let laid = [
            "A heading\n\nA paragraph of two. And more\n\nEnd.",
            "A heading\nA paragraph of two. And more\nEnd.",
            "A heading A paragraph of two. And more End.",
            "A heading\n\nA paragraph of two. And more\n\nEnd.",
            "A heading\nA paragraph of two.\nAnd more\nEnd.",
        ];
        for (edit, expected) in LAYOUTS.iter().zip(laid) {
            check(edit, &[(text, expected), ("", ""), (" \n\x0c ", "")]);
        }
    }

    #[test]
    fn lines_are_paragraphs_where_no_line_is_blank() {
        check(&BLANK_LINES, &[("\n\na\nb c\n\n", "a\n\nb c")]);
        check(&BLANK_LINES, &[("a\nb\n\nc", "a b\n\nc")]);
    }

    #[test]
    fn a_wrapped_line_has_80_characters_at_most() {
        let word = "\u{e9}".repeat(39);
        let text = format!("{word} {word} {word}x {word} {}", "y".repeat(90));
        let expected = format!("{word} {word}\n{word}x {word}\n{}", "y".repeat(90));
        let expected_80 = format!("{word}x {word}");
        assert_eq!(expected_80.chars().count(), 80);
        check(&WRAPPED, &[(&text, &expected)]);
        check(
            &WRAPPED,
            &[(&format!("{word}x {word}x"), &format!("{word}x\n{word}x"))],
        );
    }

    #[test]
    fn a_sentence_ends_its_line_unless_it_ends_within_a_word() {
        let cases = [
            ("One. Two! Three", "One.\nTwo!\nThree"),
            ("One.\nTwo", "One.\nTwo"),
            ("end.Start of it. Next", "end.Start of it.\nNext"),
            ("\"It is.\" He said.", "\"It is.\"\nHe said."),
        ];
        check(&SENTENCES, &cases);
    }

    #[test]
    fn only_white_space_changes() {
        for edit in LAYOUTS {
            for text in TEXTS {
                let out = laid_out(edit, text);
                let (words, found): (Vec<_>, Vec<_>) =
                    (split_spaces(text).collect(), split_spaces(&out).collect());
                assert_eq!(found, words, "{} of {text:?}", edit.name);
                assert_eq!(strip(&out), out, "{} of {text:?}", edit.name);
            }
        }
    }

    #[test]
    fn a_layout_does_not_depend_on_the_paragraphs_layout_before() {
        for text in TEXTS {
            for before in [&BLANK_LINES, &NEWLINES] {
                let other = laid_out(before, text);
                for edit in LAYOUTS {
                    let expected = laid_out(edit, text);
                    assert_eq!(
                        laid_out(edit, &other),
                        expected,
                        "{} of {text:?}",
                        edit.name
                    );
                    if edit.name != WRAPPED.name && edit.name != SENTENCES.name {
                        assert_eq!(laid_out(edit, &expected), expected, "twice: {text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_layout_is_an_edit() {
        for layout in LAYOUTS {
            assert!(EDITS.iter().any(|edit| edit.name == layout.name));
        }
    }
}
