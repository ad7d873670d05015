//! What a line and a paragraph are: the line splits that published filters use, and Python's strip.
//!
//! Five splits disagree on the same text, and each filter's numbers depend on which one it uses:
//! [`split_lines`] (`str.splitlines()`), [`newline_lines`] (`str.split("\n")`), [`newline_run_lines`]
//! (`re.split("\n+")`), [`paragraphs`] (`re.split("\n{2,}")` of the stripped text) and
//! [`newline_pair_parts`] (`str.split("\n\n")`). All are iterators over slices of the text and
//! allocate nothing.
//!
//! Not here: sentences and words.
//!
//! ```
//! use refinery_core::text::lines;
//!
//! let text = "a\r\nb\n\nc\n";
//! assert_eq!(lines::split_lines(text).collect::<Vec<_>>(), ["a", "b", "", "c"]);
//! assert_eq!(lines::newline_lines(text).collect::<Vec<_>>(), ["a\r", "b", "", "c", ""]);
//! assert_eq!(lines::newline_run_lines(text).collect::<Vec<_>>(), ["a\r", "b", "c", ""]);
//! assert_eq!(lines::paragraphs(text).collect::<Vec<_>>(), ["a\r\nb", "c"]);
//! ```

use memchr::memchr_iter;

use super::chars::is_space;
use super::newlines::Newlines;

/// `text.strip()`.
#[inline]
pub fn strip(text: &str) -> &str {
    let is_plain = |end: Option<&u8>| end.is_some_and(u8::is_ascii_graphic);
    if is_plain(text.as_bytes().first()) && is_plain(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(is_space)
}

/// `text.lstrip()`.
pub fn lstrip(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

/// `text.rstrip()`.
pub fn rstrip(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// `text.split()`: the parts between runs of white space, none of them empty.
pub fn split_spaces(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|part| !part.is_empty())
}

/// `text.splitlines()`: cut at LF, CR, CR LF, VT, FF, U+001C to U+001E, U+0085, U+2028, U+2029.
///
/// A mark at the end opens no further line, and empty text has no line.
pub fn split_lines(text: &str) -> SplitLines<'_> {
    SplitLines::by(text, has_only_newlines(text).then(|| Newlines::of(text)))
}

/// Iterator of [`split_lines`].
#[derive(Clone, Debug)]
pub struct SplitLines<'a, N = Newlines<'a>> {
    text: &'a str,
    /// Where the next line begins.
    start: usize,
    /// None where other marks may be in the text, which few have.
    newlines: Option<N>,
}

impl<'a, N: Iterator<Item = usize>> SplitLines<'a, N> {
    pub(super) fn by(text: &'a str, newlines: Option<N>) -> Self {
        Self {
            text,
            start: 0,
            newlines,
        }
    }
}

impl<'a, N: Iterator<Item = usize>> Iterator for SplitLines<'a, N> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let (start, n_bytes) = (self.start, self.text.len());
        if start == n_bytes {
            return None;
        }
        let (end, mark) = if let Some(newlines) = &mut self.newlines {
            newlines.next().map_or((n_bytes, 0), |end| (end, 1))
        } else {
            let (length, mark) = line_end(&self.text.as_bytes()[start..]);
            (start + length, mark)
        };
        self.start = end + mark;
        Some(&self.text[start..end])
    }
}

/// Whether it is plain that no line of the text ends in another mark than LF.
pub(super) fn has_only_newlines(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_other = |b: u8| matches!(b, 0x0b..=0x1e);
    // A block is one comparison of all its bytes.
    let (blocks, rest) = bytes.as_chunks::<64>();
    let any = |bytes: &[u8]| bytes.iter().fold(false, |any, &b| any | is_other(b));
    !any(rest) && !blocks.iter().any(|block| any(block)) && !may_have_wide_mark(bytes)
}

