//! Gopher's rules as numbers, computed as Dolma's taggers `gopher_v1` and `gopher_v2` do.
//!
//! One computation, two families: `gopher_v1` cuts lines at every newline, `gopher_v2` at runs of
//! them. Against datatrove's reading of the same paper: words are those of `str.split()`, their
//! length is a median, a line that occurs twice counts twice, n-grams are measured against the
//! characters of words (or of all n-grams) and not of the text. Thresholds are in the presets
//! `dolma/gopher_*`.

use memchr::{memchr, memmem};

use super::super::gopher_quality::stop_word_bit;
use super::super::ngrams::Ngrams;
use super::super::repeats::{PartBuffers, repeated_parts};
use super::super::top_ngrams::Top;
use super::super::{Asked, Family, Scratch, SignalSpec};
use super::{share, spec};
use crate::text::chars::is_alpha;
use crate::text::lines::{NewlineRuns, newline_lines, newline_run_lines};
use crate::text::{Doc, Needs, Word};

const SOURCE: &str =
    "allenai/dolma 669f534 (release 1.2.1), taggers/gopher.py; Rae et al. 2021, appendix A";
const OF_WORDS: &str = "0 to 1; 0 without words";
const OF_LINES: &str = "0 to 1; text without a newline has one line";
const OF_TOP: &str = "0 and more, above 1 where n-grams overlap; null with fewer words than n";
const OF_NGRAMS: &str = "0 to 1; null with fewer words than n";

/// Signals of both families.
static SIGNALS: [SignalSpec; 18] = [
    spec("n_words", "Words of `str.split()`.", "0 and more"),
    spec(
        "median_word_length",
        "Median number of characters of the words; of an even number of words the mean of the middle two.",
        "1 and more; 0 without words",
    ),
    spec(
        "frac_words_with_symbol",
        "Words that contain `#` or `…`, over all words.",
        OF_WORDS,
    ),
    spec(
        "frac_words_with_alpha",
        "Words with at least one letter, over all words.",
        OF_WORDS,
    ),
    spec(
        "n_stop_words",
        "Words that are one of `the be to of and that have with`, case-sensitive, every occurrence counted.",
        "0 and more",
    ),
    spec(
        "frac_lines_starting_bullet",
        "Lines whose very first character is `*` or `-`, over all lines, empty ones included.",
        OF_LINES,
    ),
    spec(
        "frac_lines_ending_ellipsis",
        "Lines whose very last character is `…`, over all lines, empty ones included.",
        OF_LINES,
    ),
    spec(
        "dup_line_frac",
        "Lines (not stripped, empty ones included) that occur more than once, every occurrence counted, over all lines.",
        "0 to 1",
    ),
    spec(
        "dup_line_char_frac",
        "Characters of the lines that occur more than once, white space included, over the characters of all words, white space not included.",
        "0 and more, above 1 where white space outweighs; over 1 character without words",
    ),
    spec(
        "top_2gram_char_frac",
        "Characters of the words of the most frequent 2-gram (the first seen of equally frequent ones) times its count, over the characters of all words.",
        OF_TOP,
    ),
    spec(
        "top_3gram_char_frac",
        "As top_2gram_char_frac, for 3-grams.",
        OF_TOP,
    ),
    spec(
        "top_4gram_char_frac",
        "As top_2gram_char_frac, for 4-grams.",
        OF_TOP,
    ),
    spec(
        "dup_5gram_char_frac",
        "Characters of all occurrences of 5-grams that occur more than once, over the characters of all occurrences of all 5-grams.",
        OF_NGRAMS,
    ),
    spec(
        "dup_6gram_char_frac",
        "As dup_5gram_char_frac, for 6-grams.",
        OF_NGRAMS,
    ),
    spec(
        "dup_7gram_char_frac",
        "As dup_5gram_char_frac, for 7-grams.",
        OF_NGRAMS,
    ),
    spec(
        "dup_8gram_char_frac",
        "As dup_5gram_char_frac, for 8-grams.",
        OF_NGRAMS,
    ),
    spec(
        "dup_9gram_char_frac",
        "As dup_5gram_char_frac, for 9-grams.",
        OF_NGRAMS,
    ),
    spec(
        "dup_10gram_char_frac",
        "As dup_5gram_char_frac, for 10-grams.",
        OF_NGRAMS,
    ),
];

const NEEDS: Needs = Needs {
    split_words: true,
    ..Needs::NONE
};

/// `gopher_v1`: lines of `split("\n")`.
pub static V1: Family = Family {
    name: "dolma.gopher_v1",
    prefix: "dolma.gopher_v1.",
    source: SOURCE,
    signals: &SIGNALS,
    needs: NEEDS,
    of_words: Asked::ALL,
    compute: |doc, scratch, out| compute(doc, newline_lines(doc.text), scratch, out),
};

/// `gopher_v2`: lines between runs of newlines.
pub static V2: Family = Family {
    name: "dolma.gopher_v2",
    prefix: "dolma.gopher_v2.",
    source: SOURCE,
    signals: &SIGNALS,
    needs: NEEDS,
    of_words: Asked::ALL,
    compute: |doc, scratch, out| compute(doc, newline_run_lines(doc.text), scratch, out),
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    lengths: Vec<u32>,
    parts: PartBuffers,
    ngrams: Ngrams,
}

