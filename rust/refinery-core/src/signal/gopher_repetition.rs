//! Gopher's repetition rules as numbers, computed as datatrove's `GopherRepetitionFilter` does.
//!
//! Not Gopher's paper to the letter, nor Dolma's, DCLM's or Curator's reading of it: under one name
//! they count different things. Here a duplicate is every occurrence after the first, lines are cut
//! at runs of newlines without being stripped, n-grams are of spaCy's words, and what is divided by
//! is the length of the text. Thresholds are in the preset `datatrove/gopher_repetition`.

use super::ngrams::Ngrams;
use super::repeats::{PartBuffers, RepeatedParts, repeated_parts};
use super::{Asked, Family, Scratch, fraction, spec};
use crate::text::{Doc, Needs};

const SHARE_OF_PARTS: &str = "0 to below 1";
const SHARE_OF_TEXT: &str = "0 to 1; null for empty text";
const SHARE_OF_TOP: &str =
    "0 and more, above 1 where n-grams overlap; null with fewer words than n";

const PARAGRAPHS: Asked = Asked::at(0..2);
const LINES: Asked = Asked::at(2..4);
const TOPS: Asked = Asked::at(4..7);
const FOUND_AGAIN: Asked = Asked::at(7..13);
const OF_NGRAMS: Asked = TOPS.or(FOUND_AGAIN);

/// The family.
pub static FAMILY: Family = Family {
    name: "datatrove.gopher_repetition",
    prefix: "datatrove.gopher_repetition.",
    source: "huggingface/datatrove 0.10.0, GopherRepetitionFilter; Rae et al. 2021, table A1",
    signals: &[
        spec(
            "dup_para_frac",
            "Paragraphs (parts of the stripped text between two newlines or more) equal to an earlier one, over all paragraphs.",
            SHARE_OF_PARTS,
        ),
        spec(
            "dup_para_char_frac",
            "Characters of paragraphs equal to an earlier one, over the characters of the text.",
            SHARE_OF_TEXT,
        ),
        spec(
            "dup_line_frac",
            "Lines (parts between runs of newlines, not stripped, an empty one at either end included) equal to an earlier one, over all lines.",
            SHARE_OF_PARTS,
        ),
        spec(
            "dup_line_char_frac",
            "Characters of lines equal to an earlier one, over the characters of the text.",
            SHARE_OF_TEXT,
        ),
        spec(
            "top_2gram_char_frac",
            "Characters of the most frequent 2-gram (words joined by a space; the first seen of equally frequent ones) times its count, over the characters of the text.",
            SHARE_OF_TOP,
        ),
        spec(
            "top_3gram_char_frac",
            "As top_2gram_char_frac, for 3-grams.",
            SHARE_OF_TOP,
        ),
        spec(
            "top_4gram_char_frac",
            "As top_2gram_char_frac, for 4-grams.",
            SHARE_OF_TOP,
        ),
        spec(
            "dup_5gram_char_frac",
            "Characters (without spaces) of 5-grams found a second time by a scan that jumps over each one found, over the characters of the text; n-grams are equal when their words joined without a separator are.",
            SHARE_OF_TEXT,
        ),
        spec(
            "dup_6gram_char_frac",
            "As dup_5gram_char_frac, for 6-grams.",
            SHARE_OF_TEXT,
        ),
        spec(
            "dup_7gram_char_frac",
            "As dup_5gram_char_frac, for 7-grams.",
            SHARE_OF_TEXT,
        ),
        spec(
            "dup_8gram_char_frac",
            "As dup_5gram_char_frac, for 8-grams.",
            SHARE_OF_TEXT,
        ),
        spec(
            "dup_9gram_char_frac",
            "As dup_5gram_char_frac, for 9-grams.",
            SHARE_OF_TEXT,
        ),
        spec(
            "dup_10gram_char_frac",
            "As dup_5gram_char_frac, for 10-grams.",
            SHARE_OF_TEXT,
        ),
    ],
    needs: Needs {
        lines: true,
        words: true,
        ..Needs::NONE
    },
    of_words: OF_NGRAMS,
    compute,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    parts: PartBuffers,
    ngrams: Ngrams,
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let asked = scratch.asked;
    let Buffers { parts, ngrams } = &mut scratch.gopher_repetition;
    if asked.any(PARAGRAPHS) {
        let repeated = repeated_parts(doc.text, doc.lines.paragraphs(), parts);
        fill_parts(doc, repeated, &mut out[..2]);
    }
    if asked.any(LINES) {
        let repeated = repeated_parts(doc.text, doc.lines.at_newline_runs(), parts);
        fill_parts(doc, repeated, &mut out[2..4]);
    }
    if asked.any(OF_NGRAMS) {
        ngrams.load(doc.text, doc.words);
    }
    if asked.any(TOPS) {
        let tops = ngrams.tops(doc.text, doc.words);
        for ((top, n), out) in tops.into_iter().zip(2..).zip(&mut out[4..7]) {
            *out = top.map_or(f64::NAN, |top| {
                fraction(ngrams.spaced_chars(top.first, n) * top.count, doc.n_chars)
            });
        }
    }
    if asked.any(FOUND_AGAIN) {
        let found = ngrams.found_again();
        for (chars, out) in found.into_iter().zip(&mut out[7..]) {
            *out = fraction(chars, doc.n_chars);
        }
    }
}

