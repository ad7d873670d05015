//! Counts of characters. The tables are reused from document to document and do not allocate once
//! they have seen the characters of a corpus.

use super::entropy::EntropySum;
use super::windows::count_windows;
use crate::text::chars::{ASCII, Classes, classes, is_space};
use crate::text::lower::ascii_prefix;

/// What the metrics need to know about the characters of one document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Characters {
    pub total: usize,
    pub non_ascii: usize,
    pub spaces: usize,
    pub alnum: usize,
    pub alpha: usize,
    pub digits: usize,
    /// Letters that are upper case; a circled capital is upper case and no letter.
    pub capitals: usize,
    pub punctuation: usize,
    pub newlines: usize,
    /// `len(text.split())`.
    pub words: usize,
    /// Entropy of the distribution of characters, in bits.
    pub entropy: f64,
}

/// Counts characters.
#[derive(Default)]
pub(super) struct CharTally {
    bytes: Box<ByteCounts>,
    wide: WideCounts,
    entropy: EntropySum,
}

/// Four histograms of bytes: neighbours count in different ones, so that a repeated letter does not
/// wait for its own last count to be stored. Bytes of wide characters are counted in vain, which
/// is cheaper than to ask of every byte.
struct ByteCounts([[u32; 256]; 4]);

impl Default for ByteCounts {
    fn default() -> Self {
        Self([[0; 256]; 4])
    }
}

impl ByteCounts {
    fn add_all(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            for (i, &byte) in eight.iter().enumerate() {
                self.0[i % 4][usize::from(byte)] += 1;
            }
        }
        for &byte in rest {
            self.0[0][usize::from(byte)] += 1;
        }
    }

    /// The counts of the ASCII bytes; empties the histograms.
    fn drain(&mut self) -> [u32; 128] {
        let [a, b, c, d] = &self.0;
        let counts = std::array::from_fn(|byte| a[byte] + b[byte] + c[byte] + d[byte]);
        *self = Self::default();
        counts
    }
}

/// `str.isspace` of ASCII; a byte of a wide character is none.
#[inline]
const fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=b' ')
}

/// Number of words if no wide character is white space.
fn count_words(bytes: &[u8]) -> usize {
    let begins = bytes.first().is_some_and(|&first| !is_ascii_space(first));
    let is_start = |pair: &[u8]| is_ascii_space(pair[0]) & !is_ascii_space(pair[1]);
    usize::from(begins) + count_windows::<2>(bytes, is_start)
}

impl CharTally {
    pub(super) fn count(&mut self, text: &str) -> Characters {
        let mut counts = Characters {
            words: count_words(text.as_bytes()),
            ..Characters::default()
        };
        self.bytes.add_all(text.as_bytes());
        let mut at = ascii_prefix(text.as_bytes());
        while let Some(c) = text[at..].chars().next() {
            self.wide.add(c);
            let end = at + c.len_utf8();
            if is_space(c) {
                counts.correct_words(&text[..at], &text[end..]);
            }
            at = end + ascii_prefix(&text.as_bytes()[end..]);
        }
        self.finish(&mut counts);
        counts
    }

    /// Turns the histograms into counts by class, and empties them.
    fn finish(&mut self, counts: &mut Characters) {
        let ascii = self.bytes.drain();
        counts.add_ascii(&ascii);
        for n in ascii {
            self.entropy.add(n);
        }
        let (total, entropy) = (counts.total, &mut self.entropy);
        self.wide.drain(|c, n| {
            counts.add_class(classes(c), n as usize);
            entropy.add(n);
        });
        counts.non_ascii = counts.total - total;
        counts.entropy = self.entropy.drain(counts.total);
    }
}

impl Characters {
    /// What white space of a wide character between `before` and `after` changes: there a word
    /// cannot begin, and one may after it.
    fn correct_words(&mut self, before: &str, after: &str) {
        let begins_after = after.chars().next().is_some_and(|c| !is_space(c));
        let begins_here = before.as_bytes().last().is_none_or(|&b| is_ascii_space(b));
        self.words = self.words + usize::from(begins_after) - usize::from(begins_here);
    }

    fn add_ascii(&mut self, counts: &[u32; 128]) {
        let of = |class| {
            let counts = counts.iter().zip(ASCII);
            counts
                .map(|(&n, classes)| n * u32::from(classes.any(class)))
                .sum::<u32>() as usize
        };
        self.total = counts.iter().sum::<u32>() as usize;
        self.spaces = of(Classes::SPACE);
        self.alpha = of(Classes::ALPHA);
        self.digits = of(Classes::DIGIT);
        self.alnum = self.alpha + self.digits;
        self.punctuation = of(Classes::ASCII_PUNCTUATION);
        self.capitals = of(Classes::UPPER);
        self.newlines = counts[usize::from(b'\n')] as usize;
    }

