//! The lines of a document, whose ends are found once for every family that walks over them.

use std::iter::Copied;
use std::slice::Iter;

use super::lines::{NewlineRuns, SplitLines, has_only_newlines, strip};
use super::newlines::Newlines;

/// Where the lines of one document end; the buffer is reused.
#[derive(Debug, Default)]
pub struct LineTable {
    newlines: Vec<u32>,
}

impl LineTable {
    /// The lines of the next document.
    pub fn load<'a>(&'a mut self, text: &'a str) -> Lines<'a> {
        self.newlines.clear();
        self.newlines.extend(Newlines::of(text).map(|at| at as u32));
        Lines {
            text,
            newlines: &self.newlines,
            has_only_newlines: has_only_newlines(text),
        }
    }
}

/// The line splits of [`super::lines`] for a document whose newlines are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines<'a> {
    text: &'a str,
    newlines: &'a [u32],
    has_only_newlines: bool,
}

impl<'a> Lines<'a> {
    /// [`super::lines::split_lines`].
    #[must_use]
    pub fn split(&self) -> SplitLines<'a, Known<'a>> {
        let newlines = self.has_only_newlines.then(|| Known::of(self.newlines));
        SplitLines::by(self.text, newlines)
    }

    /// [`super::lines::newline_lines`].
    #[must_use]
    pub fn at_newlines(&self) -> NewlineRuns<'a, Known<'a>> {
        NewlineRuns::by(Known::of(self.newlines), self.text, 1, 1)
    }

    /// [`super::lines::newline_run_lines`].
    #[must_use]
    pub fn at_newline_runs(&self) -> NewlineRuns<'a, Known<'a>> {
        NewlineRuns::by(Known::of(self.newlines), self.text, 1, usize::MAX)
    }

    /// [`super::lines::paragraphs`].
    #[must_use]
    pub fn paragraphs(&self) -> NewlineRuns<'a, Known<'a>> {
        let text = strip(self.text);
        let before = text.as_ptr() as usize - self.text.as_ptr() as usize;
        let is_before = |end: usize| move |&at: &u32| (at as usize) < end;
        let first = self.newlines.partition_point(is_before(before));
        let end = self
            .newlines
            .partition_point(is_before(before + text.len()));
        let newlines = Known {
            places: self.newlines[first..end].iter().copied(),
            before,
        };
        NewlineRuns::by(newlines, text, 2, usize::MAX)
    }

    /// Number of newline characters.
    #[must_use]
    pub fn n_newlines(&self) -> usize {
        self.newlines.len()
    }
}

/// The places of newlines in a part of a document.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    places: Copied<Iter<'a, u32>>,
    /// Where the part begins.
    before: usize,
}

impl<'a> Known<'a> {
    fn of(places: &'a [u32]) -> Self {
        Self {
            places: places.iter().copied(),
            before: 0,
        }
    }
}

impl Iterator for Known<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        self.places.next().map(|at| at as usize - self.before)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lines::{newline_lines, newline_run_lines, paragraphs, split_lines};
    use super::LineTable;

    proptest! {
        #[test]
        fn known_lines_are_those_that_are_found(
            texts in prop::collection::vec("[a \n\n\r\u{1c}\u{85}é\u{3000}]{0,100}|[ab\n]{0,200}", 2),
        ) {
            let mut table = LineTable::default();
            for text in &texts {
                let lines = table.load(text);
                prop_assert!(lines.split().eq(split_lines(text)));
                prop_assert!(lines.at_newlines().eq(newline_lines(text)));
                prop_assert!(lines.at_newline_runs().eq(newline_run_lines(text)));
                prop_assert!(lines.paragraphs().eq(paragraphs(text)));
                prop_assert_eq!(lines.n_newlines(), text.matches('\n').count());
            }
        }
    }
}