fn fill_parts(doc: &Doc<'_>, repeated: RepeatedParts, out: &mut [f64]) {
    out[0] = fraction(repeated.n_repeated, repeated.n_parts);
    out[1] = fraction(repeated.repeated_chars, doc.n_chars);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, signal, signal_of_words};
    use super::FAMILY;

    const NULL: f64 = f64::NAN;

    /// `n` different words of four letters.
    fn distinct_words(n: usize) -> String {
        let words: Vec<String> = (0..n).map(|i| format!("w{i:03}")).collect();
        words.join(" ")
    }

    #[test]
    fn paragraphs_are_of_the_stripped_text() {
        let cases = [
            ("", 0.0),
            ("a\n\na\n\n", 0.5),
            ("\n\na\n\nb\n\n\na", 1.0 / 3.0),
            ("a\na", 0.0),
        ];
        check(&FAMILY, "dup_para_frac", &cases);
        check(
            &FAMILY,
            "dup_para_char_frac",
            &[("", NULL), ("é\n\né", 0.25)],
        );
    }

    #[test]
    fn a_perfect_document_between_newlines_has_two_equal_empty_lines() {
        let cases = [
            ("", 0.0),
            ("\nOne line.\n", 1.0 / 3.0),
            ("a\n\na", 0.5),
            ("a\na ", 0.0),
        ];
        check(&FAMILY, "dup_line_frac", &cases);
        check(
            &FAMILY,
            "dup_line_char_frac",
            &[("", NULL), ("ab\nab\nab\nc", 0.4)],
        );
    }

    #[test]
    fn the_first_of_equally_frequent_ngrams_counts_not_the_longest() {
        let cases = [
            ("", NULL),
            ("x", NULL),
            ("a b", 1.0),
            // All once: the first, "a b", though "cccc dddd" is longer.
            ("a b cccc dddd", 3.0 / 13.0),
            // Twice each: "a b" is seen before "c d".
            ("a b cc dd a b cc dd", 6.0 / 19.0),
            // Overlapping occurrences all count: 4 of "a a".
            ("a a a a a", 12.0 / 9.0),
            // Three times "b c", seen later than "a b" which comes twice.
            ("a b c a b c b c", 9.0 / 15.0),
        ];
        check(&FAMILY, "top_2gram_char_frac", &cases);
        check(
            &FAMILY,
            "top_3gram_char_frac",
            &[("a b", NULL), ("a b c d", 5.0 / 7.0)],
        );
        check(
            &FAMILY,
            "top_4gram_char_frac",
            &[("a b c", NULL), ("a b c d a b c d", 14.0 / 15.0)],
        );
    }

    #[test]
    fn short_documents_fail_whatever_they_say() {
        // The bound of the original is 0.16: 23 words drop, 24 pass.
        assert!(signal(&FAMILY, "top_4gram_char_frac", &distinct_words(23)) > 0.16);
        assert!(signal(&FAMILY, "top_4gram_char_frac", &distinct_words(24)) <= 0.16);
        assert!(signal(&FAMILY, "top_3gram_char_frac", &distinct_words(24)) <= 0.18);
        assert!(signal(&FAMILY, "top_2gram_char_frac", &distinct_words(24)) <= 0.2);
    }

    #[test]
    fn top_ngrams_differ_where_joined_ngrams_are_equal() {
        let text = "ab c x a bc";
        check(&FAMILY, "top_2gram_char_frac", &[(text, 4.0 / 11.0)]);
    }

    #[test]
    fn a_scan_jumps_over_each_ngram_found_again() {
        let cases = [
            ("", NULL),
            ("a b c d e", 0.0),
            ("a b c d e a b c d e", 5.0 / 19.0),
            ("a b c d e a b c d e a b c d e", 10.0 / 29.0),
            // At 1 found, jump to 6, found, jump to 11: four words left.
            ("a a a a a a a a a a a a a a a", 10.0 / 29.0),
        ];
        check(&FAMILY, "dup_5gram_char_frac", &cases);
        check(
            &FAMILY,
            "dup_6gram_char_frac",
            &[("a b c d e a b c d e", 0.0)],
        );
    }

    #[test]
    fn joined_ngrams_are_equal_wherever_they_are_cut() {
        let text = "ab c d e f x a bc d e f";
        check(&FAMILY, "dup_5gram_char_frac", &[(text, 6.0 / 23.0)]);
        let long = "abcdefgh ijkl mnop qrst uvwxyz x abcdefghi jkl mnop qrst uvwxyz";
        check(&FAMILY, "dup_5gram_char_frac", &[(long, 26.0 / 63.0)]);
    }

    #[test]
    fn lengths_are_in_characters() {
        let text = "ä ö ü ß 日 ä ö ü ß 日";
        check(&FAMILY, "dup_5gram_char_frac", &[(text, 5.0 / 19.0)]);
        check(&FAMILY, "top_2gram_char_frac", &[(text, 6.0 / 19.0)]);
    }

    #[test]
    fn words_may_touch() {
        let found = signal_of_words(
            &FAMILY,
            "top_2gram_char_frac",
            "a,a,",
            &["a", ",", "a", ","],
        );
        assert!((found - 6.0 / 4.0).abs() < 1e-12, "{found}");
    }
}
