//! Matrices of `f32`, stored whole or product-quantised: sums of rows, and products with a vector.
//!
//! What it is not: linear algebra. Sums are taken in the order of the reference library, row by
//! row and column by column, each in `f32` and without fused multiply-add: that order is what
//! makes our numbers the reference's, and the same on every processor. The loops run over the
//! columns, which are independent, so vector instructions of any width give the same bytes.

use std::io::BufRead;

use super::load::Source;
use crate::{Result, prefetch};

/// Centroids of a quantiser: the format fixes a byte a code.
const N_CENTROIDS: usize = 256;
/// Rows added in one go; more rows in flight hide more of the memory's latency.
const BLOCK: usize = 4;
/// How many rows ahead the memory is asked for.
const AHEAD: usize = 32;
/// Most bytes of the rows that codes stand for, for them to be stored instead: what caches hold.
const DECODED_BYTES: u64 = 16 << 20;
/// `f32`s of a cache line.
const LINE: usize = 16;

/// A matrix of either kind.
pub(super) enum Matrix {
    Dense(Dense),
    Quantised(Quantised),
}

impl Matrix {
    pub(super) fn read<R: BufRead>(
        is_quantised: bool,
        what: &str,
        source: &mut Source<'_, R>,
    ) -> Result<Self> {
        if is_quantised {
            Quantised::read(what, source).map(Self::Quantised)
        } else {
            Dense::read(what, source).map(Self::Dense)
        }
    }

    /// Rows and columns.
    pub(super) fn shape(&self) -> (u64, usize) {
        match self {
            Self::Dense(m) => (m.n_rows, m.n_columns),
            Self::Quantised(m) => (m.n_rows, m.n_columns()),
        }
    }

    pub(super) fn n_bytes(&self) -> usize {
        match self {
            Self::Dense(m) => size_of_val(&m.values[..]),
            Self::Quantised(m) => m.codes.len() + size_of_val(&m.columns.centroids[..]),
        }
    }

    /// The rows of these numbers, in this order.
    pub(super) fn reordered(self, order: &[u32]) -> Self {
        match self {
            Self::Dense(m) => Self::Dense(m.reordered(order)),
            Self::Quantised(m) => Self::Quantised(m.reordered(order)),
        }
    }

    /// The same matrix for sums; codes are replaced by what they stand for if that is small.
    ///
    /// A row in one cache line is added in a tenth of the steps that its codes take, and the sums
    /// are the same to the bit: the product of a norm and a weight is rounded either way. Not for
    /// [`Self::dot`], which multiplies by the norm last.
    pub(super) fn decoded(self) -> Self {
        match self {
            Self::Quantised(m) if m.n_decoded_bytes() <= DECODED_BYTES => Self::Dense(m.decoded()),
            other => other,
        }
    }

    /// The sum of `rows` over `sum`, one place a column; zeros where there are no rows.
    pub(super) fn sum(&self, rows: &[u32], sum: &mut [f32]) {
        sum.fill(0.0);
        match self {
            Self::Dense(m) => m.add(rows, sum),
            Self::Quantised(m) => m.add(rows, sum),
        }
    }

    /// The product of one row with `vector`.
    pub(super) fn dot(&self, row: usize, vector: &[f32]) -> f32 {
        match self {
            Self::Dense(m) => dot([m.row(row)], vector)[0],
            Self::Quantised(m) => m.dot(row, vector),
        }
    }

    /// The product of every row with `vector`, appended to `products`.
    pub(super) fn products(&self, vector: &[f32], products: &mut Vec<f32>) {
        let n = self.shape().0 as usize;
        match self {
            Self::Dense(m) => {
                // Each sum is a chain of additions that wait for each other; eight of them do not.
                let whole = n - n % 8;
                for first in (0..whole).step_by(8) {
                    products.extend(dot(
                        std::array::from_fn::<_, 8, _>(|i| m.row(first + i)),
                        vector,
                    ));
                }
                products.extend((whole..n).map(|row| dot([m.row(row)], vector)[0]));
            }
            Self::Quantised(m) => products.extend((0..n).map(|row| m.dot(row, vector))),
        }
    }
}

