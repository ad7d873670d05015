//! Counters of characters, tokens and entropies. They are reused from document to document and
//! do not allocate once they have seen the characters and ids of a corpus.

use std::sync::LazyLock;

use crate::text::chars::{ASCII, CharTable, Classes, is_space, table};

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
    /// Four histograms of ASCII bytes: neighbours count in different ones, so that a repeated
    /// letter does not wait for its own last count to be stored.
    ascii: Box<AsciiCounts>,
    wide: WideCounts,
    entropy: EntropySum,
}

struct AsciiCounts([[u32; 128]; 4]);

impl Default for AsciiCounts {
    fn default() -> Self {
        Self([[0; 128]; 4])
    }
}

/// White space by byte; a byte of a wide character is none.
static SPACE: [bool; 128] = {
    let mut is_space = [false; 128];
    let mut byte = 0;
    while byte < 128 {
        is_space[byte] = ASCII[byte].any(Classes::SPACE);
        byte += 1;
    }
    is_space
};

/// A number in each of eight bytes, when multiplied with it.
const EACH: u64 = 0x0101_0101_0101_0101;
/// The top bit of each byte.
const TOP: u64 = 0x80 * EACH;

/// The top bits of those of eight ASCII bytes that are white space.
#[inline]
fn spaces(bytes: u64) -> u64 {
    // The top bit of an ASCII byte is set by adding to it exactly from some byte on.
    let from = |byte: u64| bytes + (0x80 - byte) * EACH;
    let controls = from(0x09) & !from(0x0e);
    let separators = from(0x1c) & !from(0x21);
    (controls | separators) & TOP
}

impl CharTally {
    pub(super) fn count(&mut self, text: &str) -> Characters {
        let mut counts = Characters::default();
        let mut after_space = true;
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at..].first_chunk::<8>() {
                Some(chunk) if chunk.is_ascii() => {
                    self.ascii_chunk(*chunk, &mut after_space, &mut counts.words);
                    at += chunk.len();
                }
                _ if bytes[at] < 0x80 => {
                    self.ascii_byte(0, bytes[at], &mut after_space, &mut counts.words);
                    at += 1;
                }
                _ => at += self.wide_run(&text[at..], &mut after_space, &mut counts),
            }
        }
        self.finish(&mut counts);
        counts
    }

    #[inline]
    fn ascii_chunk(&mut self, chunk: [u8; 8], after_space: &mut bool, words: &mut usize) {
        for (i, byte) in chunk.into_iter().enumerate() {
            self.ascii.0[i & 3][usize::from(byte & 0x7f)] += 1;
        }
        let spaces = spaces(u64::from_le_bytes(chunk));
        // A word begins after a space, the one before the chunk included.
        let begins = !spaces & (spaces << 8 | u64::from(*after_space) << 7) & TOP;
        // Each byte is 0 or 1, and the product's top byte is their sum.
        *words += ((begins >> 7).wrapping_mul(EACH) >> 56) as usize;
        *after_space = spaces >> 63 == 1;
    }

    #[inline]
    fn ascii_byte(&mut self, lane: usize, byte: u8, after_space: &mut bool, words: &mut usize) {
        // The mask is a no-op on ASCII and removes the bounds checks.
        let byte = usize::from(byte & 0x7f);
        self.ascii.0[lane][byte] += 1;
        *words += usize::from(*after_space && !SPACE[byte]);
        *after_space = SPACE[byte];
    }

    /// Counts the characters beyond ASCII at the start of `text`; returns their length in bytes.
    fn wide_run(&mut self, text: &str, after_space: &mut bool, counts: &mut Characters) -> usize {
        let mut len = 0;
        for c in text.chars().take_while(|c| !c.is_ascii()) {
            self.wide.add(c);
            let space = is_space(c);
            counts.words += usize::from(*after_space && !space);
            *after_space = space;
            len += c.len_utf8();
        }
        len
    }

    /// Turns the histograms into counts by class, and empties them.
    fn finish(&mut self, counts: &mut Characters) {
        let [a, b, c, d] = &self.ascii.0;
        for byte in 0..128 {
            let n = a[byte] + b[byte] + c[byte] + d[byte];
            if n > 0 {
                counts.add_class(ASCII[byte], n as usize);
                self.entropy.add(n);
            }
        }
        counts.newlines = (a[10] + b[10] + c[10] + d[10]) as usize;
        *self.ascii = AsciiCounts::default();
        let classes = table();
        let (total, entropy) = (counts.total, &mut self.entropy);
        self.wide.drain(|c, n| {
            counts.add_class(wide_classes(classes, c), n as usize);
            entropy.add(n);
        });
        counts.non_ascii = counts.total - total;
        counts.entropy = self.entropy.drain(counts.total);
    }
}

