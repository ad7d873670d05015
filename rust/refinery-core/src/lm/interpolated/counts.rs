//! Counting n-grams: one node for each, found by its context's node and its last symbol.

use super::super::table::Table;
use super::{Contexts, MAX_ORDER, MAX_SYMBOLS, ROOT, Symbol};
use crate::{Error, Result};

/// An n-gram: the node of all but its last symbol, and that symbol.
#[derive(Clone, Copy)]
pub(super) struct Node {
    pub context: u32,
    pub symbol: Symbol,
    /// How often it occurs, and how many different symbols stand before it.
    occurrences: u32,
    extensions: u32,
}

/// Counts of the n-grams of documents.
///
/// Equal documents in any order give the same model.
pub struct Counts {
    order: usize,
    n_symbols: u32,
    max_ngrams: usize,
    table: Table,
    nodes: Vec<Node>,
}

/// An n-gram and its count, as the definition of the model has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub context: u32,
    pub symbol: Symbol,
    pub count: u32,
}

impl Counts {
    /// Bytes of memory that an n-gram takes at most, while the model is made: of the table, a third
    /// full, and a list that has just doubled; then entries, sums, weights and content.
    pub const BYTES_PER_NGRAM: usize = 3 * 12 + 2 * size_of::<Node>() + 12 + 24 + 8 + 12;

    /// Nothing counted yet. `max_ngrams` bounds the memory; symbols are below `n_symbols`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an order of 0 or above [`MAX_ORDER`], an alphabet of no symbols or more
    /// than [`MAX_SYMBOLS`].
    pub fn new(order: usize, n_symbols: u32, max_ngrams: usize) -> Result<Self> {
        if !(1..=MAX_ORDER).contains(&order) {
            return Err(Error::Parameter {
                name: "order",
                message: format!("must be from 1 to {MAX_ORDER}, found {order}"),
            });
        }
        if !(1..=MAX_SYMBOLS).contains(&n_symbols) {
            return Err(Error::Parameter {
                name: "n_symbols",
                message: format!("must be from 1 to {MAX_SYMBOLS}, found {n_symbols}"),
            });
        }
        let root = Node {
            context: ROOT,
            symbol: n_symbols,
            occurrences: 0,
            extensions: 0,
        };
        Ok(Self {
            order,
            n_symbols,
            max_ngrams: max_ngrams.min(u32::MAX as usize - 1),
            table: Table::with_room_for(0),
            nodes: vec![root],
        })
    }

    /// Number of different n-grams of all orders.
    pub fn n_ngrams(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Counts one document.
    ///
    /// # Errors
    /// [`Error::Parameter`] where a symbol is not of the alphabet, or with this document there are
    /// more n-grams than allowed. What was counted is then of no use.
    pub fn add(&mut self, document: &[Symbol]) -> Result<()> {
        let mut contexts = self.start()?;
        for &symbol in document {
            if symbol >= self.n_symbols {
                return Err(Error::Parameter {
                    name: "documents",
                    message: format!("symbol {symbol} is not below {}", self.n_symbols),
                });
            }
            let mut longer = Contexts::empty();
            for (k, &context) in contexts.as_slice().iter().enumerate() {
                let (node, is_new) = self.child(context, symbol)?;
                let counted = &mut self.nodes[node as usize].occurrences;
                *counted = counted.saturating_add(1);
                if is_new && k > 0 {
                    self.nodes[longer.nodes[k] as usize].extensions += 1;
                }
                longer.push(node);
            }
            longer.len = longer.len.min(self.order);
            contexts = longer;
        }
        Ok(())
    }

    /// The contexts at the beginning of a document: none, and the mark.
    fn start(&mut self) -> Result<Contexts> {
        let mut contexts = Contexts::empty();
        if self.order > 1 {
            let (mark, _) = self.child(ROOT, self.n_symbols)?;
            contexts.push(mark);
        }
        Ok(contexts)
    }

    #[inline]
    fn child(&mut self, context: u32, symbol: Symbol) -> Result<(u32, bool)> {
        let next = self.nodes.len() as u32;
        let (node, is_new) = self
            .table
            .find_or_insert(context, symbol, next)
            .ok_or_else(|| too_many("collide"))?;
        if is_new {
            if self.nodes.len() > self.max_ngrams {
                return Err(too_many(&format!("are more than {}", self.max_ngrams)));
            }
            self.nodes.push(Node {
                context,
                symbol,
                occurrences: 0,
                extensions: 0,
            });
        }
        Ok((node, is_new))
    }

    /// The n-grams with their counts, contexts before what follows them, and the table that finds
    /// them: its values are places in the list plus one.
    pub(super) fn finish(self) -> (Vec<Entry>, Table) {
        let mark = self.n_symbols;
        let mut lengths = vec![0_u8; self.nodes.len()];
        let mut begins = vec![false; self.nodes.len()];
        let mut entries = Vec::with_capacity(self.nodes.len() - 1);
        for (i, node) in self.nodes.iter().enumerate().skip(1) {
            let context = node.context as usize;
            lengths[i] = lengths[context] + 1;
            begins[i] = begins[context] || node.symbol == mark;
            let is_counted = begins[i] || usize::from(lengths[i]) == self.order;
            entries.push(Entry {
                context: node.context,
                symbol: node.symbol,
                count: if is_counted {
                    node.occurrences
                } else {
                    node.extensions
                },
            });
        }
        (entries, self.table)
    }

    /// Most symbols of an n-gram, and symbols of the alphabet.
    pub(super) fn shape(&self) -> (usize, u32) {
        (self.order, self.n_symbols)
    }
}

fn too_many(what: &str) -> Error {
    Error::Parameter {
        name: "max_ngrams",
        message: format!(
            "the n-grams {what}: train on less text, with a lower order, or allow more memory"
        ),
    }
}
