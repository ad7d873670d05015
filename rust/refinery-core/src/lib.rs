//! The computing half of refinery: everything that reads characters.
//!
//! What is here: definitions of word, line, sentence and n-gram ([`text`]), signals over one
//! document ([`signal`], [`lists`]), edits that make views of it ([`edit`]), token counts ([`tokens`]),
//! fastText inference ([`fasttext`]) of documents and their parts ([`chunks`]), perplexity under n-gram models ([`lm`]), sketches
//! and duplicate clusters ([`dedup`]), the best documents of groups and of all ([`choose`]), readers that cut inputs into units and parse rows
//! ([`input`]), and the one fused pass over Arrow string columns ([`batch`]).
//!
//! What is not here: Python, thresholds, verdicts, files that stay. A signal is a number about a
//! document; what the number means for the document is decided elsewhere.

pub mod batch;
pub mod choose;
pub mod chunks;
pub mod columns;
pub mod dedup;
pub mod edit;
pub mod error;
pub mod fasttext;
pub mod input;
pub mod interrupt;
mod key;
pub mod lists;
pub mod lm;
mod prefetch;
pub mod signal;
pub mod text;
pub mod tokens;

pub use error::{Error, Result};
pub use interrupt::Interrupt;
