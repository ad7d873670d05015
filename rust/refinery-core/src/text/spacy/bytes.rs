//! What a single byte says of its character, so that most questions are one look into a small table.

use std::ops::Range;

use super::classes::{Classes, UNIT_END};
use super::tables::{CLASS_RUNS, ICON, LONG_PREFIXES};
use crate::text::words::bytes_from;

/// ASCII digit.
pub(super) const DIGIT: u32 = 1 << 16;
/// Part of a character beyond ASCII, whose classes have to be looked up.
pub(super) const WIDE: u32 = 1 << 17;
/// May begin a prefix that is no class of characters.
pub(super) const MAY_PREFIX: u32 = 1 << 18;
/// May end a suffix that is neither a class of characters nor a unit.
pub(super) const MAY_SUFFIX: u32 = 1 << 19;
/// May begin an inner separator.
pub(super) const SEPARATOR: u32 = 1 << 31;
/// ASCII: class bits of a unit's last character.
pub(super) const UNIT: u32 = UNIT_END as u32;

/// Number of bytes that are looked up at once.
pub(super) const STEP: usize = 16;

/// A set of the bits above and, of ASCII characters, all class bits.
pub(super) type Kinds = [u32; 256];

/// What every byte says.
pub(super) fn kinds(classes: &Classes) -> Kinds {
    let mut kinds = std::array::from_fn(|byte| kind(byte as u8, classes));
    for lead in [first_byte('—'), first_byte('–')]
        .into_iter()
        .chain(icon_leads())
    {
        kinds[usize::from(lead)] |= SEPARATOR;
    }
    kinds
}

/// The first bytes of all characters that are separators by their class.
fn icon_leads() -> impl Iterator<Item = u8> {
    let icons = CLASS_RUNS.windows(2).filter(|runs| runs[0].1 & ICON != 0);
    let ends = icons.map(|runs| [runs[0].0, runs[1].0 - 1].map(char::from_u32));
    ends.flat_map(|[first, last]| first.map_or(0, first_byte)..=last.map_or(u8::MAX, first_byte))
}

fn first_byte(c: char) -> u8 {
    c.encode_utf8(&mut [0; 4]).as_bytes()[0]
}

fn kind(byte: u8, classes: &Classes) -> u32 {
    if !byte.is_ascii() {
        return WIDE;
    }
    let begins_long = LONG_PREFIXES.iter().any(|p| p.as_bytes()[0] == byte);
    let extra = [
        (DIGIT, byte.is_ascii_digit()),
        (MAY_PREFIX, matches!(byte, b'+' | b'.') || begins_long),
        (MAY_SUFFIX, matches!(byte, b'.' | b'+' | b's' | b'S')),
        (
            SEPARATOR,
            is_ascii_separator(byte) || classes.has(byte.into(), ICON),
        ),
    ];
    let bits = extra.iter().filter(|(_, is_it)| *is_it).map(|(bit, _)| bit);
    bits.fold(classes.of(byte.into()).into(), |kind, bit| kind | bit)
}

fn is_ascii_separator(byte: u8) -> bool {
    b".,:<>=/+*^-~".contains(&byte)
}

/// The first bytes of a part of a text: 16 of them, NUL beyond its end. Looking up as many whether
/// they are there or not leaves the processor nothing to guess.
#[inline]
fn next_bytes(text: &[u8], part: Range<usize>) -> [u8; STEP] {
    let unused = 8 * (STEP - part.len().clamp(1, STEP));
    (bytes_from(text, part.start) << unused >> unused).to_le_bytes()
}

/// All that the bytes of a part of a text say.
#[inline]
pub(super) fn kinds_between(text: &[u8], part: Range<usize>, kinds: &Kinds) -> u32 {
    let (mut at, mut seen) = (part.start, 0);
    while at < part.end {
        for byte in next_bytes(text, at..part.end) {
            seen |= kinds[usize::from(byte)];
        }
        at += STEP;
    }
    seen
}

/// A bit for each of the next bytes of a part of a text, set where a separator may begin.
#[inline]
pub(super) fn separators(text: &[u8], part: Range<usize>, kinds: &Kinds) -> u32 {
    let bytes = next_bytes(text, part).into_iter().rev();
    bytes.fold(0, |bits, byte| {
        bits << 1 | kinds[usize::from(byte)] >> SEPARATOR.ilog2()
    })
}
