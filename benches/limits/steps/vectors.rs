//! A bag of words and bigrams through a table of vectors: rows fetched and added.
//!
//! Row numbers come from the words' hashes, so nothing is looked up; rows are asked for some steps
//! ahead, as the order of a table of this size is that of chance.

use std::hint::black_box;

use super::hash::mix;
use super::{Prepared, Word, limit};
use crate::Work;
use crate::dispatch::dispatched;

/// How many rows ahead memory is asked.
const AHEAD: usize = 16;
/// Rows of a model with the published number of buckets, and of a small one.
const ROWS: [usize; 2] = [2_000_000, 100_000];

pub fn works(prepared: &Prepared, n_bytes: usize) -> Vec<Work<'_>> {
    let [large, small] = ROWS;
    vec![
        limit("vectors_dim_100", n_bytes, scored(prepared, large, add_100)),
        limit("vectors_dim_16", n_bytes, scored(prepared, large, add_16)),
        limit(
            "vectors_dim_16_small",
            n_bytes,
            scored(prepared, small, add_16),
        ),
    ]
}

type Add<const DIM: usize> = fn(&[[f32; DIM]], &[u32], &mut [f32; DIM]);

fn scored<const DIM: usize>(prepared: &Prepared, n_rows: usize, add: Add<DIM>) -> impl FnMut() {
    let table: Vec<[f32; DIM]> = (0..n_rows).map(|row| [row as f32; DIM]).collect();
    let mut rows = Vec::new();
    move || {
        for words in prepared.spaced.iter() {
            row_numbers(words, n_rows, &mut rows);
            let mut sum = [0.0; DIM];
            add(&table, &rows, &mut sum);
            black_box(&sum);
        }
    }
}

/// A row for every word and every two words in a row.
fn row_numbers(words: &[Word], n_rows: usize, rows: &mut Vec<u32>) {
    let row = |hash: u64| ((u128::from(hash) * n_rows as u128) >> 64) as u32;
    rows.clear();
    rows.extend(words.iter().map(|word| row(word.hash)));
    let pairs = words.windows(2);
    rows.extend(pairs.map(|pair| row(mix(pair[0].hash, pair[1].hash))));
}

dispatched!(fn add_100(table: &[[f32; 100]], rows: &[u32], sum: &mut [f32; 100]) = add_body);
dispatched!(fn add_16(table: &[[f32; 16]], rows: &[u32], sum: &mut [f32; 16]) = add_body);

#[inline(always)]
fn add_body<const DIM: usize>(table: &[[f32; DIM]], rows: &[u32], sum: &mut [f32; DIM]) {
    // Its own array: it stays in registers.
    let mut found = *sum;
    for (i, &row) in rows.iter().enumerate() {
        if let Some(&later) = rows.get(i + AHEAD) {
            prefetch(&table[later as usize]);
        }
        let row = &table[row as usize];
        for i in 0..DIM {
            found[i] += row[i];
        }
    }
    *sum = found;
}

/// Asks for every cache line of a row.
#[inline(always)]
fn prefetch<const DIM: usize>(row: &[f32; DIM]) {
    #[cfg(target_arch = "x86_64")]
    for value in row.iter().step_by(16).chain(row.last()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is that of a value; fetching it changes nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}