    fn add_class(&mut self, classes: Classes, n: usize) {
        let of = |class| if classes.any(class) { n } else { 0 };
        self.total += n;
        self.spaces += of(Classes::SPACE);
        self.alnum += of(Classes::ALNUM);
        self.alpha += of(Classes::ALPHA);
        self.digits += of(Classes::DIGIT);
        if classes.any(Classes::ALPHA) {
            self.capitals += of(Classes::UPPER);
        }
    }
}

const PAGE: usize = 256;

/// Counts by code point, in pages that exist only for the blocks of Unicode seen so far.
///
/// At most 4.4 MB, when a thread has met every block; about 20 kB for the scripts of Europe.
#[derive(Default)]
struct WideCounts {
    /// Page number plus one by block of 256 code points; zero where there is no page yet.
    page_of: Vec<u16>,
    pages: Vec<[u32; PAGE]>,
    seen: Vec<char>,
}

impl WideCounts {
    fn add(&mut self, c: char) {
        let (block, place) = (c as usize / PAGE, c as usize % PAGE);
        if self.page_of.is_empty() {
            self.page_of.resize(char::MAX as usize / PAGE + 1, 0);
        }
        if self.page_of[block] == 0 {
            self.pages.push([0; PAGE]);
            self.page_of[block] = self.pages.len() as u16;
        }
        let count = &mut self.pages[usize::from(self.page_of[block]) - 1][place];
        if *count == 0 {
            self.seen.push(c);
        }
        *count += 1;
    }

    /// Calls `f` with each character seen and its count, and forgets them.
    fn drain(&mut self, mut f: impl FnMut(char, u32)) {
        for c in self.seen.drain(..) {
            let page = usize::from(self.page_of[c as usize / PAGE]) - 1;
            f(c, std::mem::take(&mut self.pages[page][c as usize % PAGE]));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::entropy::tests::entropy_twin;
    use super::*;
    use crate::text::chars;

    fn twin(text: &str) -> Characters {
        let of = |f: fn(char) -> bool| text.chars().filter(|c| f(*c)).count();
        let mut histogram: BTreeMap<char, u32> = BTreeMap::new();
        for c in text.chars() {
            *histogram.entry(c).or_default() += 1;
        }
        Characters {
            total: text.chars().count(),
            non_ascii: of(|c| c > '\u{7f}'),
            spaces: of(chars::is_space),
            alnum: of(chars::is_alnum),
            alpha: of(chars::is_alpha),
            digits: of(|c| chars::is_digit(c) && !chars::is_alpha(c)),
            capitals: of(|c| chars::is_alpha(c) && chars::is_upper(c)),
            punctuation: of(|c| c.is_ascii_punctuation()),
            newlines: of(|c| c == '\n'),
            words: text
                .split(chars::is_space)
                .filter(|w| !w.is_empty())
                .count(),
            entropy: entropy_twin(histogram.values().copied()),
        }
    }

    fn assert_same(ours: Characters, twin: Characters, text: &str) {
        assert!(
            (ours.entropy - twin.entropy).abs() < 1e-9,
            "entropy of {text:?}"
        );
        assert_eq!(
            Characters {
                entropy: 0.0,
                ..ours
            },
            Characters {
                entropy: 0.0,
                ..twin
            },
            "{text:?}"
        );
    }

    #[test]
    fn spaces_of_ascii_are_those_of_python() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii() && is_space(char::from(byte));
            assert_eq!(is_ascii_space(byte), expected, "{byte}");
        }
    }

    #[test]
    fn words_are_counted_around_white_space_of_every_kind() {
        let mut tally = CharTally::default();
        let kinds = [
            "",
            " ",
            "\n",
            "a",
            "é",
            "\u{a0}",
            "\u{2028}",
            "\u{3000}\u{85}",
        ];
        for case in 0..kinds.len().pow(3) {
            let [a, b, c] = [1, 8, 64].map(|step| kinds[case / step % 8]);
            let text = format!("{a}{b}{c}{a}");
            assert_same(tally.count(&text), twin(&text), &text);
        }
    }

    #[test]
    fn odd_texts_are_counted_as_by_the_twin() {
        let mut tally = CharTally::default();
        let line = "x".repeat(1_000_000);
        for text in [
            "",
            "   ",
            "\r\n\r\n",
            "\0\u{1c}a",
            "Ⓐ Ⅷ ² e\u{301} ǅ",
            "שלום עולם 123",
            "👩‍👩‍👧‍👦 ok \u{3000}\u{2028}x",
            &line,
        ] {
            assert_same(tally.count(text), twin(text), text);
        }
    }

    proptest! {
        #[test]
        fn random_texts_are_counted_as_by_the_twin(text in "(\\PC|[a-z \n]){0,200}") {
            let mut tally = CharTally::default();
            let first = tally.count(&text);
            assert_same(first, twin(&text), &text);
            prop_assert_eq!(first, tally.count(&text), "a used tally counts otherwise");
        }
    }
}
