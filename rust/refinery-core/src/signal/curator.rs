//! `NeMo` Curator's heuristic filters as numbers, in the order of its English configuration.
//!
//! Its names differ from everybody else's: a "sentence" is a line, "unique" is what others call one
//! minus the repeated share, an "alphanumeric" character may be a full stop but no space, and the
//! share of an n-gram is what the text loses when the n-gram's text is deleted from it, so it is
//! found inside longer words and not found across a line break. Thresholds are in the preset
//! `curator/heuristic_en`.
//!
//! Departs from the original:
//!
//! - Where it stops with an error (a ratio over no words, no lines) and where it says 1.0 because
//!   the text is empty or has fewer words than n, the value here is null.
//! - Of equally frequent n-grams it takes the first of a Python set, which is another one in every
//!   process; here it is the one seen first.
//! - `n_stop_words` counts on where the original stops at two.

mod boilerplate;
mod chars;
mod lines;
mod urls;
mod words;

use memchr::memmem;

use super::ngrams::Ngrams;
use super::repeats::{PartBuffers, RepeatedParts, repeated_parts};
use super::{Asked, Family, Scratch, fraction, spec};
use crate::text::lines::newline_pair_parts;
use crate::text::{Doc, Needs};

const OF_CHARS: &str = "0 to 1; null for empty text";
const OF_WORDS: &str = "0 to 1; null without words";
const OF_LINES: &str = "0 to 1; null without a line that is not blank";
const OF_TOP: &str = "0 to 1; null with fewer words than n";
const OF_COPIES: &str = "0 to 1; null with fewer words than n";

