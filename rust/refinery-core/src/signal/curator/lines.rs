//! Lines that are not blank: how they start, how they end, how many are different.

use crate::signal::repeats::{PartBuffers, RepeatedParts, repeated_parts};
use crate::text::Doc;
use crate::text::lines::{count_newlines, newline_lines, strip};

/// Counts of lines that are not blank.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lines {
    pub repeated: RepeatedParts,
    /// Characters of all of them.
    pub chars: usize,
    pub without_end_mark: usize,
    pub ending_ellipsis: usize,
    pub starting_bullet: usize,
}

/// Bullets, without the hyphen and the star.
const BULLETS: [char; 12] = ['•', '‣', '⁃', '⁌', '⁍', '∙', '○', '●', '◘', '◦', '⦾', '⦿'];

pub(super) fn count(doc: &Doc<'_>, parts: &mut PartBuffers) -> Lines {
    let newlines = count_newlines(doc.text);
    let mut counts = Lines {
        chars: doc.n_chars - newlines,
        ..Lines::default()
    };
    let lines = newline_lines(doc.text).filter(|line| {
        let stripped = strip(line);
        if stripped.is_empty() {
            counts.chars -= line.chars().count();
            return false;
        }
        counts.without_end_mark += usize::from(!stripped.ends_with(['.', '?', '!', '"', '\'']));
        counts.ending_ellipsis += usize::from(ends_in_ellipsis(stripped));
        counts.starting_bullet +=
            usize::from(!stripped.as_bytes()[0].is_ascii() && stripped.starts_with(BULLETS));
        true
    });
    let repeated = repeated_parts(doc.text, lines, parts);
    Lines { repeated, ..counts }
}

fn ends_in_ellipsis(line: &str) -> bool {
    let ends_as = |end: &[u8]| {
        let from = line.len().checked_sub(end.len());
        from.is_some_and(|from| line.as_bytes()[from..].eq_ignore_ascii_case(end))
    };
    match line.as_bytes().last() {
        Some(b'.') => line.ends_with("...") || ends_as(b"read more.."),
        Some(b']') => line.ends_with("[...]") || line.ends_with("[…]"),
        Some(b')') => line.ends_with("(...)"),
        Some(b'e' | b'E') => ends_as(b"read more"),
        Some(0x80..) => line.ends_with('…') || line.ends_with("-»"),
        _ => false,
    }
}
