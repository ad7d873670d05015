//! N-gram language models: the probability of a line, the perplexity of a document.
//!
//! What is here: what a language model answers ([`LanguageModel`]), models out of ARPA files
//! ([`ArpaModel`]) that score as `KenLM` scores, the pieces of words that such models are made of
//! ([`Pieces`]), perplexity as `CCNet` computes it ([`Perplexity`]), and models that are trained
//! here, over a closed alphabet ([`interpolated`]).
//!
//! What is not here: `KenLM`'s binary files (their layout is `KenLM`'s own affair and
//! changes with how it was built; an ARPA file says the same), neural models, thresholds.

mod arpa;
pub mod interpolated;
mod perplexity;
mod pieces;
pub mod sentencepiece;
mod table;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use arpa::{ArpaModel, State};
pub use perplexity::{Perplexity, Scratch};
pub use pieces::Pieces;

/// Number of a word in one model's vocabulary.
pub type WordId = u32;

/// The word that stands for all words a model does not know.
pub const UNKNOWN: WordId = 0;

/// What any n-gram model answers, whatever its tables are.
pub trait LanguageModel: Send + Sync {
    /// What a model remembers of the words before the next one.
    type State: Clone;

    /// Most words of an n-gram.
    fn order(&self) -> usize;

    /// The number of a word, [`UNKNOWN`] where the model does not know it.
    fn word(&self, word: &[u8]) -> WordId;

    /// The mark that ends a sentence.
    fn sentence_end(&self) -> WordId;

    /// The state at the beginning of a sentence.
    fn sentence_start(&self) -> Self::State;

    /// The state after nothing at all.
    fn no_context(&self) -> Self::State;

    /// Logarithm to base 10 of the probability of `word`, which `state` then remembers.
    fn score(&self, state: &mut Self::State, word: WordId) -> f32;

    /// Logarithm to base 10 of the probability of a whole sentence with both its marks.
    ///
    /// Sums in `f32` from the first word on, as `KenLM`'s Python module does: a document that is one
    /// line of ten thousand words has rounding errors that a perplexity to one decimal shows.
    fn score_words(&self, words: impl Iterator<Item = WordId>) -> f32
    where
        Self: Sized,
    {
        let mut state = self.sentence_start();
        let mut total = 0.0;
        for word in words {
            total += self.score(&mut state, word);
        }
        total + self.score(&mut state, self.sentence_end())
    }

    /// The same for a line whose words stand between ASCII white space, as `KenLM` splits it.
    fn score_line(&self, line: &str) -> f32
    where
        Self: Sized,
    {
        self.score_words(ascii_words(line).map(|word| self.word(word)))
    }
}

/// `bytes.split()` of Python: cut at the six ASCII white-space characters only.
pub(crate) fn ascii_words(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes()
        .split(|b| matches!(b, b'\t'..=b'\r' | b' '))
        .filter(|word| !word.is_empty())
}
