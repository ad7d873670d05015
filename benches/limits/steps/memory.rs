//! What a byte costs before anything is known about it: read, copied, hashed, checked as UTF-8.

use std::hint::black_box;

use super::limit;
use crate::Work;
use crate::dispatch::dispatched;
use crate::documents::Documents;

/// Larger than any cache.
const LARGE: usize = 256 << 20;

dispatched!(fn sum(bytes: &[u8], total: &mut u64) = sum_body);

#[inline(always)]
fn sum_body(bytes: &[u8], total: &mut u64) {
    let (words, _) = bytes.as_chunks::<8>();
    *total = words.iter().fold(0, |total: u64, word| {
        total.wrapping_add(u64::from_le_bytes(*word))
    });
}

pub fn works(documents: &Documents) -> Vec<Work<'_>> {
    let large: Vec<u8> = documents
        .flat()
        .iter()
        .copied()
        .cycle()
        .take(LARGE)
        .collect();
    let from = large.clone();
    // Written once already: the first write to a page is the system's work.
    let mut copy = large.clone();
    let n_bytes = documents.n_bytes();
    let read = move || {
        let mut total = 0;
        sum(&large, &mut total);
        black_box(total);
    };
    let written = move || {
        copy.copy_from_slice(black_box(&from));
        black_box(&copy);
    };
    let hashed = move || {
        for text in documents.iter() {
            black_box(xxhash_rust::xxh3::xxh3_128(text));
        }
    };
    let checked = move || {
        for text in documents.iter() {
            black_box(simdutf8::basic::from_utf8(text).is_ok());
        }
    };
    vec![
        limit("memory_read", LARGE, read),
        limit("memory_copy", LARGE, written),
        limit("xxh3", n_bytes, hashed),
        limit("utf8", n_bytes, checked),
    ]
}
