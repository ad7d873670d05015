//! DCLM's reading of Gopher's quality rules as numbers.
//!
//! Not Gopher's paper to the letter, nor datatrove's reading: words are fastText's where they are
//! counted and `split()`'s elsewhere, the four symbols are added up, bullets are four marks, and stop
//! words count as often as they occur, in any case. Thresholds are in the preset `dclm/quality`.

use memchr::{memchr_iter, memmem};

use super::{Asked, Family, Scratch, SignalSpec, fraction};
use crate::text::chars::is_alpha;
use crate::text::lines::{newline_lines, split_spaces, strip};
use crate::text::words::count_fasttext_words;
use crate::text::{Doc, Needs};

const OF_WORDS: &str = "0 to 1; null without `split()` words";
const OF_LINES: &str = "0 to 1; null without a line that is not blank";
const STOP_WORDS: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];

/// The family.
pub static FAMILY: Family = Family {
    name: "dclm.quality",
    prefix: "dclm.quality.",
    source: "mlfoundations/dclm 361714b, baselines/mappers/filters/content_filters.py; Rae et al. 2021, appendix A",
    signals: &[
        SignalSpec {
            name: "n_chars",
            definition: "Characters of the text.",
            range: "0 and more",
        },
        SignalSpec {
            name: "n_words",
            definition: "fastText's words (cut at ASCII white space and NUL) whose first character is a letter or a number.",
            range: "0 and more",
        },
        SignalSpec {
            name: "mean_word_length",
            definition: "Mean number of characters of the words of `split()`.",
            range: "1 and more; null without `split()` words",
        },
        SignalSpec {
            name: "symbol_to_word_ratio",
            definition: "Occurrences of `#`, `...`, `. . .` and `…` in the text, added up, over the words of `split()`.",
            range: "0 and more; null without `split()` words",
        },
        SignalSpec {
            name: "frac_lines_starting_bullet",
            definition: "Non-blank lines (cut at `\\n`, stripped) that start with `●`, `•`, `*` or `-`, over all of them.",
            range: OF_LINES,
        },
        SignalSpec {
            name: "frac_lines_ending_ellipsis",
            definition: "Non-blank lines (cut at `\\n`, stripped) that end with `...`, `. . .` or `…`, over all of them.",
            range: OF_LINES,
        },
        SignalSpec {
            name: "frac_words_without_alpha",
            definition: "Words of `split()` without a letter over all of them.",
            range: OF_WORDS,
        },
        SignalSpec {
            name: "n_stop_words",
            definition: "Words of `split()` that are, lower-cased, one of `the be to of and that have with`, each occurrence counted.",
            range: "0 and more",
        },
    ],
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute,
};

fn compute(doc: &Doc<'_>, _: &mut Scratch, out: &mut [f64]) {
    let words = count_words(doc.text);
    let lines = count_lines(doc.text);
    out.copy_from_slice(&[
        doc.n_chars as f64,
        count_fasttext_words(doc.text) as f64,
        fraction(words.chars, words.all),
        fraction(count_symbols(doc.text), words.all),
        fraction(lines.starting_bullet, lines.all),
        fraction(lines.ending_ellipsis, lines.all),
        fraction(words.without_alpha, words.all),
        words.stop_words as f64,
    ]);
}

#[derive(Default)]
struct WordCounts {
    all: usize,
    chars: usize,
    without_alpha: usize,
    stop_words: usize,
}

fn count_words(text: &str) -> WordCounts {
    let mut counts = WordCounts::default();
    for word in split_spaces(text) {
        counts.all += 1;
        counts.chars += word.chars().count();
        // Most words begin with a letter.
        let has_alpha = word.as_bytes()[0].is_ascii_alphabetic() || word.chars().any(is_alpha);
        counts.without_alpha += usize::from(!has_alpha);
        counts.stop_words += usize::from(is_stop_word(word));
    }
    counts
}

/// Nothing but ASCII lower-cases to any of them, so that ASCII decides.
fn is_stop_word(word: &str) -> bool {
    (2..=4).contains(&word.len())
        && STOP_WORDS
            .iter()
            .any(|stop| word.eq_ignore_ascii_case(stop))
}

fn count_symbols(text: &str) -> usize {
    let text = text.as_bytes();
    let ellipses = ["...", ". . .", "…"].map(|mark| memmem::find_iter(text, mark).count());
    memchr_iter(b'#', text).count() + ellipses.iter().sum::<usize>()
}

#[derive(Default)]
struct LineCounts {
    all: usize,
    starting_bullet: usize,
    ending_ellipsis: usize,
}

fn count_lines(text: &str) -> LineCounts {
    let mut counts = LineCounts::default();
    for line in newline_lines(text)
        .map(strip)
        .filter(|line| !line.is_empty())
    {
        counts.all += 1;
        counts.starting_bullet += usize::from(line.starts_with(['●', '•', '*', '-']));
        let ends = ["...", ". . .", "…"]
            .iter()
            .any(|mark| line.ends_with(mark));
        counts.ending_ellipsis += usize::from(ends);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::FAMILY;

    const NULL: f64 = f64::NAN;

    #[test]
    fn words_are_counted_by_fasttext_and_begin_with_a_letter_or_number() {
        let cases = [("", 0.0), ("a (b) 3% ½\u{a0}c d-e", 4.0), ("— … \"a", 0.0)];
        check(&FAMILY, "n_words", &cases);
        check(&FAMILY, "n_chars", &[("", 0.0), ("é\n日", 3.0)]);
    }

    #[test]
    fn lengths_are_of_split_words_in_characters() {
        let cases = [
            ("", NULL),
            (" \n", NULL),
            ("ab, é\u{a0}日本語", 7.0 / 3.0),
            ("a\0b", 3.0),
        ];
        check(&FAMILY, "mean_word_length", &cases);
    }

    #[test]
    fn symbols_are_added_up() {
        let cases = [
            ("", NULL),
            ("# ", 1.0),
            // One, two, one, one: six full stops are two ellipses, five spaced ones are one.
            ("#a ...... … . . . . .", 5.0 / 8.0),
        ];
        check(&FAMILY, "symbol_to_word_ratio", &cases);
    }

    #[test]
    fn bullets_are_four_marks_of_stripped_nonblank_lines() {
        let cases = [
            ("", NULL),
            ("\n \n", NULL),
            ("- a\n\n\u{3000}● b\n*c\n •\n– d\r– e", 0.8),
        ];
        check(&FAMILY, "frac_lines_starting_bullet", &cases);
        let cases = [("a...\r\n\nb . . . \nc…\nd. ..\ne", 0.6), (" ", NULL)];
        check(&FAMILY, "frac_lines_ending_ellipsis", &cases);
    }

    #[test]
    fn words_without_a_letter_are_of_split() {
        let cases = [("", NULL), ("a1 1 ½ é — 2nd", 0.5), ("Ⅷ \u{93e} ª 日", 0.5)];
        check(&FAMILY, "frac_words_without_alpha", &cases);
    }

    #[test]
    fn stop_words_count_each_time_in_any_case() {
        let cases = [
            ("", 0.0),
            ("the The THE", 3.0),
            ("of, \"to\" withe w\u{130}th", 0.0),
            ("be to of and that have with", 7.0),
        ];
        check(&FAMILY, "n_stop_words", &cases);
    }
}
