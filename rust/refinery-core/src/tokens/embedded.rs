//! The tokenizers that are part of the binary: `cl100k_base` and `o200k_base`.
//!
//! Merges come from the `bpe-openai` crate; the cutting of texts is ours ([`super::split`]).
//! Special tokens are never recognised: `<|endoftext|>` in a document is
//! text, as in tiktoken's `encode_ordinary`.

use std::sync::LazyLock;

use bpe_openai::Tokenizer as OpenAi;
use xxhash_rust::xxh3::Xxh3;

use super::cache::{Owner, WordCache};
use super::merge::{MAX_BYTES, SHORTEST_MERGED, merge};
use super::split::{Pattern, Pieces};
use super::whole::WholeTokens;
use crate::key::Key;

/// Raised when the cutting of pieces changes, since ids may change with it.
const SPLIT_VERSION: u32 = 1;

/// Pieces that are looked up together. Their tables' lines fit the nearest cache.
const BATCH: usize = 32;

/// A piece of a text: where it is, its key where it has one, and the hash of that.
#[derive(Clone, Copy, Default)]
struct Piece {
    start: usize,
    end: usize,
    key: Key,
    hash: u64,
}

impl Piece {
    #[inline]
    fn new(text: &[u8], start: usize, end: usize) -> Self {
        let key = Key::of_short(text, start, end - start);
        Self {
            start,
            end,
            key,
            hash: key.hash(),
        }
    }

    fn is_short(&self) -> bool {
        self.end - self.start <= Key::MAX_BYTES
    }
}

/// One embedded tokenizer.
#[derive(Clone, Copy)]
pub(super) struct Embedded {
    vocabulary: &'static OpenAi,
    whole: &'static WholeTokens,
    pattern: Pattern,
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
        let (vocabulary, whole, pattern) = match name {
            "cl100k_base" => (bpe_openai::cl100k_base(), &*CL100K_WHOLE, Pattern::Cl100k),
            "o200k_base" => (bpe_openai::o200k_base(), &*O200K_WHOLE, Pattern::O200k),
            _ => return None,
        };
        let at = NAMES.iter().position(|n| *n == name)?;
        // The same for every instance, so that a thread keeps its words from one to the next.
        Some(Self {
            vocabulary,
            whole,
            pattern,
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
    ///
    /// Pieces go through the tables some at a time, each step asking the memory for what the next
    /// one reads: otherwise most of the time is spent waiting for one word after the other.
    #[inline]
    pub(super) fn pieces(&self, text: &str, cache: &mut WordCache, mut sink: impl FnMut(&[u32])) {
        let mut pieces = Pieces::new(text, self.pattern);
        let mut batch = [Piece::default(); BATCH];
        loop {
            let batch = self.take(&mut pieces, text.as_bytes(), &mut batch);
            if batch.is_empty() {
                return;
            }
            self.prefetch(batch, text.as_bytes(), cache);
            for piece in batch {
                self.encode(*piece, text.as_bytes(), cache, &mut sink);
            }
        }
    }

    /// The next pieces, as many as the batch holds.
    #[inline]
    fn take<'a>(
        &self,
        pieces: &mut Pieces<'_>,
        text: &[u8],
        batch: &'a mut [Piece; BATCH],
    ) -> &'a [Piece] {
        let mut n = 0;
        for (piece, (start, end)) in batch.iter_mut().zip(pieces) {
            *piece = Piece::new(text, start, end);
            self.whole.prefetch_slot(piece.hash);
            n += 1;
        }
        &batch[..n]
    }

    /// Asks the memory for what encoding the pieces reads: their keys, else their slots of the
    /// cache, else what merging looks up.
    #[inline]
    fn prefetch(&self, batch: &[Piece], text: &[u8], cache: &WordCache) {
        let (mut rare, mut n_rare) = ([0; BATCH], 0);
        for (i, piece) in batch.iter().enumerate() {
            let is_met = self.whole.prefetch_key(piece.hash);
            // Without a branch: which pieces are rare nobody guesses.
            rare[n_rare] = i;
            n_rare += usize::from(piece.is_short() && !is_met);
        }
        let rare = rare[..n_rare].iter().map(|&i| batch[i]);
        for piece in rare.clone() {
            cache.prefetch(piece.hash);
        }
        for piece in rare {
            let is_known = self.whole.short_id(piece.key, piece.hash).is_some()
                || cache.holds(self.owner, piece.key, piece.hash);
            if !is_known {
                cache.prefetch_long(piece.hash);
                let bytes = piece.start..piece.end;
                let short = &self.whole.short;
                short.prefetch_parts(text, bytes, SHORTEST_MERGED);
            }
        }
    }

    #[inline]
    fn encode(
        &self,
        Piece {
            start,
            end,
            key,
            hash,
        }: Piece,
        text: &[u8],
        cache: &mut WordCache,
        sink: &mut impl FnMut(&[u32]),
    ) {
        let bytes = &text[start..end];
        if bytes.len() > Key::MAX_BYTES {
            let encode = |piece: &[u8], ids: &mut Vec<u32>| self.encode_long(piece, ids);
            return sink(cache.ids(self.owner, bytes, encode));
        }
        if let Some(id) = self.whole.short_id(key, hash) {
            return sink(&[id]);
        }
        let encode = |piece: &[u8], ids: &mut Vec<u32>| merge(self.whole, piece, ids);
        sink(cache.short_ids(self.owner, (key, hash), bytes, encode));
    }

    /// Appends the ids of a piece that has no key.
    fn encode_long(&self, piece: &[u8], ids: &mut Vec<u32>) {
        match self.whole.id(piece) {
            Some(id) => ids.push(id),
            None if piece.len() <= MAX_BYTES => merge(self.whole, piece, ids),
            None => ids.extend(self.vocabulary.bpe.encode_via_backtracking(piece)),
        }
    }
}
