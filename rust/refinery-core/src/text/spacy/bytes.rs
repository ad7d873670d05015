//! Where chunks begin and end: white space and runs of letters, eight bytes at a time.

use super::rules::Rules;
use super::tables::SPACE;

/// What [`skip_space`] says where one space is before what surely is none, as between most words.
#[inline]
pub(super) fn skip_one_space(text: &[u8], at: usize) -> Option<usize> {
    let pair: &[u8; 2] = text.get(at..)?.first_chunk()?;
    let is_one = pair[0] == b' ' && matches!(BYTES[pair[1] as usize], Byte::Inner);
    is_one.then_some(at + 1)
}

/// The first byte at or after `at` that begins no white space.
#[inline]
pub(super) fn skip_space(text: &str, mut at: usize, rules: &Rules) -> usize {
    while let Some(&byte) = text.as_bytes().get(at) {
        match space_len(text, at, byte, rules) {
            0 => break,
            len => at += len,
        }
    }
    at
}

/// The first byte at or after `at` that begins white space, or the length of the text.
#[inline]
pub(super) fn find_space(text: &str, mut at: usize, rules: &Rules) -> usize {
    let bytes = text.as_bytes();
    while let Some(&byte) = bytes.get(at) {
        if let Some(chunk) = bytes[at..].first_chunk()
            && is_printable(u64::from_le_bytes(*chunk))
        {
            at += 8;
            continue;
        }
        if space_len(text, at, byte, rules) > 0 {
            break;
        }
        at += 1;
    }
    at
}

/// Whether eight bytes are ASCII above the space.
#[inline]
fn is_printable(bytes: u64) -> bool {
    (bytes | bytes.wrapping_sub(0x21 * EACH)) & (0x80 * EACH) == 0
}

/// Number of ASCII letters that eight bytes begin with.
#[inline]
pub(super) fn n_letters(bytes: u64) -> usize {
    // A letter without its bit of case is `a` to `z`: adding carries into the top bit from `a` on,
    // or from beyond `z` on. Without its own top bit no byte carries into the next one.
    let lower = (bytes & (0x7f * EACH)) | (0x20 * EACH);
    let from_a = lower + (0x80 - 0x61) * EACH;
    let beyond_z = lower + (0x80 - 0x7b) * EACH;
    let is_letter = from_a & !beyond_z & !bytes & (0x80 * EACH);
    (is_letter ^ (0x80 * EACH)).trailing_zeros() as usize / 8
}

/// A number in each of eight bytes, when multiplied with it.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Whether a chunk surely ends before `at`: at the end of the text or at ASCII white space.
#[inline]
pub(super) fn is_end(text: &[u8], at: usize) -> bool {
    text.get(at)
        .is_none_or(|&byte| matches!(BYTES[byte as usize], Byte::Space))
}

/// Bytes of the white-space character that begins with `byte` at `at`, 0 if none does. `at` may
/// lie inside a character: no white space begins there.
#[inline]
fn space_len(text: &str, at: usize, byte: u8, rules: &Rules) -> usize {
    match BYTES[byte as usize] {
        Byte::Inner => 0,
        Byte::Space => 1,
        Byte::Lead => wide_space_len(&text[at..], rules),
    }
}

fn wide_space_len(text: &str, rules: &Rules) -> usize {
    let space = text.chars().next().filter(|&c| rules.classes.has(c, SPACE));
    space.map_or(0, char::len_utf8)
}

/// What a byte says about white space.
#[derive(Clone, Copy)]
enum Byte {
    Inner,
    Space,
    /// The lead bytes of all white space beyond ASCII.
    Lead,
}

static BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Inner; 256];
    let mut b = 0;
    while b < 256 {
        match b as u8 {
            b'\t'..=b'\r' | b'\x1c'..=b' ' => bytes[b] = Byte::Space,
            0xC2 | 0xE1 | 0xE2 | 0xE3 => bytes[b] = Byte::Lead,
            _ => {}
        }
        b += 1;
    }
    bytes
};

#[cfg(test)]
mod tests {
    use super::super::rules::RULES;
    use super::{find_space, is_printable, n_letters};

    #[test]
    fn eight_bytes_answer_as_one_by_one() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                let mut bytes = *b"aZzAbYyB";
                bytes[at] = byte;
                let number = u64::from_le_bytes(bytes);
                let letters = bytes.iter().take_while(|b| b.is_ascii_alphabetic());
                assert_eq!(n_letters(number), letters.count(), "{byte} at {at}");
                let printable = bytes.iter().all(|b| (0x21..0x80).contains(b));
                assert_eq!(is_printable(number), printable, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn chunks_end_at_any_white_space() {
        for space in [
            " ", "\t", "\x1c", "\u{85}", "\u{a0}", "\u{2003}", "\u{3000}",
        ] {
            for len in 0..20 {
                let text = format!("{}é{space}x", "y".repeat(len));
                assert_eq!(find_space(&text, 0, &RULES), len + 2, "{text:?}");
            }
        }
        assert_eq!(find_space("control\x01\x7f….", 0, &RULES), 13);
    }
}
