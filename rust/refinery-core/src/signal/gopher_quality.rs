//! Gopher's quality rules as numbers, computed as datatrove's `GopherQualityFilter` does.
//!
//! Not Gopher's paper to the letter, nor another project's reading of it: here words are spaCy's,
//! punctuation tokens included; the mean length is taken over core words only; bullets are `•` and
//! `-`; stop words count once each and case matters. Thresholds are in the preset
//! `datatrove/gopher_quality`.

use std::sync::LazyLock;

use memchr::{memchr_iter, memmem};

use super::{Asked, Family, Scratch, SignalSpec, fraction};
use crate::text::chars::is_alpha;
use crate::text::line_table::Lines;
use crate::text::lines::{lstrip, rstrip};
use crate::text::punctuation::is_symbol;
use crate::text::words::word_hash;
use crate::text::{Doc, Needs, Word};

const OF_LINES: Asked = Asked::at(4..6);
const OF_WORDS: Asked = Asked::at(0..4).or(Asked::at(6..8));

/// The family.
pub static FAMILY: Family = Family {
    name: "datatrove.gopher_quality",
    prefix: "datatrove.gopher_quality.",
    source: "huggingface/datatrove 0.10.0, GopherQualityFilter; Rae et al. 2021, appendix A",
    signals: &[
        SignalSpec {
            name: "n_core_words",
            definition: "Words with at least one character that is no symbol (datatrove's punctuation set).",
            range: "0 and more",
        },
        SignalSpec {
            name: "mean_core_word_length",
            definition: "Mean number of characters of the core words.",
            range: "1 and more; null without core words",
        },
        SignalSpec {
            name: "hash_to_word_ratio",
            definition: "Occurrences of `#` in the text over all words, punctuation included.",
            range: "0 and more; null without words",
        },
        SignalSpec {
            name: "ellipsis_to_word_ratio",
            definition: "Occurrences of `...` and of `…` in the text over all words, punctuation included.",
            range: "0 and more; null without words",
        },
        SignalSpec {
            name: "frac_lines_starting_bullet",
            definition: "Lines (of `splitlines`, empty ones included) that start with `•` or `-` after white space, over all lines.",
            range: "0 to 1; null for empty text",
        },
        SignalSpec {
            name: "frac_lines_ending_ellipsis",
            definition: "Lines (of `splitlines`, empty ones included) that end with `...` or `…` before white space, over all lines.",
            range: "0 to 1; null for empty text",
        },
        SignalSpec {
            name: "frac_words_with_alpha",
            definition: "Words with at least one letter over all words, punctuation included.",
            range: "0 to 1; null without words",
        },
        SignalSpec {
            name: "n_distinct_stop_words",
            definition: "How many of `the be to of and that have with` occur as words, case-sensitive.",
            range: "0 to 8",
        },
    ],
    needs: Needs {
        lines: true,
        words: true,
        ..Needs::NONE
    },
    of_words: OF_WORDS,
    compute,
};

#[derive(Default)]
struct WordCounts {
    core: usize,
    core_chars: usize,
    with_alpha: usize,
    stop_words: u32,
}

#[derive(Default)]
struct LineCounts {
    all: usize,
    starting_bullet: usize,
    ending_ellipsis: usize,
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let n_words = doc.words.len();
    let words = count_words(doc);
    let lines = if scratch.asked.any(OF_LINES) {
        count_lines(doc.lines)
    } else {
        LineCounts::default()
    };
    let text = doc.text.as_bytes();
    let hashes = memchr_iter(b'#', text).count();
    let count = |mark: &str| memmem::find_iter(text, mark).count();
    let is_ascii = doc.n_chars == text.len();
    let ellipses = count("...") + if is_ascii { 0 } else { count("…") };
    out.copy_from_slice(&[
        words.core as f64,
        fraction(words.core_chars, words.core),
        fraction(hashes, n_words),
        fraction(ellipses, n_words),
        fraction(lines.starting_bullet, lines.all),
        fraction(lines.ending_ellipsis, lines.all),
        fraction(words.with_alpha, n_words),
        f64::from(words.stop_words),
    ]);
}

/// Words of all kinds come in no order, so what can be told without a branch is.
fn count_words(doc: &Doc<'_>) -> WordCounts {
    let text = doc.text.as_bytes();
    let (kinds, stop_words) = (&*KINDS, &*STOP_WORDS);
    let (mut sum, mut core_chars, mut stop_slots) = (0, 0, 0);
    for word in doc.words {
        let kind_at = |at: u32| kinds[usize::from(text[at as usize])];
        let mut kind = kind_at(word.start) | kind_at(word.end - 1);
        // A letter at an end says all of a word of any length, two ASCII bytes say all of themselves.
        // One comparison: two would be two branches, and whether there is a letter is a guess.
        if (word.len() as u64 | kind & WIDE) > (2 | kind & ALPHA) {
            kind = classify(word.text(doc.text));
        }
        sum += kind & (CORE | ALPHA);
        core_chars += u64::from(word.n_chars) * (kind & CORE);
        stop_slots |= stop_words.slots(word);
    }
    WordCounts {
        core: (sum % ALPHA) as usize,
        core_chars: core_chars as usize,
        with_alpha: (sum / ALPHA) as usize,
        stop_words: stop_slots.count_ones(),
    }
}

/// Has a character that is no symbol.
const CORE: u64 = 1;
/// Has a letter, which is no symbol either. More than a document has words, so that both are
/// summed as one number.
const ALPHA: u64 = 1 << 32;
/// Has a part of a character beyond ASCII.
const WIDE: u64 = 1 << 2;