/// Products of `N` rows with `vector`, each summed from the first column to the last.
#[inline]
fn dot<const N: usize>(rows: [&[f32]; N], vector: &[f32]) -> [f32; N] {
    let rows = rows.map(|row| &row[..vector.len()]);
    let mut sums = [0.0; N];
    for (column, value) in vector.iter().enumerate() {
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum += row[column] * value;
        }
    }
    sums
}

/// Rows end to end.
pub(super) struct Dense {
    n_rows: u64,
    n_columns: usize,
    values: Vec<f32>,
    /// Where the first row begins.
    skip: usize,
}

/// Moves `values` to where a cache line begins, and returns how many places that is: a row of sixteen
/// numbers is then on one line, of which the memory is asked for, and not on two.
fn align(values: &mut Vec<f32>) -> usize {
    values.reserve_exact(LINE - 1);
    let skip = values
        .as_ptr()
        .align_offset(LINE * size_of::<f32>())
        .min(LINE - 1);
    let n = values.len();
    values.resize(n + skip, 0.0);
    values.copy_within(..n, skip);
    skip
}

impl Dense {
    fn read<R: BufRead>(what: &str, source: &mut Source<'_, R>) -> Result<Self> {
        let (n_rows, n_columns) = read_shape(what, source)?;
        let Some(n) = n_rows.checked_mul(n_columns) else {
            return Err(source.fail(format_args!("{what}: {n_rows} x {n_columns} overflows")));
        };
        let values = source.floats(n, what)?;
        Ok(Self::new(n_rows, n_columns, values))
    }

    /// A matrix of `values`, which are `n_rows` rows end to end.
    pub(super) fn new(n_rows: u64, n_columns: u64, mut values: Vec<f32>) -> Self {
        let n_columns = n_columns as usize;
        let fills_lines = n_columns.is_multiple_of(LINE);
        let skip = if fills_lines { align(&mut values) } else { 0 };
        Self {
            n_rows,
            n_columns,
            values,
            skip,
        }
    }

    fn reordered(self, order: &[u32]) -> Self {
        let rows = order.iter().flat_map(|&row| self.row(row as usize));
        let values = rows.copied().collect();
        Self::new(order.len() as u64, self.n_columns as u64, values)
    }

    #[inline]
    fn row(&self, row: usize) -> &[f32] {
        &self.values[self.skip + row * self.n_columns..][..self.n_columns]
    }

    fn add(&self, rows: &[u32], sum: &mut [f32]) {
        // The usual narrow widths keep the whole sum in registers.
        match self.n_columns {
            8 => self.add_narrow::<8>(rows, sum),
            16 => self.add_narrow::<16>(rows, sum),
            32 => self.add_narrow::<32>(rows, sum),
            _ => self.add_blocks(rows, sum),
        }
    }

    fn add_narrow<const N: usize>(&self, rows: &[u32], sum: &mut [f32]) {
        let (matrix, _) = self.values[self.skip..].as_chunks::<N>();
        let mut total = [0.0; N];
        for (i, &row) in rows.iter().enumerate() {
            if let Some(&later) = rows.get(i + AHEAD) {
                prefetch::read(matrix, later as usize);
            }
            for (total, value) in total.iter_mut().zip(matrix[row as usize]) {
                *total += value;
            }
        }
        sum.copy_from_slice(&total);
    }

    fn add_blocks(&self, rows: &[u32], sum: &mut [f32]) {
        let (blocks, rest) = rows.as_chunks::<BLOCK>();
        for (i, &[a, b, c, d]) in blocks.iter().enumerate() {
            self.prefetch(rows.get(i * BLOCK + AHEAD..).unwrap_or_default());
            let (a, b) = (self.row(a as usize), self.row(b as usize));
            add_rows(sum, [a, b, self.row(c as usize), self.row(d as usize)]);
        }
        for &row in rest {
            add_rows(sum, [self.row(row as usize)]);
        }
    }

    fn prefetch(&self, rows: &[u32]) {
        for &row in rows.iter().take(BLOCK) {
            let start = self.skip + row as usize * self.n_columns;
            for at in (start..start + self.n_columns).step_by(LINE) {
                prefetch::read(&self.values, at);
            }
        }
    }
}

/// Adds `N` rows, one after the other, in every column.
#[inline]
fn add_rows<const N: usize>(sum: &mut [f32], mut rows: [&[f32]; N]) {
    let n = sum.len();
    for row in &mut rows {
        *row = &row[..n];
    }
    for column in 0..n {
        let mut value = sum[column];
        for row in rows {
            value += row[column];
        }
        sum[column] = value;
    }
}

