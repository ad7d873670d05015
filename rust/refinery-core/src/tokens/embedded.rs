//! The tokenizers that are part of the binary: `cl100k_base` and `o200k_base`.
//!
//! Merges and the reference split come from the `bpe-openai` crate; the split of `cl100k_base` is
//! ours ([`super::cl100k`]). Special tokens are never recognised: `<|endoftext|>` in a document is
//! text, as in tiktoken's `encode_ordinary`.

use std::sync::LazyLock;

use bpe_openai::Tokenizer as OpenAi;
use xxhash_rust::xxh3::Xxh3;

use super::cache::{Owner, WordCache};
use super::cl100k::Pieces;
use super::merge::{MAX_BYTES, merge};
use super::whole::WholeTokens;

/// How a text is cut before its pieces are encoded.
#[derive(Clone, Copy)]
enum Split {
    Cl100k,
    Pattern,
}

/// Raised when the cutting of pieces changes, since ids may change with it.
const SPLIT_VERSION: u32 = 1;

/// One embedded tokenizer.
#[derive(Clone, Copy)]
pub(super) struct Embedded {
    vocabulary: &'static OpenAi,
    whole: &'static WholeTokens,
    split: Split,
    owner: Owner,
}

/// Names of the embedded tokenizers.
pub(super) const NAMES: &[&str] = &["cl100k_base", "o200k_base"];

static CL100K_WHOLE: LazyLock<WholeTokens> =
    LazyLock::new(|| WholeTokens::new(&bpe_openai::cl100k_base().bpe));
static O200K_WHOLE: LazyLock<WholeTokens> =
    LazyLock::new(|| WholeTokens::new(&bpe_openai::o200k_base().bpe));

impl Embedded {
    pub(super) fn new(name: &str) -> Option<Self> {
        let (vocabulary, whole, split) = match name {
            "cl100k_base" => (bpe_openai::cl100k_base(), &*CL100K_WHOLE, Split::Cl100k),
            "o200k_base" => (bpe_openai::o200k_base(), &*O200K_WHOLE, Split::Pattern),
            _ => return None,
        };
        let at = NAMES.iter().position(|n| *n == name)?;
        // The same for every instance, so that a thread keeps its words from one to the next.
        Some(Self {
            vocabulary,
            whole,
            split,
            owner: at as Owner + 1,
        })
    }

    /// Number of tokens.
    pub(super) fn n_symbols(&self) -> u32 {
        self.vocabulary.bpe.num_tokens() as u32
    }

    /// Hash of the vocabulary in the order of its ids and of the way texts are cut.
    pub(super) fn fingerprint(&self, name: &str) -> u128 {
        let mut hasher = Xxh3::new();
        hasher.update(name.as_bytes());
        hasher.update(&SPLIT_VERSION.to_le_bytes());
        for id in 0..self.n_symbols() {
            let bytes = self.vocabulary.bpe.token_bytes(id);
            hasher.update(&(bytes.len() as u32).to_le_bytes());
            hasher.update(bytes);
        }
        hasher.digest128()
    }

    /// Calls `sink` with the ids of each piece of `text`, in order.
    #[inline]
    pub(super) fn pieces(&self, text: &str, cache: &mut WordCache, mut sink: impl FnMut(&[u32])) {
        let bpe = &self.vocabulary.bpe;
        let mut piece = |range: (usize, usize)| {
            sink(cache.ids(self.owner, text.as_bytes(), range, |bytes, ids| {
                match self.whole.id(bytes) {
                    Some(id) => ids.push(id),
                    None if bytes.len() <= MAX_BYTES => merge(self.whole, bytes, ids),
                    None => ids.extend(bpe.encode_via_backtracking(bytes)),
                }
            }));
        };
        match self.split {
            Split::Cl100k => Pieces::new(text).for_each(piece),
            Split::Pattern => {
                let mut start = 0;
                for part in self.vocabulary.split(text) {
                    piece((start, start + part.len()));
                    start += part.len();
                }
            }
        }
    }
}
