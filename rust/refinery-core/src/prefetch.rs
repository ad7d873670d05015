//! Asking the memory for what will be read soon.
//!
//! Input matrices of classifiers are hundreds of megabytes, vocabularies some, and both are read in
//! random order: without the hint most of the time is spent waiting for one row after the other. It
//! changes no result, and nothing happens where the processor has no such instruction.

/// Asks for `values[index]`; an index out of bounds asks for nothing.
#[inline]
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "there is no safe way to say prefetch; the instruction reads nothing"
)]
pub(crate) fn read<T>(values: &[T], index: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    if let Some(value) = values.get(index) {
        // SAFETY: SSE is part of x86-64, and prefetching is allowed at any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast()) }
    }
}

/// Asks for nothing.
#[inline]
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn read<T>(_values: &[T], _index: usize) {}
