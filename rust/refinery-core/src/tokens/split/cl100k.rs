//! The pattern of `cl100k_base`:
//!
//! ```text
//! (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
//!     | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
//! ```

use super::{LETTER, NEWLINE, NUMBER, Text};

/// End of the piece that starts at `at`, before the end of the text.
#[inline]
pub(super) fn end(text: &Text<'_>, at: usize) -> usize {
    let (class, len) = text.class_at(at);
    let next = at + len;
    if class & LETTER != 0 {
        return text.letters(next);
    }
    if class & NUMBER != 0 {
        return text.numbers(next);
    }
    if class & NEWLINE != 0 {
        return text.white_space(at);
    }
    let contraction = text.contraction(at);
    if contraction > 0 {
        return at + contraction;
    }
    let word = text.letters(next);
    if word > next {
        return word;
    }
    text.others_or_white_space(at, b"\r\n")
}
