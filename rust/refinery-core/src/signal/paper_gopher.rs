//! Gopher's quality and repetition rules as its paper states them, where no code was released.
//!
//! Not a project's reading of the paper: those are `datatrove.gopher_quality`,
//! `curator.heuristics` and others, and they disagree wherever the paper leaves something open.
//! Here every open point has the answer that keeps a share a share (0 to 1), independent of layout:
//!
//! - Words are those of `split()`. Lines and paragraphs are stripped, and blank ones are none; a
//!   paragraph ends at an empty line.
//! - A duplicate is a copy after the first: what deduplication would remove.
//! - Characters in lines are over the characters of all lines; those in n-grams are characters of
//!   words, over the characters of all words, so white space is on neither side.
//! - What overlapping n-grams cover counts once, for the most frequent n-gram too; an n-gram that
//!   occurs once is no repetition.
//! - Bullets are the glyphs of that name, and `-` and `*`; an ellipsis is `...` or `…`, and four
//!   full stops are one.
//! - Stop words count once each ("at least two of the following"), in any case.

use memchr::{memchr_iter, memmem};

use super::gopher_quality::stop_word_bit;
use super::ngrams::Ngrams;
use super::repeats::{PartBuffers, RepeatedParts, repeated_parts};
use super::{Asked, Family, Scratch, fraction, spec};
use crate::text::chars::is_alpha;
use crate::text::lines::{newline_lines, newline_run_lines, paragraphs, strip};
use crate::text::{Doc, Needs};

const OF_WORDS: &str = "0 to 1; null without words";
const PER_WORD: &str = "0 and more; null without words";
const OF_LINES: &str = "0 to 1; null without a line that is not blank";
const OF_PARTS: &str = "0 to below 1; null for blank text";

/// The family.
#[rustfmt::skip]
pub static FAMILY: Family = Family {
    name: "paper.gopher",
    prefix: "paper.gopher.",
    source: "Rae et al. 2021, Scaling Language Models, appendix A1.1 and table A1",
    signals: &[
        spec("n_words", "Words of `split()`.", "0 and more"),
        spec("mean_word_length", "Mean number of characters of the words.", "1 and more; null without words"),
        spec("hash_to_word_ratio", "Occurrences of `#` over words.", PER_WORD),
        spec("ellipsis_to_word_ratio", "Occurrences of `...` and of `…` over words.", PER_WORD),
        spec("frac_lines_starting_bullet",
            "Lines that start, white space aside, with a bullet, `-` or `*`, over all lines that are not blank.",
            OF_LINES),
        spec("frac_lines_ending_ellipsis",
            "Lines that end, white space aside, in `...` or `…`, over all lines that are not blank.",
            OF_LINES),
        spec("frac_words_with_alpha", "Words with at least one letter over all words.", OF_WORDS),
        spec("n_distinct_stop_words",
            "How many of `the be to of and that have with` occur as words, in any case.", "0 to 8"),
        spec("dup_line_frac",
            "Lines (stripped, not blank) equal to an earlier one, over all of them.", OF_PARTS),
        spec("dup_para_frac",
            "Paragraphs (parts between empty lines, stripped, not blank) equal to an earlier one, over all of them.",
            OF_PARTS),
        spec("dup_line_char_frac",
            "Characters of lines equal to an earlier one, over those of all lines.", OF_PARTS),
        spec("dup_para_char_frac",
            "Characters of paragraphs equal to an earlier one, over those of all paragraphs.", OF_PARTS),
        spec("top_2gram_char_frac",
            "Characters of the words that the most frequent 2-gram covers (of equally frequent ones the first seen; 0 where it occurs once), over those of all words.",
            OF_WORDS),
        spec("top_3gram_char_frac", "As top_2gram_char_frac, for 3-grams.", OF_WORDS),
        spec("top_4gram_char_frac", "As top_2gram_char_frac, for 4-grams.", OF_WORDS),
        spec("dup_5gram_char_frac",
            "Characters of the words that copies after the first of 5-grams cover, over those of all words.",
            OF_WORDS),
        spec("dup_6gram_char_frac", "As dup_5gram_char_frac, for 6-grams.", OF_WORDS),
        spec("dup_7gram_char_frac", "As dup_5gram_char_frac, for 7-grams.", OF_WORDS),
        spec("dup_8gram_char_frac", "As dup_5gram_char_frac, for 8-grams.", OF_WORDS),
        spec("dup_9gram_char_frac", "As dup_5gram_char_frac, for 9-grams.", OF_WORDS),
        spec("dup_10gram_char_frac", "As dup_5gram_char_frac, for 10-grams.", OF_WORDS),
    ],
    needs: Needs {
        split_words: true,
        ..Needs::NONE
    },
    of_words: Asked::ALL,
    compute,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    parts: PartBuffers,
    ngrams: Ngrams,
}

