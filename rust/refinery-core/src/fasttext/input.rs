//! The input matrix: one row for each word and hashed n-gram. A dense one is without its rows of
//! zeros.
//!
//! Trained by one thread, which is what makes a model reproducible, fastText gives values to the
//! first tenth of the rows, and to those that the training text asks for; all others are zeros.
//! Of two million buckets half or more may be such rows. Adding one changes nothing, so they are
//! neither stored nor visited: less memory, and less to allocate while loading, which is most of the
//! time that loading takes. The numbers are the same to the bit: a
//! sum that begins with +0 is never -0.

use std::io::BufRead;

use super::load::Source;
use super::matrix::{Dense, Matrix, read_shape};
use crate::Result;

/// Rows told of by one group.
const GROUP: u32 = u64::BITS;
/// Bytes read in one go, at least one row.
const CHUNK_BYTES: usize = 1 << 20;

/// Which rows are stored, and where.
#[derive(Default)]
struct Stored {
    groups: Vec<Group>,
    n_rows: u32,
    n_kept: u32,
}

/// A bit a row, and how many rows are stored before the first of them: a quarter of a byte a row,
/// which a cache near the processor holds.
#[derive(Clone, Copy, Default)]
struct Group {
    bits: u64,
    before: u32,
}

impl Stored {
    fn push(&mut self, is_stored: bool) {
        let bit = self.n_rows % GROUP;
        if bit == 0 {
            self.groups.push(Group {
                bits: 0,
                before: self.n_kept,
            });
        }
        if let Some(group) = self.groups.last_mut() {
            group.bits |= u64::from(is_stored) << bit;
        }
        self.n_rows += 1;
        self.n_kept += u32::from(is_stored);
    }

    /// Replaces rows by their places among the stored ones; the others drop out.
    fn places(&self, rows: &mut Vec<u32>) {
        let mut kept = 0;
        for i in 0..rows.len() {
            let group = self.groups[(rows[i] / GROUP) as usize];
            let bit = rows[i] % GROUP;
            // Without a branch: which rows are stored cannot be foreseen.
            rows[kept] = group.before + (group.bits & ((1 << bit) - 1)).count_ones();
            kept += (group.bits >> bit & 1) as usize;
        }
        rows.truncate(kept);
    }
}

/// The input matrix.
pub(super) struct Input {
    rows: Matrix,
    /// Which rows are in `rows`, where not all are.
    stored: Option<Stored>,
}

impl Input {
    pub(super) fn read<R: BufRead>(
        is_quantised: bool,
        what: &str,
        source: &mut Source<'_, R>,
    ) -> Result<Self> {
        if is_quantised {
            let rows = Matrix::read(is_quantised, what, source)?;
            return Ok(Self { rows, stored: None });
        }
        let (rows, stored) = read_stored(what, source)?;
        let has_all = stored.n_kept == stored.n_rows;
        Ok(Self {
            rows: Matrix::Dense(rows),
            stored: (!has_all).then_some(stored),
        })
    }

    /// Rows and columns, rows of zeros included.
    pub(super) fn shape(&self) -> (u64, usize) {
        let all = self.stored.as_ref().map(|stored| stored.n_rows.into());
        let (stored, n_columns) = self.rows.shape();
        (all.unwrap_or(stored), n_columns)
    }

    pub(super) fn n_bytes(&self) -> usize {
        let groups = self.stored.as_ref().map_or(0, |s| s.groups.len());
        self.rows.n_bytes() + groups * size_of::<Group>()
    }

    /// The mean of `rows` into `mean`, one place a column; zeros where there are no rows. What
    /// `rows` holds after that means nothing.
    pub(super) fn average(&self, rows: &mut Vec<u32>, mean: &mut [f32]) {
        let n = rows.len();
        if let Some(stored) = &self.stored {
            stored.places(rows);
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

#[cfg(test)]
impl Input {
    /// The product of one row with `vector`.
    pub(super) fn dot(&self, row: u32, vector: &[f32]) -> f32 {
        let mut rows = vec![row];
        if let Some(stored) = &self.stored {
            stored.places(&mut rows);
        }
        let place = rows.first();
        place.map_or(0.0, |&place| self.rows.dot(place as usize, vector))
    }
}

/// Reads a matrix that the file holds whole: the rows that are not zeros, and which those are.
fn read_stored<R: BufRead>(what: &str, source: &mut Source<'_, R>) -> Result<(Dense, Stored)> {
    let (n_rows, n_columns) = read_shape(what, source)?;
    let n = n_rows.checked_mul(n_columns);
    source.need(n.and_then(|n| n.checked_mul(4)), what)?;
    if u32::try_from(n_rows).is_err() {
        return Err(source.fail(format_args!("{what} has {n_rows} rows")));
    }
    let (mut left, width) = (n_rows as usize, 4 * n_columns as usize);
    let at_once = (CHUNK_BYTES / width).max(1);
    let mut buffer = vec![0; width * at_once.min(left)];
    let mut stored = Stored::default();
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
    let rows = Dense::new(u64::from(stored.n_kept), n_columns, values);
    Ok((rows, stored))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_are_counted_from_the_stored_rows(
            is_stored in prop::collection::vec(any::<bool>(), 1..300),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..50),
        ) {
            let mut stored = Stored::default();
            for &is in &is_stored {
                stored.push(is);
            }
            let rows: Vec<usize> = picks.iter().map(|pick| pick.index(is_stored.len())).collect();
            let place = |&row: &usize| is_stored[..row].iter().filter(|&&is| is).count() as u32;
            let expected: Vec<u32> = rows.iter().filter(|&&row| is_stored[row]).map(place).collect();
            let mut found: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
            stored.places(&mut found);
            prop_assert_eq!(found, expected);
        }
    }
}