#[derive(Default)]
struct WordCounts {
    chars: usize,
    with_symbol: usize,
    with_alpha: usize,
    stop_words: usize,
}

fn compute(doc: &Doc<'_>, lines: NewlineRuns<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let Buffers {
        lengths,
        parts,
        ngrams,
    } = &mut scratch.dolma.gopher;
    let n_words = doc.split_words.len();
    let words = count_words(doc);
    let (mut bullets, mut ellipses) = (0, 0);
    let lines = lines.inspect(|line| {
        bullets += usize::from(line.starts_with(['*', '-']));
        ellipses += usize::from(line.ends_with('…'));
    });
    let repeated = repeated_parts(doc.text, lines, parts);
    let (plain, of_ngrams) = out.split_at_mut(9);
    plain.copy_from_slice(&[
        n_words as f64,
        median_length(doc.split_words, lengths),
        share(words.with_symbol, n_words),
        share(words.with_alpha, n_words),
        words.stop_words as f64,
        share(bullets, repeated.n_parts),
        share(ellipses, repeated.n_parts),
        share(repeated.n_copies, repeated.n_parts),
        share(repeated.copies_chars, words.chars),
    ]);
    ngrams.load(doc.text, doc.split_words);
    let tops = ngrams.tops_before_copies(doc.text, doc.split_words);
    let tops = [2, 3, 4].into_iter().zip(tops).map(|(n, top)| {
        let chars = |top: Top| top.count * ngrams.chars(top.first, n);
        top.map(|top| share(chars(top), words.chars))
    });
    for (value, out) in tops.zip(&mut *of_ngrams) {
        *out = value.unwrap_or(f64::NAN);
    }
    for (copies, out) in ngrams.all_copies().into_iter().zip(&mut of_ngrams[3..]) {
        *out = copies.map_or(f64::NAN, |c| share(c.repeated, c.all));
    }
}

fn count_words(doc: &Doc<'_>) -> WordCounts {
    let mut counts = WordCounts::default();
    let text = doc.text.as_bytes();
    // Most texts have neither symbol, and no word of theirs needs to be searched.
    let has_hash = memchr(b'#', text).is_some();
    let has_ellipsis = memmem::find(text, "…".as_bytes()).is_some();
    for word in doc.split_words {
        let token = word.text(doc.text);
        let bytes = token.as_bytes();
        let has_alpha =
            bytes.first().is_some_and(u8::is_ascii_alphabetic) || token.chars().any(is_alpha);
        let has_symbol = has_hash && bytes.contains(&b'#') || has_ellipsis && token.contains('…');
        counts.chars += word.n_chars as usize;
        counts.with_alpha += usize::from(has_alpha);
        counts.with_symbol += usize::from(has_symbol);
        counts.stop_words += usize::from(stop_word_bit(bytes) != 0);
    }
    counts
}