/// Glyphs that are bullets, and the two characters that stand for one in plain text.
const BULLETS: [char; 14] = [
    '•', '‣', '⁃', '⁌', '⁍', '∙', '○', '●', '◘', '◦', '⦾', '⦿', '-', '*',
];

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let Buffers { parts, ngrams } = &mut scratch.paper_gopher;
    let n_words = doc.split_words.len();
    let word_chars = doc.split_words.iter().map(|w| w.n_chars as usize).sum();
    let (with_alpha, stop_words) = count_words(doc);
    let (bullets, ellipses, n_lines) = count_lines(doc.text);
    let text = doc.text.as_bytes();
    let marks = memmem::find_iter(text, "...").count() + memmem::find_iter(text, "…").count();
    let (lines, line_chars) = repeated(doc.text, newline_run_lines(doc.text), parts);
    let (paras, para_chars) = repeated(doc.text, paragraphs(doc.text), parts);
    out[..12].copy_from_slice(&[
        n_words as f64,
        fraction(word_chars, n_words),
        fraction(memchr_iter(b'#', text).count(), n_words),
        fraction(marks, n_words),
        fraction(bullets, n_lines),
        fraction(ellipses, n_lines),
        fraction(with_alpha, n_words),
        f64::from(stop_words.count_ones()),
        fraction(lines.n_repeated, lines.n_parts),
        fraction(paras.n_repeated, paras.n_parts),
        fraction(lines.repeated_chars, line_chars),
        fraction(paras.repeated_chars, para_chars),
    ]);
    ngrams.load(doc.text, doc.split_words);
    for ((top, n), out) in ngrams
        .tops_before_copies(doc.text, doc.split_words)
        .into_iter()
        .zip(2..)
        .zip(&mut out[12..15])
    {
        let chars = match top {
            Some(top) if top.count > 1 => ngrams.cover_of(top.first, n).chars,
            _ => 0,
        };
        *out = fraction(chars, word_chars);
    }
    for (cover, out) in ngrams.later_copies().into_iter().zip(&mut out[15..]) {
        *out = fraction(cover.chars, word_chars);
    }
}

/// Repeated parts that are not blank, stripped, and the characters of all of them.
fn repeated<'a>(
    text: &'a str,
    parts: impl Iterator<Item = &'a str>,
    buffers: &mut PartBuffers,
) -> (RepeatedParts, usize) {
    let mut chars = 0;
    let parts = parts
        .map(strip)
        .filter(|part| !part.is_empty())
        .inspect(|part| chars += part.chars().count());
    (repeated_parts(text, parts, buffers), chars)
}

