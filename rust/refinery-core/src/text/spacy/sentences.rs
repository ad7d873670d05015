//! Sentences as spaCy's `sentencizer` finds them among the words; no model, no abbreviations.
//!
//! A sentence ends before the first token that is no punctuation after a token that is one end
//! mark and nothing else, so `...` ends none. White space other than one space after a word is a
//! token too, and no punctuation.

use std::ops::Range;

use super::rules::{RULES, Rules};
use super::tables::{PUNCT, SENTENCE_END};
use crate::text::Word;

/// Words that are looked at together, one bit each.
const GROUP: usize = 64;

/// Counts the sentences of the lines of one document after another; the buffer is reused.
///
/// The document's own words serve: no word and no rule reaches across white space other than a
/// single space, so a line has the same words alone and in its document.
#[derive(Default)]
pub struct LineSentences {
    /// Numbers of the words that are one end mark.
    marks: Vec<u32>,
    /// How many of them are in lines that were counted.
    n_done: usize,
}

impl LineSentences {
    /// Takes the document whose lines come next.
    pub fn load(&mut self, text: &str, words: &[Word]) {
        self.marks.clear();
        self.n_done = 0;
        let rules = &*RULES;
        for (block, words) in words.chunks(GROUP).enumerate() {
            let mut singles = words
                .iter()
                .rev()
                .fold(0_u64, |bits, word| bits << 1 | u64::from(word.n_chars == 1));
            // Neither of the two questions is a branch: no answer is rare enough to be guessed.
            let (mut marks, mut n) = ([0; GROUP], 0);
            while singles != 0 {
                let at = singles.trailing_zeros() as usize;
                marks[n] = (block * GROUP + at) as u32;
                n += usize::from(is_end_mark(text, &words[at], rules));
                singles &= singles - 1;
            }
            self.marks.extend_from_slice(&marks[..n]);
        }
    }

    /// Number of sentences of `text[span]`, a line of the loaded document without its outer white
    /// space: one at least. Lines come in order, not necessarily all.
    pub fn count(&mut self, text: &str, words: &[Word], span: Range<usize>) -> usize {
        let mut n = 1;
        let mut from = 0;
        for &mark in &self.marks[self.n_done..] {
            let at = mark as usize;
            if words[at].start as usize >= span.end {
                break;
            }
            self.n_done += 1;
            if at >= from && words[at].start as usize >= span.start {
                let (is_end, next) = follow(text, &span, words, at);
                n += usize::from(is_end);
                from = next;
            }
        }
        n
    }
}

/// Calls `end` with the last byte of every sentence of `text` but the last one.
pub(super) fn for_each_end(text: &str, words: &[Word], mut end: impl FnMut(usize)) {
    let rules = &*RULES;
    let span = 0..text.len();
    let mut from = 0;
    while let Some(skipped) = words[from..]
        .iter()
        .position(|word| is_end_mark(text, word, rules))
    {
        let (is_end, next) = follow(text, &span, words, from + skipped);
        if is_end {
            end(words[next - 1].end as usize);
        }
        from = next;
    }
}

/// Whether an end mark, which is word number `mark`, ends a sentence of `text[span]`, and the number
/// of the first word after it that is no punctuation or stands after a space token.
fn follow(text: &str, span: &Range<usize>, words: &[Word], mark: usize) -> (bool, usize) {
    let rules = &*RULES;
    let mut last_end = words[mark].end as usize;
    for (i, word) in (mark + 1..).zip(&words[mark + 1..]) {
        let start = word.start as usize;
        if start >= span.end {
            return (has_space_token(&text[last_end..span.end]), i);
        }
        if has_space_token(&text[last_end..start]) || !is_punct(text, word, rules) {
            return (true, i);
        }
        last_end = word.end as usize;
    }
    (has_space_token(&text[last_end..span.end]), words.len())
}

/// Whether the white space after a word holds a token.
fn has_space_token(gap: &str) -> bool {
    !gap.is_empty() && gap != " "
}

#[inline]
fn is_end_mark(text: &str, word: &Word, rules: &Rules) -> bool {
    word.n_chars == 1 && classes_of(text, word, rules) & SENTENCE_END != 0
}

/// Whether a word is punctuation, end marks included.
fn is_punct(text: &str, word: &Word, rules: &Rules) -> bool {
    if word.n_chars == 1 {
        return classes_of(text, word, rules) & (PUNCT | SENTENCE_END) != 0;
    }
    let mut chars = word.text(text).chars();
    chars.all(|c| rules.classes.has(c, PUNCT))
}

/// The class bits of a word's first character.
#[inline]
fn classes_of(text: &str, word: &Word, rules: &Rules) -> u16 {
    let byte = text.as_bytes()[word.start as usize];
    if byte.is_ascii() {
        return rules.classes.of(byte.into());
    }
    let first = word.text(text).chars().next();
    first.map_or(0, |c| rules.classes.of(c))
}