/// Python's `statistics.median` of the words' lengths; 0 without words.
fn median_length(words: &[Word], lengths: &mut Vec<u32>) -> f64 {
    if words.is_empty() {
        return 0.0;
    }
    lengths.clear();
    lengths.extend(words.iter().map(|word| word.n_chars));
    let (below, &mut upper, _) = lengths.select_nth_unstable(words.len() / 2);
    if words.len() % 2 == 1 {
        return f64::from(upper);
    }
    let lower = below.iter().max().copied().unwrap_or(upper);
    f64::midpoint(f64::from(lower), f64::from(upper))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;
    use super::{V1, V2};

    const NULL: f64 = f64::NAN;

    #[test]
    fn words_are_between_white_space_with_their_punctuation() {
        let cases = [("", 0.0), (" \n\u{3000}", 0.0), ("a, b\x1fc . d", 5.0)];
        check(&V1, "n_words", &cases);
    }

    #[test]
    fn word_length_is_a_median_of_characters() {
        let cases = [
            ("", 0.0),
            (" \n", 0.0),
            ("aaa", 3.0),
            ("a bbbb", 2.5),
            ("a bb ccccccccc", 2.0),
            ("ééé 日本 d d", 1.5),
            ("a a a a antidisestablishmentarianism", 1.0),
        ];
        check(&V1, "median_word_length", &cases);
    }

    #[test]
    fn a_symbol_counts_once_a_word_wherever_it_stands() {
        let cases = [
            ("", 0.0),
            ("#a ## b… …#… c", 0.8),
            ("a... b .. …", 0.25),
            ("a b", 0.0),
        ];
        check(&V1, "frac_words_with_symbol", &cases);
    }

    #[test]
    fn words_with_alpha_have_a_letter_of_any_script() {
        let cases = [("", 0.0), ("abc 12 3d .", 0.5), ("日本 ½ ъ, Ⅷ", 0.5)];
        check(&V1, "frac_words_with_alpha", &cases);
    }

    #[test]
    fn stop_words_count_every_time_and_by_case() {
        let cases = [
            ("", 0.0),
            ("the the", 2.0),
            ("The Of", 0.0),
            ("the, be to", 2.0),
            ("the be to of and that have with", 8.0),
        ];
        check(&V1, "n_stop_words", &cases);
    }

    #[test]
    fn bullets_are_two_marks_at_the_very_start() {
        let cases = [
            ("", 0.0),
            ("* a\n- b\n • c\n - d", 0.5),
            ("• a\n-", 0.5),
            ("-a\n\n\n*b", 0.5),
        ];
        check(&V1, "frac_lines_starting_bullet", &cases);
        check(&V2, "frac_lines_starting_bullet", &[("-a\n\n\n*b", 1.0)]);
    }

    #[test]
    fn ellipsis_lines_end_in_the_single_character() {
        let cases = [
            ("", 0.0),
            ("a…\nb...\nc… \nd…", 0.5),
            ("a…\r\nb…\r\n", 0.0),
            ("a…\n\nb…\n", 0.5),
        ];
        check(&V1, "frac_lines_ending_ellipsis", &cases);
        check(
            &V2,
            "frac_lines_ending_ellipsis",
            &[("a…\n\nb…\n", 2.0 / 3.0)],
        );
    }

    #[test]
    fn all_copies_of_a_line_count() {
        let cases = [
            ("", 0.0),
            // The example of five lines, one of them twice.
            ("one\ntwo\nthree\ntwo\nfive", 0.4),
            ("a\na\na", 1.0),
            ("a\na ", 0.0),
            // Empty lines are equal to each other.
            ("a\n\nb\n\nc", 0.4),
            ("\n", 1.0),
            ("one line only", 0.0),
        ];
        check(&V1, "dup_line_frac", &cases);
        let cases = [
            ("", 0.0),
            ("one\ntwo\nthree\ntwo\nfive", 0.4),
            ("a\n\nb\n\nc", 0.0),
            ("\n", 1.0),
            ("\nOne line.\n", 2.0 / 3.0),
        ];
        check(&V2, "dup_line_frac", &cases);
    }

    #[test]
    fn line_characters_are_over_word_characters_and_may_exceed_them() {
        let cases = [
            ("", 0.0),
            ("ab\nab\nc", 0.8),
            ("a b c\na b c", 10.0 / 6.0),
            // White space alone: over one character.
            ("  \n  ", 4.0),
            ("é é\né é\nx", 6.0 / 5.0),
        ];
        check(&V1, "dup_line_char_frac", &cases);
    }

    #[test]
    fn the_most_frequent_ngram_is_measured_without_spaces() {
        let cases = [
            ("", NULL),
            ("x", NULL),
            ("a b", 1.0),
            // All once: the first, though the last is longer.
            ("a b cccc dddd", 0.2),
            ("a b cc dd a b cc dd", 4.0 / 12.0),
            // Overlapping occurrences all count: 4 of "a a".
            ("a a a a a", 8.0 / 5.0),
            ("a b c a b c b c", 6.0 / 8.0),
            ("ab c x a bc", 3.0 / 7.0),
        ];
        check(&V1, "top_2gram_char_frac", &cases);
        let cases = [("a b", NULL), ("a b c d", 0.75)];
        check(&V1, "top_3gram_char_frac", &cases);
        let cases = [("a b c", NULL), ("a b c d a b c d", 1.0)];
        check(&V1, "top_4gram_char_frac", &cases);
    }

    #[test]
    fn all_copies_of_an_ngram_count_over_all_ngrams() {
        let cases = [
            ("a b c d", NULL),
            ("a b c d e", 0.0),
            // Six 5-grams of 5 characters, two of them equal.
            ("a b c d e a b c d e", 1.0 / 3.0),
            // Eleven, every one of which occurs twice or three times.
            ("a b c d e a b c d e a b c d e", 1.0),
            ("a a a a a a a", 1.0),
            // Words joined alike but cut elsewhere are not equal.
            ("ab c d e f x a bc d e f", 0.0),
            // Longer words weigh more: ab cd e f g (7), cd e f g ab (7), ... twice the first.
            ("ab c d e f ab c d e f", 1.0 / 3.0),
        ];
        check(&V1, "dup_5gram_char_frac", &cases);
        let cases = [("a b c d e a b c d e", 0.0), ("a b c d e", NULL)];
        check(&V1, "dup_6gram_char_frac", &cases);
        let cases = [
            ("a b c d e f g h i", NULL),
            ("a b c d e f g h i j", 0.0),
            ("a b c d e f g h i j a b c d e f g h i j", 2.0 / 11.0),
        ];
        check(&V1, "dup_10gram_char_frac", &cases);
    }

    #[test]
    fn characters_at_the_ends_are_in_fewer_ngrams() {
        // 5-grams: aaa b c d e (7), b c d e b (5), c d e b c (5), d e b c d (5), e b c d e (5),
        // b c d e b (5), c d e b c (5): four of 37 characters' worth occur twice.
        let text = "aaa b c d e b c d e b c";
        check(&V1, "dup_5gram_char_frac", &[(text, 20.0 / 37.0)]);
    }
}