/// How many words have a letter, and a bit for each stop word that occurs.
fn count_words(doc: &Doc<'_>) -> (usize, u8) {
    const LONGEST_STOP_WORD: usize = 4;
    let (mut with_alpha, mut stop_words) = (0, 0);
    for word in doc.split_words {
        let token = word.text(doc.text);
        let starts_plain = token.as_bytes()[0].is_ascii_alphabetic();
        with_alpha += usize::from(starts_plain || token.chars().any(is_alpha));
        if starts_plain && token.len() <= LONGEST_STOP_WORD {
            let mut lower = [0; LONGEST_STOP_WORD];
            lower[..token.len()].copy_from_slice(token.as_bytes());
            lower.make_ascii_lowercase();
            stop_words |= stop_word_bit(&lower[..token.len()]);
        }
    }
    (with_alpha, stop_words)
}

/// How many lines start with a bullet, how many end in an ellipsis, and how many are not blank.
fn count_lines(text: &str) -> (usize, usize, usize) {
    let (mut bullets, mut ellipses, mut all) = (0, 0, 0);
    for line in newline_lines(text).map(strip).filter(|l| !l.is_empty()) {
        all += 1;
        bullets += usize::from(line.starts_with(BULLETS));
        ellipses += usize::from(line.ends_with("...") || line.ends_with('…'));
    }
    (bullets, ellipses, all)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::FAMILY;

    const NULL: f64 = f64::NAN;

    #[test]
    fn words_and_symbols() {
        let tables: &[(&str, &[(&str, f64)])] = &[
            ("n_words", &[("", 0.0), ("a, b\n…", 3.0)]),
            ("mean_word_length", &[("", NULL), ("éé 日本語.", 3.0)]),
            ("hash_to_word_ratio", &[(" ", NULL), ("#a ## b", 1.0)]),
            (
                "ellipsis_to_word_ratio",
                &[(" ", NULL), ("a.... b … ......", 1.0)],
            ),
            ("frac_words_with_alpha", &[("", NULL), ("1a 2 — ъ.", 0.5)]),
            (
                "n_distinct_stop_words",
                &[("", 0.0), ("THE the Of", 2.0), ("the, them", 0.0)],
            ),
        ];
        for (name, cases) in tables {
            check(&FAMILY, name, cases);
        }
    }

    #[test]
    fn lines_and_paragraphs_are_stripped_and_not_blank() {
        let tables: &[(&str, &[(&str, f64)])] = &[
            (
                "frac_lines_starting_bullet",
                &[("\n", NULL), (" - a\r\n\n* b\n•c\n– d", 0.75)],
            ),
            (
                "frac_lines_ending_ellipsis",
                &[("", NULL), ("a... \n \nb…\nc..", 2.0 / 3.0)],
            ),
            (
                "dup_line_frac",
                &[(" \n", NULL), ("\na\n a \n\nb\nc\n", 0.25)],
            ),
            (
                "dup_line_char_frac",
                &[("", NULL), ("éé\n éé\nab", 1.0 / 3.0)],
            ),
            (
                "dup_para_frac",
                &[("", NULL), ("a\nb\n\n a\nb \n\n \n\nc", 1.0 / 3.0)],
            ),
            (
                "dup_para_char_frac",
                &[("\n\n", NULL), ("éé\n\n\néé\n\nab\n\n", 1.0 / 3.0)],
            ),
        ];
        for (name, cases) in tables {
            check(&FAMILY, name, cases);
        }
    }

    #[test]
    fn the_top_ngram_covers_each_word_once() {
        let cases = [
            ("", NULL),
            ("a", 0.0),
            ("a b c d", 0.0),
            ("a a a a b", 0.8),
            ("ab c x ab\nc yy", 6.0 / 9.0),
        ];
        check(&FAMILY, "top_2gram_char_frac", &cases);
    }

    #[test]
    fn copies_cover_each_word_once() {
        let cases = [
            ("", NULL),
            ("a b c d", 0.0),
            ("a b c d e f a b c d e f", 0.5),
            ("a a a a a a", 5.0 / 6.0),
        ];
        check(&FAMILY, "dup_5gram_char_frac", &cases);
    }
}
