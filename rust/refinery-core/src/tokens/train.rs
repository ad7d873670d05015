//! Training a byte-level BPE tokenizer.

use tokenizers::TokenizerBuilder;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::Tokenizer;
use crate::{Error, Result};

/// A pair of symbols that occurs once is no pattern.
const MIN_PAIRS: u64 = 2;

impl Tokenizer {
    /// Trains a byte-level BPE tokenizer of at most `vocabulary` tokens on `texts`.
    ///
    /// All 256 bytes are tokens, so that every text has ids and no token stands for unknown ones.
    /// Texts are cut as GPT-2 cuts them. The same texts in any order give the same tokenizer.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a vocabulary below 257.
    pub fn train_bpe<'a>(
        texts: impl Iterator<Item = &'a str> + Send,
        vocabulary: usize,
    ) -> Result<Self> {
        let refused = |message: String| Error::Parameter {
            name: "vocabulary",
            message,
        };
        if vocabulary <= 256 {
            let message = format!("must be above 256, the bytes alone; found {vocabulary}");
            return Err(refused(message));
        }
        let json = trained(texts, vocabulary).map_err(|e| refused(e.to_string()))?;
        Self::from_json(json.as_bytes())
    }
}

fn trained<'a>(
    texts: impl Iterator<Item = &'a str> + Send,
    vocabulary: usize,
) -> tokenizers::Result<String> {
    let cut = ByteLevel::default().add_prefix_space(false);
    let mut trainer = BpeTrainerBuilder::new()
        .show_progress(false)
        .vocab_size(vocabulary)
        .min_frequency(MIN_PAIRS)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    TokenizerBuilder::<BPE, NormalizerWrapper, ByteLevel, ByteLevel, ByteLevel>::new()
        .with_model(BPE::default())
        .with_normalizer(None)
        .with_pre_tokenizer(Some(cut))
        .with_post_processor(Some(cut))
        .with_decoder(Some(cut))
        .build()?
        .train(&mut trainer, texts)?
        .to_string(false)
}
