//! The separators inside a chunk; not those at its ends, which are `affixes`.

use std::ops::Range;

use super::affixes::stops;
use super::bytes::{DIGIT, STEP, WIDE, separators};
use super::rules::Rules;
use super::tables::{ALPHA, ICON, STOP_LEFT, STOP_RIGHT};

/// The inner separators of a part of a text from left to right, as (offset, length) in bytes.
pub(super) struct Infixes<'a> {
    text: &'a str,
    part: Range<usize>,
    rules: &'a Rules,
    /// Where the last one ends.
    done: usize,
    /// The bytes that are looked at, and a bit for each that may begin one.
    base: usize,
    candidates: u32,
}

impl<'a> Infixes<'a> {
    pub(super) fn new(text: &'a str, part: Range<usize>, rules: &'a Rules) -> Self {
        Self {
            text,
            rules,
            done: part.start,
            base: part.start,
            candidates: separators(text.as_bytes(), part.clone(), &rules.kinds),
            part,
        }
    }

    /// The next byte at which a separator may begin.
    #[inline]
    fn next_candidate(&mut self) -> Option<usize> {
        while self.candidates == 0 {
            self.base += STEP;
            if self.base >= self.part.end {
                return None;
            }
            let rest = self.base..self.part.end;
            self.candidates = separators(self.text.as_bytes(), rest, &self.rules.kinds);
        }
        let at = self.base + self.candidates.trailing_zeros() as usize;
        self.candidates &= self.candidates - 1;
        Some(at)
    }
}

impl Iterator for Infixes<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let at = self.next_candidate()?;
            let len = if at < self.done {
                0
            } else {
                self.separator_len(at)
            };
            if len > 0 {
                self.done = at + len;
                return Some((at, len));
            }
        }
    }
}

impl Infixes<'_> {
    /// Bytes of the separator that begins at `at`, 0 if none does.
    fn separator_len(&self, at: usize) -> usize {
        let bytes = &self.text.as_bytes()[..self.part.end];
        let byte = bytes[at];
        if !byte.is_ascii() {
            return self.wide_len(at);
        }
        let ends = |left, right| usize::from(self.is_after(at, left) && self.is_at(at + 1, right));
        let alpha = u32::from(ALPHA);
        match byte {
            b'.' if bytes.get(at + 1) == Some(&b'.') => stops(bytes[at..].iter()),
            b'.' => ends(STOP_LEFT.into(), STOP_RIGHT.into()),
            b',' => ends(alpha, alpha),
            b':' | b'<' | b'>' | b'=' | b'/' => ends(alpha | DIGIT, alpha),
            b'+' | b'*' | b'^' => usize::from(self.is_operator(at)),
            b'-' if self.is_operator(at) => 1,
            b'-' => self.hyphens_len(at, '-', 3),
            b'~' => self.hyphens_len(at, '~', 1),
            _ => usize::from(self.is_at(at, ICON.into())),
        }
    }

    /// [`Self::separator_len`] beyond ASCII.
    fn wide_len(&self, at: usize) -> usize {
        match self.text[at..].chars().next() {
            Some('—') => self.hyphens_len(at, '—', 2),
            Some('–') => self.hyphens_len(at, '–', 1),
            Some(c) if self.rules.classes.has(c, ICON) => c.len_utf8(),
            _ => 0,
        }
    }

    /// Whether the character that begins at `at` has any of `bits`; nothing has at the end.
    #[inline]
    fn is_at(&self, at: usize, bits: u32) -> bool {
        let byte = self.text.as_bytes()[..self.part.end].get(at);
        let kind = byte.map_or(0, |&byte| self.rules.kind(byte));
        if kind & WIDE == 0 {
            return kind & bits != 0;
        }
        let c = self.text[at..].chars().next();
        c.is_some_and(|c| self.rules.classes.has(c, bits as u16))
    }

    /// Whether the character before `at` has any of `bits`; nothing has at the front.
    #[inline]
    fn is_after(&self, at: usize, bits: u32) -> bool {
        let byte = self.text.as_bytes()[self.part.start..at].last();
        let kind = byte.map_or(0, |&byte| self.rules.kind(byte));
        if kind & WIDE == 0 {
            return kind & bits != 0;
        }
        let c = self.text[..at].chars().next_back();
        c.is_some_and(|c| self.rules.classes.has(c, bits as u16))
    }

    /// Whether the byte at `at` is between a digit and a digit or a hyphen.
    fn is_operator(&self, at: usize) -> bool {
        let next = self.text.as_bytes()[..self.part.end].get(at + 1);
        self.is_after(at, DIGIT) && next.is_some_and(|&b| b.is_ascii_digit() || b == b'-')
    }

    /// Bytes of a run of at most `most` hyphens between a letter or digit and a letter.
    fn hyphens_len(&self, at: usize, hyphen: char, most: usize) -> usize {
        if !self.is_after(at, u32::from(ALPHA) | DIGIT) {
            return 0;
        }
        let run = self.text[at..self.part.end].chars().take(most + 1);
        let len = run.take_while(|&c| c == hyphen).count() * hyphen.len_utf8();
        let is_longer = len > most * hyphen.len_utf8();
        if !is_longer && self.is_at(at + len, ALPHA.into()) {
            len
        } else {
            0
        }
    }
}