/// Rows as codes: a byte for every `width` columns, and perhaps one for the length of the row.
pub(super) struct Quantised {
    n_rows: u64,
    codes: Vec<u8>,
    columns: Quantiser,
    norms: Option<Norms>,
}

struct Norms {
    codes: Vec<u8>,
    values: Vec<f32>,
}

/// For each group of columns, the 256 short vectors that a code stands for.
struct Quantiser {
    n_columns: usize,
    /// Columns of a group; the last one may be narrower.
    width: usize,
    n_groups: usize,
    centroids: Vec<f32>,
}

impl Quantiser {
    fn read<R: BufRead>(n_columns: u64, what: &str, source: &mut Source<'_, R>) -> Result<Self> {
        let dim = u64::from(source.int_in("the columns of a quantiser", 1, i32::MAX)?);
        let n_groups = u64::from(source.int_in("the groups of a quantiser", 1, i32::MAX)?);
        let width = u64::from(source.int_in("the width of a quantiser", 1, i32::MAX)?);
        let last = u64::from(source.int_in("the last width of a quantiser", 1, i32::MAX)?);
        let expected_last = (dim - 1) % width + 1;
        if dim != n_columns || n_groups != dim.div_ceil(width) || last != expected_last {
            return Err(source.fail(format_args!(
                "{what} has {n_columns} columns, its quantiser {dim} in {n_groups} groups of {width}, the last of {last}"
            )));
        }
        let centroids = source.floats(dim * N_CENTROIDS as u64, "the centroids")?;
        let (width, n_groups) = (width as usize, n_groups as usize);
        Ok(Self {
            n_columns: dim as usize,
            width,
            n_groups,
            centroids,
        })
    }

    /// The columns that `code` stands for in `group`.
    #[inline]
    fn centroid(&self, group: usize, code: u8) -> &[f32] {
        let start = group * self.width;
        let width = self.width.min(self.n_columns - start);
        &self.centroids[start * N_CENTROIDS + code as usize * width..][..width]
    }
}

impl Quantised {
    fn read<R: BufRead>(what: &str, source: &mut Source<'_, R>) -> Result<Self> {
        let has_norms = source.flag("the flag for quantised norms")?;
        let (n_rows, n_columns) = read_shape(what, source)?;
        let n_codes = u64::from(source.int_in("the number of codes", 1, i32::MAX)?);
        let codes = source.codes(n_codes, "the codes")?;
        let columns = Quantiser::read(n_columns, what, source)?;
        if n_rows.checked_mul(columns.n_groups as u64) != Some(n_codes) {
            return Err(source.fail(format_args!(
                "{what}: {n_codes} codes for {n_rows} rows of {}",
                columns.n_groups
            )));
        }
        let norms = if has_norms {
            Some(Norms::read(n_rows, source)?)
        } else {
            None
        };
        Ok(Self {
            n_rows,
            codes,
            columns,
            norms,
        })
    }

    fn n_columns(&self) -> usize {
        self.columns.n_columns
    }

    fn reordered(self, order: &[u32]) -> Self {
        let rows = order.iter().flat_map(|&row| self.row(row as usize));
        let codes = rows.copied().collect();
        let norms = self.norms.map(|norms| Norms {
            codes: order.iter().map(|&row| norms.codes[row as usize]).collect(),
            ..norms
        });
        Self {
            n_rows: order.len() as u64,
            codes,
            norms,
            columns: self.columns,
        }
    }

    fn n_decoded_bytes(&self) -> u64 {
        self.n_rows * self.n_columns() as u64 * size_of::<f32>() as u64
    }

    fn decoded(&self) -> Dense {
        let n_columns = self.n_columns();
        let mut values = vec![0.0; self.n_rows as usize * n_columns];
        for (row, values) in values.chunks_exact_mut(n_columns).enumerate() {
            self.add_row(row, 0, values);
        }
        Dense::new(self.n_rows, n_columns as u64, values)
    }

    #[inline]
    fn row(&self, row: usize) -> &[u8] {
        &self.codes[row * self.columns.n_groups..][..self.columns.n_groups]
    }

