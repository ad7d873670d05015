//! One multiplication for up to 16 bytes.

const K: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f];
/// The bit that tells an ASCII letter's cases apart.
const LOWER: u64 = 0x2020_2020_2020_2020;

/// Hash of two numbers.
#[inline(always)]
pub fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ K[0]) * u128::from(b ^ K[1]);
    product as u64 ^ (product >> 64) as u64
}

/// Hash of `flat[start..end]`; ASCII letters count without their case where `IGNORE_CASE`.
///
/// Reads up to 16 bytes beyond the end, which `flat` must have.
#[inline(always)]
pub fn bytes<const IGNORE_CASE: bool>(flat: &[u8], start: usize, end: usize) -> u64 {
    let mut hash = (end - start) as u64;
    let mut at = start;
    loop {
        let left = end - at;
        let block: &[u8; 16] = flat[at..].first_chunk().unwrap();
        let value = u128::from_le_bytes(*block);
        let kept = value & (u128::MAX >> (8 * 16_usize.saturating_sub(left).min(15)));
        let (low, high) = (kept as u64, (kept >> 64) as u64);
        let case = if IGNORE_CASE { LOWER } else { 0 };
        hash = mix(low | case, high ^ hash);
        if left <= 16 {
            return hash;
        }
        at += 16;
    }
}
