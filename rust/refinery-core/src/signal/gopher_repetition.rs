//! Gopher's repetition rules as numbers, computed as datatrove's `GopherRepetitionFilter` does.
//!
//! Not Gopher's paper to the letter, nor Dolma's, DCLM's or Curator's reading of it: under one name
//! they count different things. Here a duplicate is every occurrence after the first, lines are cut
//! at runs of newlines without being stripped, n-grams are of spaCy's words, and what is divided by
//! is the length of the text. Thresholds are in the preset `datatrove/gopher_repetition`.

use super::ngrams::Ngrams;
use super::repeats::{PartBuffers, RepeatedParts, repeated_parts};
use super::{Family, Scratch, SignalSpec, fraction};
use crate::text::lines::{count_newlines, newline_run_lines, paragraphs};
use crate::text::{Doc, Needs};

const SHARE_OF_PARTS: &str = "0 to below 1";
const SHARE_OF_TEXT: &str = "0 to 1; null for empty text";
const SHARE_OF_TOP: &str =
    "0 and more, above 1 where n-grams overlap; null with fewer words than n";

const fn spec(name: &'static str, definition: &'static str, range: &'static str) -> SignalSpec {
    SignalSpec {
        name,
        definition,
        range,
    }
}

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
        words: true,
        token_ids: false,
    },
    compute,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    parts: PartBuffers,
    ngrams: Ngrams,
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let Buffers { parts, ngrams } = &mut scratch.gopher_repetition;
    let most = count_newlines(doc.text) + 1;
    let repeated = [
        repeated_parts(doc.text, paragraphs(doc.text), most, parts),
        repeated_parts(doc.text, newline_run_lines(doc.text), most, parts),
    ];
    let (of_parts, of_ngrams) = out.split_at_mut(4);
    for (
        RepeatedParts {
            n_parts,
            n_repeated,
            repeated_chars,
        },
        out,
    ) in repeated.into_iter().zip(of_parts.as_chunks_mut::<2>().0)
    {
        *out = [
            fraction(n_repeated, n_parts),
            fraction(repeated_chars, doc.n_chars),
        ];
    }
    ngrams.load(doc.text, doc.words);
    let (top, repeated) = of_ngrams.split_at_mut(3);
    for (n, out) in (2..).zip(top) {
        *out = ngrams
            .top_chars(n)
            .map_or(f64::NAN, |chars| fraction(chars, doc.n_chars));
    }
    for (n, out) in (5..).zip(repeated) {
        *out = fraction(ngrams.repeated_chars(n), doc.n_chars);
    }
}