    #[inline]
    fn norm(&self, row: usize) -> f32 {
        self.norms
            .as_ref()
            .map_or(1.0, |n| n.values[n.codes[row] as usize])
    }

    fn dot(&self, row: usize, vector: &[f32]) -> f32 {
        let mut sum = 0.0;
        let groups = vector
            .chunks(self.columns.width)
            .zip(self.row(row))
            .enumerate();
        for (group, (values, &code)) in groups {
            for (value, centroid) in values.iter().zip(self.columns.centroid(group, code)) {
                sum += value * centroid;
            }
        }
        sum * self.norm(row)
    }

    fn add(&self, rows: &[u32], sum: &mut [f32]) {
        // The usual widths get loops without inner loops.
        match self.columns.width {
            1 => self.add_blocks::<1>(rows, sum),
            2 => self.add_blocks::<2>(rows, sum),
            4 => self.add_blocks::<4>(rows, sum),
            8 => self.add_blocks::<8>(rows, sum),
            _ => rows
                .iter()
                .for_each(|&row| self.add_row(row as usize, 0, sum)),
        }
    }

    fn add_blocks<const WIDTH: usize>(&self, rows: &[u32], sum: &mut [f32]) {
        let (blocks, rest) = rows.as_chunks::<BLOCK>();
        for (i, block) in blocks.iter().enumerate() {
            self.prefetch(rows.get(i * BLOCK + AHEAD..).unwrap_or_default());
            self.add_block::<WIDTH>(block, sum);
        }
        for &row in rest {
            self.add_row(row as usize, 0, sum);
        }
    }

    /// Adds whole groups of `WIDTH` columns of a block of rows, then the narrower last group.
    fn add_block<const WIDTH: usize>(&self, rows: &[u32; BLOCK], sum: &mut [f32]) {
        let (sums, _) = sum.as_chunks_mut::<WIDTH>();
        let (vectors, _) = self.columns.centroids.as_chunks::<WIDTH>();
        let (groups, _) = vectors.as_chunks::<N_CENTROIDS>();
        let n = sums.len().min(groups.len());
        let (sums, groups) = (&mut sums[..n], &groups[..n]);
        let mut block = [(&[] as &[u8], 1.0); BLOCK];
        for (place, &row) in block.iter_mut().zip(rows) {
            *place = (&self.row(row as usize)[..n], self.norm(row as usize));
        }
        for group in 0..n {
            for (codes, norm) in block {
                let centroid = &groups[group][codes[group] as usize];
                for (sum, value) in sums[group].iter_mut().zip(centroid) {
                    *sum += norm * value;
                }
            }
        }
        if n < self.columns.n_groups {
            for &row in rows {
                self.add_row(row as usize, n, sum);
            }
        }
    }

    /// Adds the columns of one row from `first_group` on.
    fn add_row(&self, row: usize, first_group: usize, sum: &mut [f32]) {
        let norm = self.norm(row);
        let width = self.columns.width;
        let groups = sum.chunks_mut(width).zip(self.row(row)).enumerate();
        for (group, (sums, &code)) in groups.skip(first_group) {
            for (sum, value) in sums.iter_mut().zip(self.columns.centroid(group, code)) {
                *sum += norm * value;
            }
        }
    }

    fn prefetch(&self, rows: &[u32]) {
        for &row in rows.iter().take(BLOCK) {
            let start = row as usize * self.columns.n_groups;
            for at in (start..start + self.columns.n_groups).step_by(LINE * 4) {
                prefetch::read(&self.codes, at);
            }
        }
    }
}

impl Norms {
    fn read<R: BufRead>(n_rows: u64, source: &mut Source<'_, R>) -> Result<Self> {
        let codes = source.codes(n_rows, "the codes of the norms")?;
        let values = Quantiser::read(1, "the column of norms", source)?.centroids;
        Ok(Self { codes, values })
    }
}

pub(super) fn read_shape<R: BufRead>(what: &str, source: &mut Source<'_, R>) -> Result<(u64, u64)> {
    let n_rows = source.count("the number of rows")?;
    let n_columns = source.count("the number of columns")?;
    if n_rows == 0 || n_columns == 0 || n_columns > i32::MAX as u64 {
        return Err(source.fail(format_args!("{what} has the shape {n_rows} x {n_columns}")));
    }
    Ok((n_rows, n_columns))
}
