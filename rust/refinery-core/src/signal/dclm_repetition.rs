//! DCLM's reading of Gopher's repetition rules as numbers.
//!
//! Not datatrove's, Dolma's or Curator's: every copy of a repeated line counts, the first one too;
//! lines and paragraphs are stripped and not blank; n-grams are of UAX 29 words that begin with a
//! letter or a number, and what is divided by are the characters in lines, in paragraphs or in
//! words. Thresholds are in the preset `dclm/repetition`.

use super::repeated_ngrams::RepeatedNgrams;
use super::repeats::{PartBuffers, repeated_parts};
use super::{Asked, Family, Scratch, fraction, spec};
use crate::text::lines::{newline_lines, strip};
use crate::text::{Doc, Needs, Word};

const OF_PARTS: &str = "0 to 1; null without one that is not blank";
const OF_TOP: &str = "0 and more, above 1 where n-grams overlap; null with fewer words than n";
const OF_WORDS: &str = "0 to 1; null with fewer words than n";

/// The family.
pub static FAMILY: Family = Family {
    name: "dclm.repetition",
    prefix: "dclm.repetition.",
    source: "mlfoundations/dclm 361714b, massive_web_repetition_filters; Rae et al. 2021, table A1",
    signals: &[
        spec(
            "dup_line_frac",
            "Non-blank lines (cut at `\\n`, stripped) that another one equals, over all of them.",
            OF_PARTS,
        ),
        spec(
            "dup_para_frac",
            "Non-blank paragraphs (cut at `\\n\\n`, stripped) that another one equals, over all of them.",
            OF_PARTS,
        ),
        spec(
            "dup_line_char_frac",
            "Characters of the lines that another one equals, over the characters of all lines.",
            OF_PARTS,
        ),
        spec(
            "dup_para_char_frac",
            "Characters of the paragraphs that another one equals, over the characters of all paragraphs.",
            OF_PARTS,
        ),
        spec(
            "top_2gram_char_frac",
            "Characters (without spaces) of the most frequent 2-gram, the longest of equally frequent ones, times its count, over the characters of all words; 0 where none occurs twice.",
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
            "Characters of the words that are part of a 5-gram that occurs twice or more, over the characters of all words.",
            OF_WORDS,
        ),
        spec(
            "dup_6gram_char_frac",
            "As dup_5gram_char_frac, for 6-grams.",
            OF_WORDS,
        ),
        spec(
            "dup_7gram_char_frac",
            "As dup_5gram_char_frac, for 7-grams.",
            OF_WORDS,
        ),
        spec(
            "dup_8gram_char_frac",
            "As dup_5gram_char_frac, for 8-grams.",
            OF_WORDS,
        ),
        spec(
            "dup_9gram_char_frac",
            "As dup_5gram_char_frac, for 9-grams.",
            OF_WORDS,
        ),
        spec(
            "dup_10gram_char_frac",
            "As dup_5gram_char_frac, for 10-grams.",
            OF_WORDS,
        ),
    ],
    needs: Needs {
        uax29_words: true,
        ..Needs::NONE
    },
    of_words: Asked::ALL,
    compute,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    parts: PartBuffers,
    ngrams: RepeatedNgrams,
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let Buffers { parts, ngrams } = &mut scratch.dclm_repetition;
    let has_text = |part: &&str| !part.is_empty();
    let (mut line_chars, mut paragraph_chars) = (0, 0);
    let lines = newline_lines(doc.text).map(strip).filter(has_text);
    let lines = lines.inspect(|line| line_chars += line.chars().count());
    let lines = repeated_parts(doc.text, lines, parts);
    let paragraphs = doc.text.split("\n\n").map(strip).filter(has_text);
    let paragraphs = paragraphs.inspect(|part| paragraph_chars += part.chars().count());
    let paragraphs = repeated_parts(doc.text, paragraphs, parts);
    let (of_parts, of_ngrams) = out.split_at_mut(4);
    of_parts.copy_from_slice(&[
        fraction(lines.n_copies, lines.n_parts),
        fraction(paragraphs.n_copies, paragraphs.n_parts),
        fraction(lines.copies_chars, line_chars),
        fraction(paragraphs.copies_chars, paragraph_chars),
    ]);
    let words = doc.uax29_words;
    let n_chars = words.iter().map(|w| w.n_chars as usize).sum();
    ngrams.load(doc.text, words);
    for (n, out) in (2..).zip(of_ngrams) {
        if n > 2 {
            ngrams.lengthen();
        }
        let chars = if n < 5 {
            top_chars(ngrams, words, n)
        } else {
            covered_chars(ngrams, words, n)
        };
        *out = if words.len() < n {
            f64::NAN
        } else {
            fraction(chars, n_chars)
        };
    }
}

