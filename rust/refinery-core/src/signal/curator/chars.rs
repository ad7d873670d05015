//! Characters of four kinds, counted in one visit of the bytes.

use memchr::memmem;

/// Counts of characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chars {
    /// ASCII letters and digits, newlines and `? ! , .`.
    pub plain: usize,
    pub digits: usize,
    /// Space, tab, newline, carriage return and backspace.
    pub white_space: usize,
    /// `( ) [ ] { } ⟨ ⟩`.
    pub brackets: usize,
}

/// Bits of a lane of [`LANES`], one lane a kind.
const LANE_BITS: u32 = 16;
/// So many bytes cannot fill a lane.
const MOST_AT_ONCE: usize = u16::MAX as usize;

/// One in each lane of whose kind the byte is; bytes of wide characters are of none.
static LANES: [u64; 256] = {
    let mut lanes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        let is_plain = b.is_ascii_alphanumeric() || matches!(b, b'\n' | b'?' | b'!' | b',' | b'.');
        let is_white_space = matches!(b, b'\t' | b'\n' | b'\r' | 0x08 | b' ');
        let is_bracket = matches!(b, b'(' | b')' | b'[' | b']' | b'{' | b'}');
        lanes[byte] = is_plain as u64
            | (b.is_ascii_digit() as u64) << LANE_BITS
            | (is_white_space as u64) << (2 * LANE_BITS)
            | (is_bracket as u64) << (3 * LANE_BITS);
        byte += 1;
    }
    lanes
};

pub(super) fn count(text: &str) -> Chars {
    let mut chars = Chars::default();
    for part in text.as_bytes().chunks(MOST_AT_ONCE) {
        let sum: u64 = part.iter().map(|&b| LANES[usize::from(b)]).sum();
        let lane = |i: u32| (sum >> (i * LANE_BITS) & 0xffff) as usize;
        chars.plain += lane(0);
        chars.digits += lane(1);
        chars.white_space += lane(2);
        chars.brackets += lane(3);
    }
    // Both angle brackets begin with the same two bytes; their neighbours are counted out.
    chars.brackets += memmem::find_iter(text.as_bytes(), b"\xe2\x9f")
        .filter(|&at| matches!(text.as_bytes()[at + 2], 0xa8 | 0xa9))
        .count();
    chars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_do_not_run_over() {
        let text = "1\n)".repeat(70_000);
        let expected = Chars {
            plain: 140_000,
            digits: 70_000,
            white_space: 70_000,
            brackets: 70_000,
        };
        assert_eq!(count(&text), expected);
    }
}
