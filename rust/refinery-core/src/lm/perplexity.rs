//! The perplexity of a document as `CCNet` computes it.
//!
//! Perplexity = 10^(-(sum of the lines' logarithms) / (words + lines)), rounded to one decimal.
//! Every line has a mark at its end, which is predicted like a word and counted like one.
//!
//! With pieces, this is `CCNet`'s pipeline: the document is normalised as a whole, which deletes its
//! newlines, cut into pieces, and scored as one line. Without, it is `CCNet`'s `DocLM` by itself:
//! each line is normalised, its words stand between spaces.
//!
//! Source: `facebookresearch/cc_net` bda555b, `cc_net/perplexity.py` (`MultiSentencePiece`,
//! `DocLM`) and `cc_net/mine.py`.
//! Departs: beyond what an `f64` holds the original stops with an error; here the perplexity is
//! the largest number there is.

use std::fmt::Write;

use super::pieces::Pieces;
use super::sentencepiece::UnigramScratch;
use super::{ArpaModel, LanguageModel, WordId, ascii_words};
use crate::text::ccnet::{Normalization, NormalizeScratch};
use crate::text::lines::{newline_lines, split_spaces};

/// A piece that is not one word of the model: it holds white space.
const SPLIT: WordId = WordId::MAX;

/// A language model with what makes its words out of text; shared by all threads.
pub struct Perplexity<M: LanguageModel = ArpaModel> {
    model: M,
    pieces: Option<Pieces>,
    /// The model's word of every piece.
    words: Vec<WordId>,
}

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    normalize: NormalizeScratch,
    normal: String,
    unigram: UnigramScratch,
    digits: String,
}

impl<M: LanguageModel> Perplexity<M> {
    /// A model over words between spaces, or over pieces.
    pub fn new(model: M, pieces: Option<Pieces>) -> Self {
        let word = |text: &[u8]| match std::str::from_utf8(text) {
            Ok(text) if split_spaces(text).eq([text]) => model.word(text.as_bytes()),
            _ => SPLIT,
        };
        let words = match &pieces {
            Some(pieces) => pieces.texts().into_iter().map(word).collect(),
            None => Vec::new(),
        };
        Self {
            model,
            pieces,
            words,
        }
    }

    /// The language model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// What cuts text into the model's words.
    pub fn pieces(&self) -> Option<&Pieces> {
        self.pieces.as_ref()
    }

    /// The perplexity of a document; NaN where it has none: an empty text, and with pieces one of
    /// which normalisation leaves nothing.
    pub fn perplexity(&self, text: &str, scratch: &mut Scratch) -> f64 {
        let (log10, length) = match &self.pieces {
            Some(pieces) => self.one_line(pieces, text, scratch),
            None => self.lines(text, scratch),
        };
        if length == 0 {
            return f64::NAN;
        }
        let perplexity = libm::pow(10.0, -log10 / length as f64).min(f64::MAX);
        round_to_tenths(perplexity, &mut scratch.digits)
    }

    fn one_line(&self, pieces: &Pieces, text: &str, scratch: &mut Scratch) -> (f64, usize) {
        let Scratch {
            normalize,
            normal,
            unigram,
            ..
        } = scratch;
        normal.clear();
        Normalization::DOCUMENT.apply(text, normalize, normal);
        let mut state = self.model.sentence_start();
        let (mut total, mut length) = (0_f32, 0);
        pieces.encode(normal, unigram, |id, text| {
            let known = id.map_or(SPLIT, |id| self.words[id as usize]);
            if known == SPLIT {
                let text = str::from_utf8(text).unwrap_or_default();
                for word in ascii_words(text) {
                    total += self.model.score(&mut state, self.model.word(word));
                }
                length += split_spaces(text).count();
            } else {
                total += self.model.score(&mut state, known);
                length += 1;
            }
        });
        if length == 0 {
            return (0.0, 0);
        }
        total += self.model.score(&mut state, self.model.sentence_end());
        (f64::from(total), length + 1)
    }

    fn lines(&self, text: &str, scratch: &mut Scratch) -> (f64, usize) {
        if text.is_empty() {
            return (0.0, 0);
        }
        let Scratch {
            normalize, normal, ..
        } = scratch;
        let (mut total, mut length) = (0.0, 0);
        for line in newline_lines(text) {
            normal.clear();
            Normalization::DOCUMENT.apply(line, normalize, normal);
            total += f64::from(self.model.score_line(normal));
            length += split_spaces(normal).count() + 1;
        }
        (total, length)
    }
}

impl Perplexity {
    /// Names what determines the numbers: the model and the pieces.
    pub fn fingerprint(&self) -> String {
        let pieces = self.pieces.as_ref().map(Pieces::fingerprint);
        format!("{}{}", self.model.fingerprint(), pieces.unwrap_or_default())
    }
}

/// `round(value, 1)` of Python: the nearest tenth of the exact value, and of two the even one.
fn round_to_tenths(value: f64, digits: &mut String) -> f64 {
    // From here on there are no tenths, and writing all digits would take long.
    if value >= 1e16 {
        return value;
    }
    digits.clear();
    // Writing to a string and reading what was written cannot fail.
    write!(digits, "{value:.1}")
        .ok()
        .and_then(|()| digits.parse().ok())
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::round_to_tenths;

    #[test]
    fn tenths_are_rounded_as_python_rounds() {
        // Each is what Python prints for round(x, 1).
        let cases = [
            (0.25, 0.2),
            (0.35, 0.3),
            (0.75, 0.8),
            (2.675, 2.7),
            (340.05, 340.1),
            (1e15 + 0.25, 1e15 + 0.2),
            (1e300, 1e300),
        ];
        for (value, expected) in cases {
            let found = round_to_tenths(value, &mut String::new());
            assert_eq!(found.to_bits(), f64::to_bits(expected), "{value}");
        }
    }
}