/// Whether the last two bytes of a mark beyond ASCII are somewhere.
fn may_have_wide_mark(bytes: &[u8]) -> bool {
    if bytes.is_ascii() {
        return false;
    }
    let ends_mark = |a: u8, b: u8| (a == 0x80 && b | 1 == 0xa9) || (a == 0xc2 && b == 0x85);
    let in_block = |firsts: &[u8; 64], seconds: &[u8; 64]| {
        (0..64).fold(false, |any, i| any | ends_mark(firsts[i], seconds[i]))
    };
    let (firsts, firsts_rest) = bytes[..bytes.len() - 1].as_chunks();
    let (seconds, seconds_rest) = bytes[1..].as_chunks();
    let mut rest = firsts_rest.iter().zip(seconds_rest);
    let mut blocks = firsts.iter().zip(seconds);
    rest.any(|(&a, &b)| ends_mark(a, b)) || blocks.any(|(a, b)| in_block(a, b))
}

/// Where the first line ends, and the length of the mark that ends it (0 at the end of the text).
fn line_end(bytes: &[u8]) -> (usize, usize) {
    let mut at = 0;
    while let Some(skipped) = find_candidate(&bytes[at..]) {
        at += skipped;
        let mark = mark_len(&bytes[at..]);
        if mark > 0 {
            return (at, mark);
        }
        at += 1;
    }
    (bytes.len(), 0)
}

/// The first byte that may begin a line mark.
fn find_candidate(bytes: &[u8]) -> Option<usize> {
    // A block without any is passed over by comparing all its bytes at once.
    let (blocks, _) = bytes.as_chunks::<32>();
    let has_any = |block: &[u8; 32]| block.iter().fold(false, |any, &b| any | may_begin_mark(b));
    let mut at = blocks.iter().take_while(|block| !has_any(block)).count() * 32;
    while let Some(chunk) = bytes[at..].first_chunk() {
        if let Some(place) = candidate_in(u64::from_le_bytes(*chunk)) {
            return Some(at + place);
        }
        at += chunk.len();
    }
    let rest = bytes[at..].iter().position(|&b| may_begin_mark(b));
    rest.map(|place| at + place)
}

/// The first of eight bytes that may begin a line mark.
#[inline]
fn candidate_in(bytes: u64) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // Subtracting borrows into the top bit of a byte that is smaller than what is taken from it;
    // bytes after such a one may be wrong, the first one is right.
    let below = |bytes: u64, bound: u64| bytes.wrapping_sub(bound * EACH) & !bytes;
    let controls = below(bytes, 0x1f);
    // 0xc2 and 0xe2 differ by one bit.
    let leads = below((bytes | (0x20 * EACH)) ^ (0xe2 * EACH), 1);
    let found = (controls | leads) & (0x80 * EACH);
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// Whether a mark of [`split_lines`] may begin with this byte.
fn may_begin_mark(byte: u8) -> bool {
    matches!(byte, 0..=0x1e | 0xc2 | 0xe2)
}

/// Length of the line mark at the start of `bytes`, 0 where there is none.
fn mark_len(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\n' | 0x0b | 0x0c | b'\r' | 0x1c..=0x1e, ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

/// `text.split("\n")`: one line more than there are newlines, so empty text has one empty line.
pub fn newline_lines(text: &str) -> NewlineRuns<'_> {
    NewlineRuns::by(Newlines::of(text), text, 1, 1)
}

/// `re.split("\n+", text)`: runs of newlines cut; a text that begins or ends with one has an empty
/// line there.
pub fn newline_run_lines(text: &str) -> NewlineRuns<'_> {
    NewlineRuns::by(Newlines::of(text), text, 1, usize::MAX)
}

/// `re.split("\n{2,}", text.strip())`: runs of two newlines and more cut; never no paragraph.
pub fn paragraphs(text: &str) -> NewlineRuns<'_> {
    let text = strip(text);
    NewlineRuns::by(Newlines::of(text), text, 2, usize::MAX)
}

/// `text.split("\n\n")`: pairs of newlines cut, from left to right; never no part.
pub fn newline_pair_parts(text: &str) -> NewlineRuns<'_> {
    NewlineRuns::by(Newlines::of(text), text, 2, 2)
}

/// Number of newline characters.
pub fn count_newlines(text: &str) -> usize {
    memchr_iter(b'\n', text.as_bytes()).count()
}

