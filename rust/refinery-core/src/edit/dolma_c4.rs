//! The text that Dolma's replication of C4 leaves: lines that end a sentence and have three words.

use super::{Edit, EditScratch};
use crate::signal::dolma::c4::{ends_sentence, has_few_words};
use crate::text::lines::{newline_lines, strip};

/// What the mix `configs/c4-replication` leaves.
pub static EDIT: Edit = Edit {
    name: "dolma.c4_replication",
    definition: "Lines with their newlines, as they are, that end in `. ? ! \"` before white space and have 3 words or more.",
    source: "allenai/dolma 669f534, configs/c4-replication/mixer.yaml, tagger c4_v2",
    apply,
};

fn apply(text: &str, _: &mut EditScratch, out: &mut String) {
    let end = text.as_ptr() as usize + text.len();
    for line in newline_lines(text) {
        let stripped = strip(line);
        if ends_sentence(stripped) && !has_few_words(stripped) {
            out.push_str(line);
            let is_last = line.as_ptr() as usize + line.len() == end;
            if !is_last {
                out.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::EDIT;

    #[test]
    fn lines_are_kept_as_they_are() {
        let cases = [
            ("", ""),
            ("A b c.", "A b c."),
            ("A b c.\n", "A b c.\n"),
            (
                "  A b c. \r\n\nno mark\nD e.\nF g h!",
                "  A b c. \r\nF g h!",
            ),
            ("A b c.\nno", "A b c.\n"),
            (
                "A b c...\nA b c…\nA b 'c'\nA b \"c\"",
                "A b c...\nA b \"c\"",
            ),
        ];
        check(&EDIT, &cases);
    }
}
