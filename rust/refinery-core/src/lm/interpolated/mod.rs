//! Interpolated n-gram models over a closed alphabet, trained here.
//!
//! What is here: counting ([`Counts`]), the model that comes of it ([`Interpolated`]), its file
//! ([`NgramModel::save`]), and the perplexity of a text. What is not here: words. Symbols are the
//! tokens of a tokenizer without an unknown token, or bytes, so that every text has a probability
//! and models of different training texts can be compared by bits per byte.
//!
//! Definition, for a symbol w after a context h of up to `order` - 1 symbols, h' being h without
//! its oldest symbol:
//!
//! 1. An n-gram's count is how often it occurs where it has `order` symbols or begins a document,
//!    otherwise how many different symbols stand before it.
//! 2. P(w|h) = max(count(hw) - D, 0) / T(h) + g(h) P(w|h'), where T(h) is the sum of the counts of
//!    what follows h, D depends on the order and on whether the count is 1, 2 or more, and g(h) is
//!    what the discounts took, divided by T(h). After a context that nothing followed, g is 1.
//! 3. After no context, P(w|h') is one over the number of symbols. So the probabilities of all symbols sum
//!    to one after every context.
//!
//! Every document begins after a mark that is a context only; its end is not predicted.
//!
//! Source: Chen and Goodman 1998, section 3 (modified Kneser-Ney, interpolated); discounts as in
//! [`discounts`]. Chosen over Witten-Bell by held-out bits per byte: see docs/decisions.md.

mod counts;
mod discounts;
mod file;
mod model;
#[cfg(test)]
mod tests;

pub use counts::Counts;
pub use file::NgramModel;
pub use model::Interpolated;

/// Number of a symbol: below [`Interpolated::n_symbols`].
pub type Symbol = u32;

/// Longest n-gram. Bytes need eight to see what five tokens see.
pub const MAX_ORDER: usize = 8;
/// Most symbols of an alphabet, far above any tokenizer's.
pub const MAX_SYMBOLS: u32 = 1 << 22;

/// The empty context.
const ROOT: u32 = 0;

/// Nodes of the latest symbols: none of them, the latest, the latest two, ...
#[derive(Clone, Copy)]
struct Contexts {
    nodes: [u32; MAX_ORDER + 1],
    len: usize,
}

impl Contexts {
    fn empty() -> Self {
        Self {
            nodes: [ROOT; MAX_ORDER + 1],
            len: 1,
        }
    }

    fn push(&mut self, node: u32) {
        self.nodes[self.len] = node;
        self.len += 1;
    }

    fn as_slice(&self) -> &[u32] {
        &self.nodes[..self.len]
    }
}