fn wide_classes(table: &CharTable, c: char) -> Classes {
    Classes::from_bits(table.get(c))
}

impl Characters {
    fn add_class(&mut self, classes: Classes, n: usize) {
        let of = |class| if classes.any(class) { n } else { 0 };
        self.total += n;
        self.spaces += of(Classes::SPACE);
        self.alnum += of(Classes::ALNUM);
        self.alpha += of(Classes::ALPHA);
        self.punctuation += of(Classes::ASCII_PUNCTUATION);
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

/// What the metrics need to know about the tokens of one document.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tokens {
    pub total: usize,
    pub unique: usize,
    /// Count of the commonest token.
    pub highest: usize,
    /// Entropy of the distribution of tokens, in bits.
    pub entropy: f64,
}

/// Ids below this are counted in a flat table of 4 MB at most; no known vocabulary has more.
const FLAT_IDS: usize = 1 << 20;

/// Counts token ids.
#[derive(Default)]
pub(super) struct TokenTally {
    counts: Vec<u32>,
    seen: Vec<u32>,
    /// Ids too large for the table: a tokenizer file may hold any.
    large: Vec<u32>,
    entropy: EntropySum,
}

impl TokenTally {
    /// Counts `ids`, and how often those of each list in `named` occur.
    pub(super) fn count<const N: usize>(
        &mut self,
        ids: &[u32],
        named: [&[u32]; N],
    ) -> (Tokens, [usize; N]) {
        for &id in ids {
            self.add(id);
        }
        let of = |id: &u32| self.counts.get(*id as usize).map_or(0, |n| *n as usize);
        let named = named.map(|list| list.iter().map(of).sum());
        let mut tokens = Tokens {
            total: ids.len(),
            ..Tokens::default()
        };
        for id in self.seen.drain(..) {
            let n = std::mem::take(&mut self.counts[id as usize]);
            tokens.add_id(n, &mut self.entropy);
        }
        self.large.sort_unstable();
        for run in self.large.chunk_by(u32::eq) {
            tokens.add_id(run.len() as u32, &mut self.entropy);
        }
        self.large.clear();
        tokens.entropy = self.entropy.drain(tokens.total);
        (tokens, named)
    }

    #[inline]
    fn add(&mut self, id: u32) {
        let at = id as usize;
        if at >= self.counts.len() {
            if at >= FLAT_IDS {
                self.large.push(id);
                return;
            }
            self.counts.resize((at + 1).next_power_of_two(), 0);
        }
        if self.counts[at] == 0 {
            self.seen.push(id);
        }
        self.counts[at] += 1;
    }
}

impl Tokens {
    fn add_id(&mut self, n: u32, entropy: &mut EntropySum) {
        self.unique += 1;
        self.highest = self.highest.max(n as usize);
        entropy.add(n);
    }
}

const SMALL: usize = 1024;

/// `n * log2(n)` for small `n`.
static N_LOG_N: LazyLock<Vec<f64>> = LazyLock::new(|| (0..SMALL as u32).map(n_log_n).collect());

/// `n * log2(n)`; 0 for 0.
///
/// The logarithm is that of the `libm` crate, software of additions, multiplications and
/// divisions, so that it has the same bits on every machine; the platform's own has not.
fn n_log_n(n: u32) -> f64 {
    if n < 2 {
        0.0
    } else {
        f64::from(n) * libm::log2(f64::from(n))
    }
}

/// The Shannon entropy of a distribution from the counts of its members, given in any order.
///
/// With N members and counts n, it is `log2(N) - sum(n log2 n) / N`, which equals the usual
/// `-sum(p log2 p)`. Equal counts are summed as one term and counts in ascending order, so the
/// order in which members were met does not reach the result, and few logarithms are taken.
#[derive(Default)]
pub(super) struct EntropySum {
    /// How many members have the count that is the index.
    members: Vec<u32>,
    highest_small: usize,
    large: Vec<u32>,
}

impl EntropySum {
    pub(super) fn add(&mut self, n: u32) {
        if self.members.is_empty() {
            self.members.resize(SMALL, 0);
        }
        if (n as usize) < SMALL {
            self.members[n as usize] += 1;
            self.highest_small = self.highest_small.max(n as usize);
        } else {
            self.large.push(n);
        }
    }