/// What single bytes say about a word.
static KINDS: LazyLock<[u64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let c = char::from(byte as u8);
        if c.is_ascii() { kind_of(c) } else { WIDE }
    })
});

#[inline]
fn kind_of(c: char) -> u64 {
    CORE * u64::from(!is_symbol(c)) + ALPHA * u64::from(is_alpha(c))
}

/// What all characters of a word say.
#[inline(never)]
fn classify(word: &str) -> u64 {
    word.chars().fold(0, |kind, c| kind | kind_of(c))
}

/// Hash and length of the stop words, one a slot.
struct StopWords([(u64, usize); Self::SLOTS]);

static STOP_WORDS: LazyLock<StopWords> = LazyLock::new(StopWords::new);

impl StopWords {
    const SLOTS: usize = 16;
    /// With it no two of them share a slot.
    const SHIFT: u32 = 12;

    fn new() -> Self {
        let mut slots = [(0, 0); Self::SLOTS];
        for word in STOP {
            let hash = word_hash(word.as_bytes());
            let slot = &mut slots[Self::slot(hash)];
            debug_assert!(
                slot.1 == 0,
                "two stop words share a slot: another shift is needed"
            );
            *slot = (hash, word.len());
        }
        Self(slots)
    }

    /// One bit for each stop word that `word` is. Words this short with the same hash and length
    /// are the same.
    #[inline]
    fn slots(&self, word: &Word) -> u32 {
        let slot = Self::slot(word.hash);
        let (hash, len) = self.0[slot];
        let difference = hash ^ word.hash | (len ^ word.len()) as u64;
        u32::from(difference == 0) << slot
    }

    fn slot(hash: u64) -> usize {
        (hash >> Self::SHIFT) as usize % Self::SLOTS
    }
}

const STOP: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];

/// One bit for each word of Gopher's stop word rule, none for any other word.
pub(super) fn stop_word_bit(token: &[u8]) -> u8 {
    match token {
        b"the" => 1,
        b"be" => 2,
        b"to" => 4,
        b"of" => 8,
        b"and" => 16,
        b"that" => 32,
        b"have" => 64,
        b"with" => 128,
        _ => 0,
    }
}

fn count_lines(lines: Lines<'_>) -> LineCounts {
    let mut counts = LineCounts::default();
    for line in lines.split() {
        counts.all += 1;
        // Most lines begin and end with a letter or a digit, and are done.
        let is_plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        if !is_plain(line.as_bytes().first()) {
            counts.starting_bullet += usize::from(lstrip(line).starts_with(['•', '-']));
        }
        if !is_plain(line.as_bytes().last()) {
            let end = rstrip(line);
            counts.ending_ellipsis += usize::from(end.ends_with("...") || end.ends_with('…'));
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, signal_of_words};
    use super::FAMILY;

    const NULL: f64 = f64::NAN;

    #[test]
    fn core_words_have_a_character_that_is_no_symbol() {
        let cases = [
            ("", 0.0),
            ("... $ # +=~", 0.0),
            ("a $5 ... §", 3.0),
            ("。 ۔ é", 1.0),
            ("\u{ff11} \u{ff12}", 1.0),
        ];
        check(&FAMILY, "n_core_words", &cases);
    }

    #[test]
    fn mean_length_is_of_core_words_in_characters() {
        let cases = [
            ("", NULL),
            ("...", NULL),
            ("ab abcd ......", 3.0),
            ("éé 日", 1.5),
        ];
        check(&FAMILY, "mean_core_word_length", &cases);
    }

    #[test]
    fn hashes_and_ellipses_are_over_all_words() {
        check(
            &FAMILY,
            "hash_to_word_ratio",
            &[("", NULL), ("#a ## b .", 0.75), ("a", 0.0)],
        );
        // Six full stops are two ellipses, five are one.
        let cases = [("", NULL), ("a...... b … .....", 1.0), ("a .. b", 0.0)];
        check(&FAMILY, "ellipsis_to_word_ratio", &cases);
    }

    #[test]
    fn bullets_are_two_marks_after_white_space_of_any_line() {
        let cases = [
            ("", NULL),
            ("\n", 0.0),
            ("- a\n\u{3000}• b\n* c\n— d", 0.5),
            ("- a\r\n\r\n- b", 2.0 / 3.0),
            ("-\x0b-", 1.0),
        ];
        check(&FAMILY, "frac_lines_starting_bullet", &cases);
    }

    #[test]
    fn ellipsis_lines_end_before_white_space() {
        let cases = [
            ("", NULL),
            ("a... \u{a0}\nb…\x1f\nc\nd..", 0.5),
            ("a...\u{2028}b", 0.5),
        ];
        check(&FAMILY, "frac_lines_ending_ellipsis", &cases);
    }

    #[test]
    fn words_with_alpha_have_a_letter_of_any_script() {
        let cases = [
            ("", NULL),
            ("abc 12 3d .", 0.5),
            // The only letter may be at neither end.
            ("1a2 123", 0.5),
            ("日本 ½ ① ъ", 0.5),
            // A letter-like number and a lone vowel sign are no letters for Python.
            ("Ⅷ \u{93e} ª", 1.0 / 3.0),
        ];
        check(&FAMILY, "frac_words_with_alpha", &cases);
    }

    #[test]
    fn stop_words_count_once_and_by_case() {
        let cases = [
            ("", 0.0),
            ("the the", 1.0),
            ("The Of", 0.0),
            ("the be to of and that have with", 8.0),
            ("them withe", 0.0),
        ];
        check(&FAMILY, "n_distinct_stop_words", &cases);
        assert!(
            (signal_of_words(&FAMILY, "n_distinct_stop_words", "tobe", &["to", "be"]) - 2.0).abs()
                < 1e-9
        );
    }
}
