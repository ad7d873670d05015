//! Short pieces of text as numbers, which are compared and hashed in a few steps. Tokens and the
//! words of classifiers are looked up by them.

/// A piece of 1 to [`Key::MAX_BYTES`] bytes: its bytes, padded by zeros, and its length in the last
/// byte, so that a NUL is no padding.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Key(u128);

/// By number of bytes, a block of which so many are ones and the others zeros.
pub(crate) const FIRST_BYTES: [u128; size_of::<u128>()] = {
    let mut ones = [0; size_of::<u128>()];
    let mut n = 0;
    while n < ones.len() {
        ones[n] = (1 << (8 * n)) - 1;
        n += 1;
    }
    ones
};

impl Key {
    /// Longest piece that has a key.
    pub(crate) const MAX_BYTES: usize = 15;

    /// The key of the `len` bytes from `start`; `len` is at most [`Key::MAX_BYTES`].
    #[inline]
    pub(crate) fn new(text: &[u8], start: usize, len: usize) -> Self {
        let rest = &text[start..];
        let bytes = if let Some(bytes) = rest.first_chunk() {
            // Reading past the piece and masking is faster than copying a variable length.
            u128::from_le_bytes(*bytes) & FIRST_BYTES[len]
        } else {
            let mut bytes = [0; size_of::<u128>()];
            bytes[..len].copy_from_slice(&rest[..len]);
            u128::from_le_bytes(bytes)
        };
        Self(bytes | (len as u128) << (8 * Self::MAX_BYTES))
    }

    /// The key of a piece of any length: the default, which no piece has, where it is too long.
    #[inline]
    pub(crate) fn of_short(text: &[u8], start: usize, len: usize) -> Self {
        if len <= Self::MAX_BYTES {
            Self::new(text, start, len)
        } else {
            Self::default()
        }
    }

    /// The bytes of the piece, zeros after it, and its length, four at a time.
    #[inline]
    pub(crate) fn quarters(self) -> [u32; 4] {
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        [
            low as u32,
            (low >> 32) as u32,
            high as u32,
            (high >> 32) as u32,
        ]
    }

    /// A folded multiplication: enough mixing for a place in a table, in a few cycles. The top bits
    /// are the best mixed ones.
    #[inline]
    pub(crate) fn hash(self) -> u64 {
        let low = self.0 as u64 ^ 0x9e37_79b9_7f4a_7c15;
        let high = (self.0 >> 64) as u64 ^ 0xd1b5_4a32_d192_ed03;
        let product = u128::from(low) * u128::from(high);
        (product >> 64) as u64 ^ product as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_depend_on_what_follows_the_piece() {
        let text = b"word and fourteen more bytes";
        assert_eq!(Key::new(text, 0, 4), Key::new(b"word", 0, 4));
        assert_eq!(Key::new(text, 5, 15), Key::new(b"and fourteen mo", 0, 15));
        assert_eq!(Key::new(text, 24, 4), Key::new(b"ytes", 0, 4));
    }

    #[test]
    fn nul_bytes_are_not_padding() {
        let keys = [
            Key::new(b"a", 0, 1),
            Key::new(b"a\0", 0, 2),
            Key::new(b"\0a", 0, 2),
            Key::new(b"\0", 0, 1),
        ];
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{i}");
        }
    }
}