    /// The entropy in bits of what was added, whose counts sum to `total`; 0 for nothing.
    pub(super) fn drain(&mut self, total: usize) -> f64 {
        if total == 0 {
            return 0.0;
        }
        let small = self
            .members
            .iter_mut()
            .zip(N_LOG_N.iter())
            .take(self.highest_small + 1);
        let mut sum: f64 = small
            .map(|(m, term)| f64::from(std::mem::take(m)) * term)
            .sum();
        self.large.sort_unstable();
        sum += self.large.drain(..).map(n_log_n).sum::<f64>();
        self.highest_small = 0;
        // Rounding may leave -1e-16 of a distribution with one member.
        (libm::log2(total as f64) - sum / total as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::text::chars;

    fn entropy_twin(counts: impl Iterator<Item = u32> + Clone) -> f64 {
        let total = f64::from(counts.clone().sum::<u32>());
        counts
            .map(|n| f64::from(n) / total)
            .map(|p| -p * p.log2())
            .sum()
    }

    fn add_all(sum: &mut EntropySum, counts: &[u32]) {
        for n in counts {
            sum.add(*n);
        }
    }

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
    fn entropy_of_known_distributions() {
        let mut sum = EntropySum::default();
        for (counts, expected) in [
            (vec![], 0.0),
            (vec![7], 0.0),
            (vec![5000], 0.0),
            (vec![1, 1], 1.0),
            (vec![3; 8], 3.0),
            (vec![2, 1, 1], 1.5),
            (vec![4096, 2048, 2048], 1.5),
        ] {
            add_all(&mut sum, &counts);
            let entropy = sum.drain(counts.iter().sum::<u32>() as usize);
            assert!((entropy - expected).abs() < 1e-12, "{counts:?}: {entropy}");
        }
    }

    #[test]
    fn spaces_of_eight_bytes_are_those_of_one() {
        for byte in 0..0x80_u8 {
            let bytes = u64::from_le_bytes([byte, b'a', b' ', byte, 0x7f, 0, byte, byte]);
            let space = u64::from(SPACE[usize::from(byte)]) << 7;
            let expected = (space * 0x0101_0000_0100_0001) | (0x80 << 16);
            assert_eq!(spaces(bytes), expected, "{byte}");
        }
    }

    #[test]
    fn ids_beyond_the_table_are_counted_too() {
        let mut tally = TokenTally::default();
        let ids = [u32::MAX, 5, u32::MAX, 5, 5, FLAT_IDS as u32, 1];
        let (tokens, named) = tally.count(&ids, [&[5, 1][..], &[2]]);
        assert_eq!((tokens.total, tokens.unique, tokens.highest), (7, 4, 3));
        assert_eq!(named, [4, 0]);
        assert!((tokens.entropy - entropy_twin([3, 2, 1, 1].into_iter())).abs() < 1e-12);
        assert_eq!(tally.count(&[], [&[5]]), (Tokens::default(), [0]));
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

        #[test]
        fn entropy_does_not_depend_on_the_order(mut counts in prop::collection::vec(1..5000_u32, 1..60)) {
            let total = counts.iter().sum::<u32>() as usize;
            let mut sum = EntropySum::default();
            add_all(&mut sum, &counts);
            let first = sum.drain(total);
            counts.reverse();
            add_all(&mut sum, &counts);
            prop_assert_eq!(first.to_bits(), sum.drain(total).to_bits());
            prop_assert!((first - entropy_twin(counts.iter().copied())).abs() < 1e-9);
        }
    }
}
