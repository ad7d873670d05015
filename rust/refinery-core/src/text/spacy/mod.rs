//! spaCy's blank-English words and sentences, which datatrove's English filters count in.
//!
//! Not a binding and not a port of spaCy's code: the same boundaries, tested against it
//! (`tests/parity/test_spacy_words.py`). What the tokenizer knows is in `tables`, generated from an
//! installed spaCy; how it goes about:
//!
//! 1. Text is cut at white space (`str.isspace`) into chunks. White space other than one space
//!    after a chunk is a token that `datatrove` strips away, but it ends sentences.
//! 2. A chunk loses prefixes and suffixes from outside in, until a special case or nothing more
//!    is left; the rest is a special case, a URL, or is cut at inner separators (`affixes`, `url`).
//! 3. Neighbouring tokens that are a special case together are joined again (`phrases`).
//!
//! Departs: the words of a document never depend on the documents before it. In spaCy 3.8 they do
//! in one case: from the second document with a token `IS_ALPHA` on, a process raises an error,
//! upon which datatrove 0.10 deletes that string from the text. Here it is a word like any other,
//! as it is in the first such document there.
//!
//! ```
//! use refinery_core::text::spacy::SpacyWords;
//!
//! let text = "Don't stop... at 3.5% #tag.";
//! let mut words = Vec::new();
//! SpacyWords::default().split(text, &mut words);
//! let words: Vec<_> = words.iter().map(|word| word.text(text)).collect();
//! assert_eq!(words, ["Do", "n't", "stop", "...", "at", "3.5", "%", "#", "tag", "."]);
//! ```

#![expect(
    clippy::inline_always,
    reason = "what is compiled for wide registers is inlined into the function that is"
)]

mod affixes;
mod ahead;
mod bytes;
#[cfg(test)]
#[rustfmt::skip]
mod cases;
mod classes;
mod cutter;
mod infixes;
mod masks;
mod phrases;
mod plain;
mod rules;
mod sentences;
mod short;
#[rustfmt::skip]
mod tables;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;
mod url;

use std::ops::Range;

use self::ahead::Ahead;
use self::cutter::Cutter;
#[cfg(target_arch = "x86_64")]
use self::masks::Wide;
use self::masks::{Masks, Narrow, Registers};
use self::rules::RULES;
pub use self::sentences::LineSentences;
use super::Word;

/// Words of `spacy.blank("en")`, stripped, empty ones removed. Keeps caches between documents;
/// what is in them never changes a result.
#[derive(Default)]
pub struct SpacyWords {
    ahead: Ahead,
    cutter: Cutter,
    /// Words of the text whose sentences are counted.
    words: Vec<Word>,
}

impl SpacyWords {
    /// Replaces the content of `words` by the words of `text`, in order. Linear in the text.
    pub fn split(&mut self, text: &str, words: &mut Vec<Word>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = Wide::detect() {
            #[expect(unsafe_code, reason = "it is compiled for what `wide` has seen")]
            // SAFETY: a `Wide` is made only where all of these features were seen.
            unsafe {
                self.split_wide(text, words, wide);
            }
            return;
        }
        self.split_by(text, words, Narrow);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn split_wide(&mut self, text: &str, words: &mut Vec<Word>, wide: Wide) {
        self.split_by(text, words, wide);
    }

    #[inline(always)]
    fn split_by(&mut self, text: &str, words: &mut Vec<Word>, registers: impl Registers) {
        let Self { ahead, cutter, .. } = self;
        let rules = &*RULES;
        words.clear();
        cutter.start();
        let (mut base, mut spilt) = (0, 0);
        while base < text.len() {
            ahead.clear();
            while base < text.len() && ahead.has_room() {
                let masks = Masks::of(text, base, spilt, rules, registers);
                spilt = masks.spilt;
                base = ahead.add_block(text, base, &masks, rules);
            }
            cutter.add_chunks(text, ahead, words);
        }
        cutter.finish(text, words);
    }

    /// Number of sentences that datatrove's `split_into_sentences` finds in `text`: one at least,
    /// even in an empty text.
    pub fn count_sentences(&mut self, text: &str) -> usize {
        let mut words = std::mem::take(&mut self.words);
        self.split(text, &mut words);
        let mut n = 1;
        sentences::for_each_end(text, &words, |_| n += 1);
        self.words = words;
        n
    }

    /// The sentences that datatrove's `split_into_sentences` finds in `text`, as byte ranges. They
    /// follow each other without a gap, so all but the first begin with the space before them.
    pub fn sentences(&mut self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.for_each_sentence(text, |sentence| found.push(sentence));
        found
    }

    /// Calls `sentence` with each of [`Self::sentences`].
    pub fn for_each_sentence(&mut self, text: &str, mut sentence: impl FnMut(Range<usize>)) {
        let mut words = std::mem::take(&mut self.words);
        self.split(text, &mut words);
        let mut start = 0;
        sentences::for_each_end(text, &words, |end| {
            sentence(start..end);
            start = end;
        });
        sentence(start..text.len());
        self.words = words;
    }
}
