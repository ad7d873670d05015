//! DCLM's bound on empty lines: at most two newlines in a row.

use memchr::memmem;

use super::Edit;

/// The edit.
pub static EDIT: Edit = Edit {
    name: "dclm.newlines",
    definition: "The text with each run of three newlines or more cut to two.",
    source: "mlfoundations/dclm 361714b, newline_removal_modifier(max_consecutive=2)",
    apply: |text, _, out| {
        let mut rest = text;
        while let Some(at) = memmem::find(rest.as_bytes(), b"\n\n\n") {
            out.push_str(&rest[..at + 2]);
            rest = rest[at..].trim_start_matches('\n');
        }
        out.push_str(rest);
    },
};

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::EDIT;

    #[test]
    fn two_newlines_are_left_of_a_longer_run() {
        let cases = [
            ("", ""),
            ("\n\n", "\n\n"),
            ("\n\n\na\n\n\n\n\nb\n\nc\n \n\n\n", "\n\na\n\nb\n\nc\n \n\n"),
            ("a\r\n\r\n\r\nb", "a\r\n\r\n\r\nb"),
        ];
        check(&EDIT, &cases);
    }
}