/// Characters of the most frequent n-gram times its count; of equally frequent ones the longest.
fn top_chars(ngrams: &RepeatedNgrams, words: &[Word], n: usize) -> usize {
    let firsts = ngrams.occurrences().iter().filter(|gram| gram.count > 0);
    let most = firsts.clone().map(|gram| gram.count).max().unwrap_or(0);
    let top = firsts.filter(|gram| gram.count == most);
    let longest = top.map(|gram| chars(&words[gram.at as usize..][..n])).max();
    longest.unwrap_or(0) * most as usize
}

/// Characters of the words that some repeated n-gram covers, each counted once.
fn covered_chars(ngrams: &RepeatedNgrams, words: &[Word], n: usize) -> usize {
    let (mut covered, mut end) = (0, 0);
    for gram in ngrams.occurrences() {
        let at = gram.at as usize;
        covered += chars(&words[end.max(at)..at + n]);
        end = at + n;
    }
    covered
}

fn chars(words: &[Word]) -> usize {
    words.iter().map(|word| word.n_chars as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, signal_of_words};
    use super::FAMILY;

    const NULL: f64 = f64::NAN;

    #[test]
    fn all_copies_of_a_line_count() {
        let cases = [
            ("", NULL),
            (" \n\n", NULL),
            ("a", 0.0),
            // The example of five lines, one of them twice: 0.2 for datatrove.
            ("a\nb\nc\nd\na", 0.4),
            ("a \n\n\ta\nb\n \n", 2.0 / 3.0),
            ("a\ra", 0.0),
        ];
        check(&FAMILY, "dup_line_frac", &cases);
        let cases = [("", NULL), ("éé\nab c\n éé", 0.5), ("a", 0.0)];
        check(&FAMILY, "dup_line_char_frac", &cases);
    }

    #[test]
    fn paragraphs_are_cut_at_pairs_of_newlines_from_the_left() {
        let cases = [
            ("", NULL),
            ("a\n\na\n\nb", 2.0 / 3.0),
            ("a\n\n\na", 1.0),
            ("a\n \na", 0.0),
            ("a\n\n\n\n\n\nb\n\n\u{3000}", 0.0),
        ];
        check(&FAMILY, "dup_para_frac", &cases);
        check(
            &FAMILY,
            "dup_para_char_frac",
            &[("a\nb\n\na\nb\n\nc d e", 6.0 / 11.0)],
        );
    }

    #[test]
    fn the_longest_of_equally_frequent_ngrams_counts() {
        let cases = [
            ("", NULL),
            ("x", NULL),
            // A count of one is no repetition.
            ("a b cc", 0.0),
            // Twice each: "cc dd" is longer than "a b"; "b cc" too is shorter.
            ("a b cc dd a b cc dd", 8.0 / 12.0),
            // Overlapping occurrences all count: 4 of "a a".
            ("a a a a a", 8.0 / 5.0),
            // Three times "b c", which is shorter than "aaa b", twice.
            ("aaa b c aaa b c b c", 6.0 / 12.0),
        ];
        check(&FAMILY, "top_2gram_char_frac", &cases);
        check(
            &FAMILY,
            "top_3gram_char_frac",
            &[("a b", NULL), ("a b c a b c", 1.0)],
        );
        check(
            &FAMILY,
            "top_4gram_char_frac",
            &[("a b c", NULL), ("a b c d", 0.0)],
        );
    }

    #[test]
    fn words_in_repeated_ngrams_count_once() {
        let cases = [
            ("a b c d", NULL),
            ("a b c d e", 0.0),
            ("a b c d e x a b c d e", 10.0 / 11.0),
            // Both 5-grams of each copy of six words: twelve words of thirteen.
            ("a b c d e f xxx a b c d e f", 12.0 / 15.0),
            ("a a a a a a", 1.0),
        ];
        check(&FAMILY, "dup_5gram_char_frac", &cases);
        check(
            &FAMILY,
            "dup_6gram_char_frac",
            &[("a b c d e f a b c d e g", 0.0)],
        );
        let twice = "1 2 3 4 5 6 7 8 9 10 1 2 3 4 5 6 7 8 9 10";
        check(
            &FAMILY,
            "dup_10gram_char_frac",
            &[(twice, 1.0), ("1 2", NULL)],
        );
    }

    #[test]
    fn what_is_no_word_does_not_count() {
        let found = signal_of_words(
            &FAMILY,
            "top_2gram_char_frac",
            "a, b! a. b?",
            &["a", "b", "a", "b"],
        );
        assert!((found - 1.0).abs() < 1e-12, "{found}");
    }
}