/// The family.
#[rustfmt::skip]
pub static FAMILY: Family = Family {
    name: "curator.heuristics",
    prefix: "curator.heuristics.",
    source: "NVIDIA-NeMo/Curator 1.4.0, nemo_curator/stages/text/filters/heuristic",
    signals: &[
        spec("frac_chars_not_plain",
            "Characters that are no ASCII letter or digit, newline or one of `? ! , .` (so spaces are), over all characters.",
            OF_CHARS),
        spec("frac_words_symbol",
            "Words that are an ellipsis (`...`, `…`, `[...]`, `(...)`, `[…]`, `-»`) or of which more than half of the length is their number of runs of `#`, over all words.",
            OF_WORDS),
        spec("frac_chars_digit", "ASCII digits over all characters.", OF_CHARS),
        spec("frac_chars_url",
            "Characters of addresses that begin with `http://` or `https://`, up to the first character that is none of an address, over all characters.",
            OF_CHARS),
        spec("frac_chars_white_space",
            "Spaces, tabs, newlines, carriage returns and backspaces over all characters.", OF_CHARS),
        spec("frac_chars_bracket", "Characters `( ) [ ] { } ⟨ ⟩` over all characters.", OF_CHARS),
        spec("frac_paras_boilerplate",
            "Paragraphs (parts between pairs of newlines, empty ones included) with a phrase about cookies, privacy or terms of use, in any case, over all paragraphs; 1 where any has `lorem ipsum`.",
            "0 to 1"),
        spec("frac_lines_unique",
            "Different lines (cut at `\\n`, not stripped, not blank) over all of them.",
            "above 0 to 1; null without a line that is not blank"),
        spec("frac_paras_unique",
            "Different paragraphs (parts between pairs of newlines, empty ones included) over all of them.",
            "above 0 to 1"),
        spec("frac_line_chars_unique",
            "Characters of the different lines over those of all lines that are not blank.",
            "above 0 to 1; null without a line that is not blank"),
        spec("frac_para_chars_unique",
            "Characters of the different paragraphs over those of all.",
            "above 0 to 1; null where all paragraphs are empty"),
        spec("n_words", "Words of `split()`.", "0 and more"),
        spec("frac_lines_without_end_mark",
            "Lines that end, white space aside, in none of `. ? ! \" '`, over all lines that are not blank.",
            OF_LINES),
        spec("frac_words_with_alpha",
            "Words with an alphabetic character (Unicode property Alphabetic) over all words.", OF_WORDS),
        spec("n_stop_words",
            "Words that are one of `the be to of and that have with`, each time they occur, case-sensitive.",
            "0 and more"),
        spec("mean_word_length", "Mean number of characters of the words.", "1 and more; null without words"),
        spec("max_word_length", "Characters of the longest word.", "1 and more; null without words"),
        spec("frac_lines_ending_ellipsis",
            "Lines that end, white space aside, in an ellipsis (`...`, `…`, `[...]`, `(...)`, `[…]`, `-»`) or in `read more` or `read more..`, in any case, over all lines that are not blank.",
            OF_LINES),
        spec("top_2gram_char_frac",
            "Share of the text's characters that go when the most frequent 2-gram (of equally frequent ones the first seen), its words joined by one space, is deleted from the text wherever it stands, inside words too.",
            OF_TOP),
        spec("top_3gram_char_frac", "As top_2gram_char_frac, for 3-grams.", OF_TOP),
        spec("top_4gram_char_frac", "As top_2gram_char_frac, for 4-grams.", OF_TOP),
        spec("dup_5gram_char_frac",
            "Characters of words, and one for each gap between two, that second and later copies of 5-grams cover, over the characters of the text.",
            OF_COPIES),
        spec("dup_6gram_char_frac", "As dup_5gram_char_frac, for 6-grams.", OF_COPIES),
        spec("dup_7gram_char_frac", "As dup_5gram_char_frac, for 7-grams.", OF_COPIES),
        spec("dup_8gram_char_frac", "As dup_5gram_char_frac, for 8-grams.", OF_COPIES),
        spec("dup_9gram_char_frac", "As dup_5gram_char_frac, for 9-grams.", OF_COPIES),
        spec("dup_10gram_char_frac", "As dup_5gram_char_frac, for 10-grams.", OF_COPIES),
        spec("frac_lines_starting_bullet",
            "Lines that start, white space aside, with one of `• ‣ ⁃ ⁌ ⁍ ∙ ○ ● ◘ ◦ ⦾ ⦿` (not `-`, not `*`), over all lines that are not blank.",
            OF_LINES),
        spec("has_pornographic_url", "Whether an address has `porn` in it, in this case.", "0 or 1"),
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
    lower: String,
    ngram: String,
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let Buffers {
        parts,
        ngrams,
        lower,
        ngram,
    } = &mut scratch.curator;
    let n_chars = doc.n_chars;
    let chars = chars::count(doc.text);
    let urls = urls::count(doc.text);
    let lines = lines::count(doc, parts);
    let words = words::count(doc);
    let paras = repeated_parts(doc.text, newline_pair_parts(doc.text), parts);
    let para_chars = n_chars - 2 * (paras.n_parts - 1);
    out[..18].copy_from_slice(&[
        fraction(n_chars - chars.plain, n_chars),
        fraction(words.symbols, words.all),
        fraction(chars.digits, n_chars),
        fraction(urls.chars, n_chars),
        fraction(chars.white_space, n_chars),
        fraction(chars.brackets, n_chars),
        boilerplate::share(doc.text, lower),
        unique_parts(lines.repeated),
        unique_parts(paras),
        unique_chars(lines.repeated, lines.chars),
        unique_chars(paras, para_chars),
        words.all as f64,
        fraction(lines.without_end_mark, lines.repeated.n_parts),
        fraction(words.with_alpha, words.all),
        words.stop_words as f64,
        fraction(words.chars, words.all),
        words.longest.map_or(f64::NAN, f64::from),
        fraction(lines.ending_ellipsis, lines.repeated.n_parts),
    ]);
    ngrams.load(doc.text, doc.split_words);
    for ((top, n), out) in ngrams
        .tops_before_copies(doc.text, doc.split_words)
        .into_iter()
        .zip(2..)
        .zip(&mut out[18..21])
    {
        *out = top.map_or(f64::NAN, |top| {
            let found = occurrences(doc, top.first, n, ngram);
            fraction(found * ngrams.spaced_chars(top.first, n), n_chars)
        });
    }
    for ((cover, n), out) in ngrams
        .later_copies()
        .into_iter()
        .zip(5..)
        .zip(&mut out[21..27])
    {
        *out = if words.all < n {
            f64::NAN
        } else {
            fraction(cover.chars + cover.gaps, n_chars)
        };
    }
    out[27] = fraction(lines.starting_bullet, lines.repeated.n_parts);
    out[28] = f64::from(u8::from(urls.has_porn));
}

fn unique_parts(parts: RepeatedParts) -> f64 {
    fraction(parts.n_parts - parts.n_repeated, parts.n_parts)
}

fn unique_chars(parts: RepeatedParts, chars: usize) -> f64 {
    fraction(chars - parts.repeated_chars, chars)
}

/// How often the n-gram at word `first`, its words joined by one space, is in the text, without
/// overlaps and wherever words begin or end.
fn occurrences(doc: &Doc<'_>, first: usize, n: usize, ngram: &mut String) -> usize {
    ngram.clear();
    for word in &doc.split_words[first..first + n] {
        ngram.push_str(word.text(doc.text));
        ngram.push(' ');
    }
    ngram.pop();
    memmem::find_iter(doc.text.as_bytes(), ngram.as_bytes()).count()
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::FAMILY;

    const NULL: f64 = f64::NAN;

    #[test]
    fn shares_of_characters() {
        let tables: &[(&str, &[(&str, f64)])] = &[
            (
                "frac_chars_not_plain",
                &[("", NULL), ("\n\n", 0.0), ("Ab 1.,?!é", 2.0 / 9.0)],
            ),
            ("frac_chars_digit", &[("", NULL), ("a1٣²", 0.25)]),
            (
                "frac_chars_white_space",
                &[("", NULL), (" \t\r\n\x08\x0b\u{a0}é", 0.625)],
            ),
            (
                "frac_chars_bracket",
                &[("", NULL), ("(a)[b]{c}⟨d⟩<\u{27ea}>", 8.0 / 15.0)],
            ),
        ];
        for (name, cases) in tables {
            check(&FAMILY, name, cases);
        }
    }

    #[test]
    fn symbol_words_are_ellipses_and_words_of_single_hashes() {
        let cases = [
            ("", NULL),
            ("... … [...] (...) […] -»", 1.0),
            (".... [.] - ( (…)", 0.0),
            ("# ## #a #a# #a#b# a#", 3.0 / 6.0),
        ];
        check(&FAMILY, "frac_words_symbol", &cases);
    }

    #[test]
    fn addresses_end_at_the_first_character_that_is_none_of_an_address() {
        let cases = [
            ("", NULL),
            ("http://a.b c", 10.0 / 12.0),
            ("https://a%2fb%2", 13.0 / 15.0),
            ("http:// HTTP://a httpss://a", 0.0),
            ("http://http://a;b", 15.0 / 17.0),
            ("http://a<http://é", 8.0 / 17.0),
        ];
        check(&FAMILY, "frac_chars_url", &cases);
        let cases = [
            ("", 0.0),
            ("porn http://a.b", 0.0),
            ("http://aporn.b", 1.0),
            ("http://Porn.b", 0.0),
        ];
        check(&FAMILY, "has_pornographic_url", &cases);
    }

    #[test]
    fn boilerplate_is_a_share_of_paragraphs() {
        let cases = [
            ("", 0.0),
            ("We use COOKIES.\n\nHere.", 0.5),
            ("coo\u{212a}ie policy\n\n\n\nx", 1.0 / 3.0),
            ("cookies\nuse\n\ncookies", 0.0),
            ("a\n\nb Lorem Ipsum\n\nc", 1.0),
            ("The privacy overview.\n\nPrivacy & Cookies Policy", 1.0),
        ];
        check(&FAMILY, "frac_paras_boilerplate", &cases);
    }

    #[test]
    fn unique_is_different_over_all() {
        let lines = "a a.\n \nb b.\n\na a.\nc c.\nd d.\n";
        check(
            &FAMILY,
            "frac_lines_unique",
            &[("", NULL), (" \n", NULL), (lines, 0.8), ("a\na ", 1.0)],
        );
        check(
            &FAMILY,
            "frac_line_chars_unique",
            &[("\n", NULL), ("é\né\n \u{3000}\nab", 0.75)],
        );
        check(
            &FAMILY,
            "frac_paras_unique",
            &[
                ("", 1.0),
                ("a\n\na\n\n\nb", 2.0 / 3.0),
                ("\n\n\n\n", 1.0 / 3.0),
            ],
        );
        check(
            &FAMILY,
            "frac_para_chars_unique",
            &[("", NULL), ("\n\n", NULL), ("é\n\né\n\nab", 0.75)],
        );
    }

    #[test]
    fn ends_and_starts_of_lines_that_are_not_blank() {
        check(
            &FAMILY,
            "frac_lines_without_end_mark",
            &[("", NULL), ("a. \nb\n\nc'\r\nd…\ne\"", 0.4)],
        );
        let cases = [
            ("", NULL),
            ("a...\n[…] \nREAD more\nmore..\nread more..\nx", 4.0 / 6.0),
            ("a-»\n» -\nread  more\n(...)", 0.5),
        ];
        check(&FAMILY, "frac_lines_ending_ellipsis", &cases);
        check(
            &FAMILY,
            "frac_lines_starting_bullet",
            &[("", NULL), (" • a\n- b\n* c\n⦿", 0.5)],
        );
    }

    #[test]
    fn words() {
        check(&FAMILY, "n_words", &[(" \n", 0.0), ("a b\u{3000}c", 3.0)]);
        // A vowel sign is alphabetic here, unlike in Python's isalpha.
        check(
            &FAMILY,
            "frac_words_with_alpha",
            &[("", NULL), ("1a \u{93e} Ⅷ ½ 2", 0.6)],
        );
        check(
            &FAMILY,
            "n_stop_words",
            &[("", 0.0), ("the the The, of", 3.0)],
        );
        check(
            &FAMILY,
            "mean_word_length",
            &[("", NULL), ("éé a日b.", 3.0)],
        );
        check(&FAMILY, "max_word_length", &[("", NULL), ("é a日b.", 4.0)]);
    }

    #[test]
    fn the_top_ngram_is_deleted_wherever_its_text_stands() {
        let cases = [
            ("a", NULL),
            // Also inside `xa bx`.
            ("a b a b xa bx", 9.0 / 13.0),
            // A line break is no space.
            ("a\nb c a\nb", 0.0),
            // Overlapping occurrences are deleted once.
            ("a a a a", 6.0 / 7.0),
            ("é b", 1.0),
        ];
        check(&FAMILY, "top_2gram_char_frac", &cases);
        check(
            &FAMILY,
            "top_3gram_char_frac",
            &[("a b", NULL), ("a b c", 1.0)],
        );
    }

    #[test]
    fn later_copies_cover_words_and_gaps_once() {
        let cases = [
            ("a b c d", NULL),
            ("a b c d e", 0.0),
            ("a b c d e f a b c d e", 9.0 / 21.0),
            // The copies at 6 and 7 overlap: six words and five gaps.
            ("a b c d e f a b c d e f", 11.0 / 23.0),
            // Two copies that touch: the gap between them is not covered.
            ("a b c d e a b c d e a b c d e", 19.0 / 29.0),
        ];
        check(&FAMILY, "dup_5gram_char_frac", &cases);
        check(
            &FAMILY,
            "dup_6gram_char_frac",
            &[("a b c d e", NULL), ("a b c d e a b c d e", 0.0)],
        );
        // Unlike datatrove's, n-grams differ where their words are cut otherwise.
        check(
            &FAMILY,
            "dup_5gram_char_frac",
            &[("ab c d e f x a bc d e f", 0.0)],
        );
    }
}
