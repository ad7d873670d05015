//! Sentences as spaCy's `sentencizer` finds them among the words; no model, no abbreviations.

use std::ops::Range;

use super::rules::{RULES, Rules};
use super::tables::{PUNCT, SENTENCE_END};
use crate::text::Word;

/// Calls `end` with the last byte of every sentence of `span` but the last one.
///
/// A sentence ends before the first token that is no punctuation after a token that is one end
/// mark and nothing else, so `...` ends none. White space other than one space after a word is a
/// token too, and no punctuation.
pub(super) fn for_each_end(
    text: &str,
    span: Range<usize>,
    words: &[Word],
    mut end: impl FnMut(usize),
) {
    let rules = &*RULES;
    let mut seen_end_mark = false;
    let mut last_end = span.start;
    for (i, word) in words.iter().enumerate() {
        if seen_end_mark && has_space_token(text, last_end..word.start as usize, i == 0) {
            end(last_end);
            seen_end_mark = false;
        }
        match kind(text, word, seen_end_mark, rules) {
            Kind::EndMark => seen_end_mark = true,
            Kind::Other if seen_end_mark => {
                end(last_end);
                seen_end_mark = false;
            }
            Kind::Other | Kind::Punct => {}
        }
        last_end = word.end as usize;
    }
    if seen_end_mark && has_space_token(text, last_end..span.end, false) {
        end(last_end);
    }
}

/// Whether the white space between two words, or after the last one, holds a token.
fn has_space_token(text: &str, gap: Range<usize>, is_front: bool) -> bool {
    let gap = &text[gap];
    !gap.is_empty() && (is_front || gap != " ")
}

enum Kind {
    EndMark,
    Punct,
    Other,
}

/// Punctuation is told apart from the rest only where it matters.
#[inline]
fn kind(text: &str, word: &Word, seen_end_mark: bool, rules: &Rules) -> Kind {
    if word.n_chars > 1 && !seen_end_mark {
        return Kind::Other;
    }
    if word.len() == 1 {
        return kind_of_char(text.as_bytes()[word.start as usize].into(), rules);
    }
    let mut chars = word.text(text).chars();
    if let (1, Some(c)) = (word.n_chars, chars.clone().next()) {
        return kind_of_char(c, rules);
    }
    if chars.all(|c| rules.classes.has(c, PUNCT)) {
        Kind::Punct
    } else {
        Kind::Other
    }
}

#[inline]
fn kind_of_char(c: char, rules: &Rules) -> Kind {
    match rules.classes.of(c) {
        bits if bits & SENTENCE_END != 0 => Kind::EndMark,
        bits if bits & PUNCT != 0 => Kind::Punct,
        _ => Kind::Other,
    }
}
