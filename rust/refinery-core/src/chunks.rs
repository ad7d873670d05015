//! A score of the parts of a document: where a book has a good chapter and a boilerplate tail, one
//! number for the whole hides both.
//!
//! A document of `n` words is cut into `ceil(n / words)` parts of equal size, give or take a word:
//! a last part of three words would decide the maximum and the low percentile by noise. Words
//! stand between fastText's seven separators, since it is mostly its models that read the parts.
//!
//! Not here: the score of the whole document, and which of the numbers anything is decided by.

/// How a document is cut, and from how many words on its parts mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks {
    /// Most words of a part; at least 1.
    pub words: usize,
    /// A document with fewer words has no such numbers.
    pub min_words: usize,
}

/// What the columns are called behind the score's name.
pub const COLUMNS: [&str; 4] = ["mean", "p10", "max", "n_chunks"];

/// Buffers of one thread.
#[derive(Default)]
pub struct ChunkScratch {
    starts: Vec<usize>,
    scores: Vec<f64>,
}

impl Chunks {
    /// The columns of a text: the mean by words, the 10th percentile (linear between its
    /// neighbours), the greatest, the number of parts.
    ///
    /// NaN where the text has too few words, or `score`, which is asked of every part, gave one.
    /// A text that is one part keeps the score it has, `whole`.
    pub fn summarise(
        &self,
        text: &str,
        whole: f64,
        scratch: &mut ChunkScratch,
        mut score: impl FnMut(&str) -> f64,
    ) -> [f64; COLUMNS.len()] {
        let ChunkScratch { starts, scores } = scratch;
        find_words(text, starts);
        let n = starts.len();
        if n < self.min_words.max(1) {
            return [f64::NAN; COLUMNS.len()];
        }
        let parts = n.div_ceil(self.words.max(1));
        if parts == 1 {
            return [whole, whole, whole, 1.0];
        }
        let bound = |part: usize| part * n / parts;
        let mut sum = 0.0;
        scores.clear();
        for part in 0..parts {
            let (first, next) = (bound(part), bound(part + 1));
            let end = starts.get(next).copied().unwrap_or(text.len());
            let value = score(&text[starts[first]..end]);
            sum += value * (next - first) as f64;
            scores.push(value);
        }
        scores.sort_unstable_by(f64::total_cmp);
        [
            sum / n as f64,
            percentile_10(scores),
            scores[parts - 1],
            parts as f64,
        ]
    }
}

/// Where each word of `text` begins. The separators are ASCII, so a word begins at a character.
fn find_words(text: &str, starts: &mut Vec<usize>) {
    starts.clear();
    let mut is_inside = false;
    for (i, byte) in text.bytes().enumerate() {
        let separates = matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c | 0);
        if !separates && !is_inside {
            starts.push(i);
        }
        is_inside = !separates;
    }
}

/// The 10th percentile of sorted values.
fn percentile_10(sorted: &[f64]) -> f64 {
    let tenths = sorted.len() - 1;
    let (below, share) = (tenths / 10, (tenths % 10) as f64 / 10.0);
    let above = sorted[(below + 1).min(tenths)];
    sorted[below] + (above - sorted[below]) * share
}

#[cfg(test)]
mod tests {
    use super::{ChunkScratch, Chunks};

    /// A score that tells which part it was asked of: its number of words, and its first.
    fn parts(text: &str, words: usize) -> (Vec<String>, [f64; 4]) {
        let mut seen = Vec::new();
        let chunks = Chunks {
            words,
            min_words: 2,
        };
        let summary = chunks.summarise(text, -1.0, &mut ChunkScratch::default(), |part| {
            seen.push(part.to_owned());
            part.split_whitespace().count() as f64
        });
        (seen, summary)
    }

    #[test]
    fn parts_are_of_equal_size_and_lose_nothing() {
        let (seen, summary) = parts("  a b\nc \u{e9}\u{2028}d e", 2);
        assert_eq!(seen, ["a ", "b\nc ", "\u{e9}\u{2028}d e"]);
        // U+2028 is no separator: five words, by fastText; the last part has three by Unicode.
        let expected = [(1.0 + 2.0 * 2.0 + 3.0 * 2.0) / 5.0, 1.2, 3.0, 3.0];
        let is_same = summary
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(is_same, "{summary:?}");
    }

    #[test]
    fn one_part_keeps_the_score_of_the_whole() {
        let (seen, summary) = parts("a b c", 3);
        assert!(seen.is_empty());
        assert_eq!(
            summary.map(f64::to_bits),
            [-1.0, -1.0, -1.0, 1.0].map(f64::to_bits)
        );
    }

    #[test]
    fn too_few_words_have_no_numbers() {
        for text in ["", " \n\0", "word"] {
            assert!(parts(text, 3).1.iter().all(|v| v.is_nan()), "{text:?}");
        }
    }

    #[test]
    fn percentile_lies_between_its_neighbours() {
        let values: Vec<f64> = (0..=25).map(f64::from).collect();
        assert!((super::percentile_10(&values) - 2.5).abs() < 1e-12);
        assert!((super::percentile_10(&[7.0]) - 7.0).abs() < 1e-12);
    }
}
