//! The pattern of `o200k_base`, where HEAD is `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, TAIL is
//! `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` and CONTRACTION is `(?i:'s|'t|'re|'ve|'m|'ll|'d)`:
//!
//! ```text
//! [^\r\n\p{L}\p{N}]?HEAD*TAIL+CONTRACTION?|[^\r\n\p{L}\p{N}]?HEAD+TAIL*CONTRACTION?
//!     |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
//! ```
//!
//! A word is therefore cut before a capital that follows a small letter. A mark may be the prefix,
//! the head, the tail and the start of what is none of them, so each way is tried in the order of
//! the pattern.

use super::{HEAD, LETTER, NEWLINE, NUMBER, TAIL, Text, between};

/// The most that `HEAD` and `TAIL` match from one place.
struct Word {
    /// End of `HEAD*TAIL+`, where there is a tail.
    with_tail: Option<usize>,
    /// End of `HEAD*`.
    head: usize,
}

impl Word {
    #[inline]
    fn at(text: &Text<'_>, at: usize) -> Self {
        let head = head_run(text, at);
        let end = text.run(head.end, TAIL, |window| between(window, b'a', b'z'));
        // Without a small letter after it, the head gives back what may be a tail as well.
        let with_tail = if end > head.end {
            Some(end)
        } else {
            head.after_tail
        };
        Self {
            with_tail,
            head: head.end,
        }
    }
}

/// `HEAD*` from one place.
struct Head {
    end: usize,
    /// End of its last character that may be a tail: one without case, or a mark.
    after_tail: Option<usize>,
}

#[inline]
fn head_run(text: &Text<'_>, start: usize) -> Head {
    let (mut end, mut after_tail) = (start, None);
    loop {
        let (class, len) = text.class_at(end);
        if class & HEAD == 0 {
            return Head { end, after_tail };
        }
        end += len;
        if class & TAIL != 0 {
            after_tail = Some(end);
        }
    }
}

/// End of the piece that starts at `at`, before the end of the text.
#[inline]
pub(super) fn end(text: &Text<'_>, at: usize) -> usize {
    let (class, len) = text.class_at(at);
    let next = at + len;
    if class & NUMBER != 0 {
        return text.numbers(next);
    }
    if class & NEWLINE != 0 {
        return text.white_space(at);
    }
    let start = if class & LETTER == 0 { next } else { at };
    match word(text, at, start) {
        Some(end) => end + text.contraction(end),
        None => text.others_or_white_space(at, b"\r\n/"),
    }
}

/// End of the word at `at` whose letters begin at `start`, after a prefix if that is further on.
#[inline]
fn word(text: &Text<'_>, at: usize, start: usize) -> Option<usize> {
    let found = Word::at(text, start);
    if found.with_tail.is_some() {
        return found.with_tail;
    }
    // A mark is no prefix then, but a word of its own or with the capitals that follow.
    if start > at {
        let alone = Word::at(text, at);
        if alone.with_tail.is_some() {
            return alone.with_tail;
        }
    }
    (found.head > start).then_some(found.head)
}
