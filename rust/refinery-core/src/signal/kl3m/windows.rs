//! Counting places in a text by what stands around them.

/// Windows compared at once. Their number fits a byte, so vectors of bytes hold the counts.
const BLOCK: usize = 128;

/// How many windows of `N` bytes `is_it` says yes to: it must not branch.
#[inline]
pub(super) fn count_windows<const N: usize>(bytes: &[u8], is_it: impl Fn(&[u8]) -> bool) -> usize {
    let count = |block: &[u8]| -> u8 { block.windows(N).map(|w| u8::from(is_it(w))).sum() };
    (0..bytes.len())
        .step_by(BLOCK)
        .map(|start| &bytes[start..bytes.len().min(start + BLOCK + N - 1)])
        .map(|block| usize::from(count(block)))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::count_windows;

    #[test]
    fn windows_are_counted_wherever_blocks_end() {
        for len in 0..400 {
            let bytes = vec![b'.'; len];
            let all = |window: &[u8]| window.iter().all(|&byte| byte == b'.');
            assert_eq!(count_windows::<1>(&bytes, all), len);
            assert_eq!(count_windows::<3>(&bytes, all), len.saturating_sub(2));
            for at in 0..len {
                let mut bytes = bytes.clone();
                bytes[at] = b',';
                let has_it = |window: &[u8]| window[1] == b',';
                let expected = usize::from(at >= 1 && at + 1 < len);
                assert_eq!(
                    count_windows::<3>(&bytes, has_it),
                    expected,
                    "{at} of {len}"
                );
            }
        }
    }
}
