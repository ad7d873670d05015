//! A model ready to be asked.

use super::super::table::Table;
use super::counts::{Counts, Entry};
use super::discounts::{class, counts_of_counts, discounts};
use super::{Contexts, ROOT, Symbol};
use crate::fasttext::math::ln;

/// Both numbers of an n-gram, rounded: together they are one look-up in memory.
#[derive(Clone, Copy)]
struct Weights {
    /// Its own part of its probability, without what shorter contexts add.
    own: f32,
    /// The share of shorter contexts in what follows it.
    backoff: f32,
}

/// An interpolated n-gram model, shared by all threads.
pub struct Interpolated {
    order: usize,
    n_symbols: u32,
    table: Table,
    /// By node, the root's first.
    weights: Vec<Weights>,
}

impl From<Counts> for Interpolated {
    fn from(counts: Counts) -> Self {
        let (order, n_symbols) = counts.shape();
        let (entries, table) = counts.finish();
        Self::new(order, n_symbols, &entries, table)
    }
}

impl Interpolated {
    pub(super) fn new(order: usize, n_symbols: u32, entries: &[Entry], table: Table) -> Self {
        let mut lengths = vec![0_u8; entries.len() + 1];
        for (i, entry) in entries.iter().enumerate() {
            lengths[i + 1] = lengths[entry.context as usize] + 1;
        }
        let counts = counts_of_counts(entries, &lengths, order);
        let by_length: Vec<_> = counts.into_iter().map(discounts).collect();
        // Of what follows each context: the sum of counts, and how many are 1, 2, and 3 and more.
        // Whole numbers, so that the order of documents changes nothing.
        let mut sums = vec![(0_u64, [0_u32; 3]); entries.len() + 1];
        for entry in entries {
            let (total, n) = &mut sums[entry.context as usize];
            *total += u64::from(entry.count);
            if let Some(class) = class(entry.count) {
                n[class] += 1;
            }
        }
        let weights = |i: usize, own: f64| {
            let (total, n) = sums[i];
            let longer = usize::from(lengths[i]).min(order - 1);
            let given: f64 = (0..3).map(|c| f64::from(n[c]) * by_length[longer][c]).sum();
            let backoff = if total == 0 {
                1.0
            } else {
                given / total as f64
            };
            Weights {
                own: own as f32,
                backoff: backoff as f32,
            }
        };
        let mut all = vec![weights(ROOT as usize, 0.0)];
        for (i, (entry, &length)) in entries.iter().zip(&lengths[1..]).enumerate() {
            let taken = class(entry.count).map_or(0.0, |c| by_length[usize::from(length) - 1][c]);
            let left = (f64::from(entry.count) - taken).max(0.0);
            let total = sums[entry.context as usize].0.max(1);
            all.push(weights(i + 1, left / total as f64));
        }
        Self {
            order,
            n_symbols,
            table,
            weights: all,
        }
    }

    /// Most symbols of an n-gram.
    pub fn order(&self) -> usize {
        self.order
    }

    /// Symbols of the alphabet.
    pub fn n_symbols(&self) -> u32 {
        self.n_symbols
    }

    /// Number of n-grams of all orders.
    pub fn n_ngrams(&self) -> usize {
        self.weights.len() - 1
    }

    /// Memory of the model.
    pub fn n_bytes(&self) -> usize {
        self.weights.len() * size_of::<Weights>() + self.table.n_bytes()
    }

    /// Negative logarithm to base e of the probability of `document[from..]`, after what stands
    /// before it in the document.
    pub fn nats(&self, document: &[Symbol], from: usize) -> f64 {
        let mut contexts = self.start();
        let mut total = 0.0;
        for (i, &symbol) in document.iter().enumerate() {
            let probability = self.next(&mut contexts, symbol);
            if i >= from {
                total -= ln(probability);
            }
        }
        total
    }

    /// The probability of `symbol` after `context`, which begins a document.
    pub fn probability(&self, context: &[Symbol], symbol: Symbol) -> f64 {
        let mut contexts = self.start();
        for &earlier in context {
            self.next(&mut contexts, earlier);
        }
        self.next(&mut contexts, symbol)
    }

    fn start(&self) -> Contexts {
        let mut contexts = Contexts::empty();
        if let (2.., Some(mark)) = (self.order, self.table.get(ROOT, self.n_symbols)) {
            contexts.push(mark);
        }
        contexts
    }

    /// The probability of `symbol`, which `contexts` then ends with.
    #[inline]
    fn next(&self, contexts: &mut Contexts, symbol: Symbol) -> f64 {
        let mut probability = 1.0 / f64::from(self.n_symbols);
        let mut longer = Contexts::empty();
        // What does not follow a context follows no longer one either.
        let mut is_known = true;
        for &context in contexts.as_slice() {
            probability *= f64::from(self.weights[context as usize].backoff);
            let found = if is_known {
                self.table.get(context, symbol)
            } else {
                None
            };
            match found {
                Some(node) => {
                    probability += f64::from(self.weights[node as usize].own);
                    longer.push(node);
                }
                None => is_known = false,
            }
        }
        longer.len = longer.len.min(self.order);
        *contexts = longer;
        probability
    }
}
