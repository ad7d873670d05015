//! The input matrix: one row for each word and hashed n-gram. A dense one is without its rows of
//! zeros, a pruned one without those of the n-grams that were pruned.
//!
//! Trained by one thread, which is what makes a model reproducible, fastText gives values to the
//! first tenth of the rows, and to those that the training text asks for; all others are zeros.
//! Of two million buckets half or more may be such rows. Adding one changes nothing, so they are
//! neither stored nor visited: less memory, and less to allocate while loading, which is most of the
//! time that loading takes. The numbers are the same to the bit: a
//! sum that begins with +0 is never -0.

use std::io::BufRead;

use super::kept::{Groups, Kept, Stored};
use super::load::Source;
use super::matrix::{Dense, Matrix, read_shape};
use crate::Result;

/// Bytes read in one go, at least one row.
const CHUNK_BYTES: usize = 1 << 20;

/// The input matrix.
pub(super) struct Input {
    rows: Matrix,
    /// Which rows are in `rows`, where not all are.
    stored: Option<Stored>,
    /// Whether rows that are not stored count in a mean: zeros do, n-grams that were pruned do not.
    are_all_counted: bool,
}

impl Input {
    pub(super) fn read<R: BufRead>(
        is_quantised: bool,
        what: &str,
        source: &mut Source<'_, R>,
    ) -> Result<Self> {
        if is_quantised {
            let rows = Matrix::read(is_quantised, what, source)?;
            return Ok(Self {
                rows,
                stored: None,
                are_all_counted: true,
            });
        }
        let (rows, stored) = read_stored(what, source)?;
        Ok(Self {
            rows: Matrix::Dense(rows),
            stored: stored.unless_all(),
            are_all_counted: true,
        })
    }

    /// The matrix of a pruned model: rows as if all n-grams were there, stored in this order, so
    /// that the same few bits tell whether an n-gram was kept, and where its row is.
    pub(super) fn pruned(self, n_words: u32, kept: &Kept) -> Self {
        let (stored, order) = kept.among(n_words);
        Self {
            rows: self.rows.reordered(&order),
            stored: Some(stored),
            are_all_counted: false,
        }
    }

    /// The same matrix, its codes replaced by what they stand for if that is small.
    pub(super) fn decoded(self) -> Self {
        Self {
            rows: self.rows.decoded(),
            ..self
        }
    }

    /// Rows and columns, rows of zeros included.
    pub(super) fn shape(&self) -> (u64, usize) {
        let all = self.stored.as_ref().map(Stored::n_rows);
        let (stored, n_columns) = self.rows.shape();
        (all.unwrap_or(stored), n_columns)
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.rows.n_bytes() + self.stored.as_ref().map_or(0, Stored::n_bytes)
    }

    /// The mean of `rows` into `mean`, one place a column; zeros where there are no rows. What
    /// `rows` holds after that means nothing.
    pub(super) fn average(&self, rows: &mut Vec<u32>, mean: &mut [f32]) {
        let mut n = rows.len();
        if let Some(stored) = &self.stored {
            stored.places(rows);
        }
        if !self.are_all_counted {
            n = rows.len();
        }
        self.rows.sum(rows, mean);
        if n == 0 {
            return;
        }
        // The reference divides in double precision and multiplies in single.
        let scale = (1.0 / n as f64) as f32;
        for value in mean {
            *value *= scale;
        }
    }
}

/// Reads a matrix that the file holds whole: the rows that are not zeros, and which those are.
fn read_stored<R: BufRead>(what: &str, source: &mut Source<'_, R>) -> Result<(Dense, Groups)> {
    let (n_rows, n_columns) = read_shape(what, source)?;
    let n = n_rows.checked_mul(n_columns);
    source.need(n.and_then(|n| n.checked_mul(4)), what)?;
    if u32::try_from(n_rows).is_err() {
        return Err(source.fail(format_args!("{what} has {n_rows} rows")));
    }
    let (mut left, width) = (n_rows as usize, 4 * n_columns as usize);
    let at_once = (CHUNK_BYTES / width).max(1);
    let mut buffer = vec![0; width * at_once.min(left)];
    let mut stored = Groups::default();
    // Room is address space alone until it is written to.
    let mut values = Vec::with_capacity(left * n_columns as usize);
    let mut first = 0;
    while left > 0 {
        let bytes = &mut buffer[..width * at_once.min(left)];
        source.weights(bytes, first, what)?;
        for row in bytes.chunks_exact(width) {
            let is_stored = row.iter().any(|&byte| byte != 0);
            stored.push(is_stored);
            if is_stored {
                let (weights, _) = row.as_chunks();
                values.extend(weights.iter().map(|&weight| f32::from_le_bytes(weight)));
            }
        }
        first += bytes.len() as u64 / 4;
        left -= bytes.len() / width;
    }
    values.shrink_to_fit();
    let rows = Dense::new(stored.n_kept(), n_columns, values);
    Ok((rows, stored))
}