/// Iterator over the parts between runs of `least` to `most` newlines.
#[derive(Clone, Debug)]
pub struct NewlineRuns<'a, N = Newlines<'a>> {
    text: &'a str,
    /// Where the next part begins; none after the last.
    start: Option<usize>,
    newlines: N,
    least: usize,
    most: usize,
}

impl<'a, N: Iterator<Item = usize>> NewlineRuns<'a, N> {
    /// `newlines` are the places of all those in `text`.
    pub(super) fn by(newlines: N, text: &'a str, least: usize, most: usize) -> Self {
        Self {
            text,
            start: Some(0),
            newlines,
            least,
            most,
        }
    }

    /// The end of the run of newlines that begins at `start`; goes past all of it.
    #[inline]
    fn run_end(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while end - start < self.most && bytes.get(end) == Some(&b'\n') {
            self.newlines.next();
            end += 1;
        }
        end
    }
}

impl<'a, N: Iterator<Item = usize>> Iterator for NewlineRuns<'a, N> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let start = self.start?;
        while let Some(end) = self.newlines.next() {
            let run_end = self.run_end(end);
            if run_end - end >= self.least {
                self.start = Some(run_end);
                return Some(&self.text[start..end]);
            }
        }
        self.start = None;
        Some(&self.text[start..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        parts.collect()
    }

    #[test]
    fn split_lines_cuts_where_python_does() {
        // Expected values: Python's str.splitlines().
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("\n", &[""]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("\na", &["", "a"]),
            ("a\r\nb", &["a", "b"]),
            ("a\n\rb", &["a", "", "b"]),
            ("a\r\r\nb", &["a", "", "b"]),
            (
                "a\x0bb\x0cc\x1cd\x1de\x1ef\x1fg",
                &["a", "b", "c", "d", "e", "f\x1fg"],
            ),
            ("a\u{85}b\u{2028}c\u{2029}d", &["a", "b", "c", "d"]),
            ("\u{a0}é\u{2027}“\u{202a}", &["\u{a0}é\u{2027}“\u{202a}"]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(split_lines(text)), *expected, "{text:?}");
        }
    }

    #[test]
    fn marks_are_found_among_eight_bytes() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                let mut bytes = *b"a~\x7f\xff \x1f\xc3\xe1";
                bytes[at] = byte;
                let expected = bytes.iter().position(|&b| may_begin_mark(b));
                assert_eq!(
                    candidate_in(u64::from_le_bytes(bytes)),
                    expected,
                    "{bytes:?}"
                );
            }
        }
    }

    #[test]
    fn newline_lines_has_one_line_more_than_newlines() {
        for text in ["", "\n", "a", "a\n\nb\n", "\r\n"] {
            assert_eq!(all(newline_lines(text)), all(text.split('\n')), "{text:?}");
        }
    }

    #[test]
    fn newline_pair_parts_are_cut_from_left_to_right() {
        for text in ["", "\n\n\n", "\n\n\n\n", "a\nb\n\n\nc\n\n", "\r\n\r\n"] {
            let expected = all(text.split("\n\n"));
            assert_eq!(all(newline_pair_parts(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn newline_run_lines_keeps_the_empty_ends() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[""]),
            ("\n\n", &["", ""]),
            ("\na\n", &["", "a", ""]),
            ("a\n\n\nb", &["a", "b"]),
            ("a\n \nb", &["a", " ", "b"]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(newline_run_lines(text)), *expected, "{text:?}");
        }
    }

    #[test]
    fn paragraphs_are_cut_at_two_newlines_of_the_stripped_text() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[""]),
            (" \n\n ", &[""]),
            ("\n\na\nb\n\n", &["a\nb"]),
            ("a\n\nb\n\n\nc\nd", &["a", "b", "c\nd"]),
            ("a\n \nb\r\n\r\nc", &["a\n \nb\r\n\r\nc"]),
            ("\x1c\x1fa\n\nb\u{3000}", &["a", "b"]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(paragraphs(text)), *expected, "{text:?}");
        }
    }

    #[test]
    fn spaces_are_those_of_python() {
        assert_eq!(all(split_spaces(" a\x1fb \u{3000}c")), ["a", "b", "c"]);
        assert_eq!((lstrip("\x1d a "), rstrip(" a\u{85}")), ("a ", " a"));
    }
}
