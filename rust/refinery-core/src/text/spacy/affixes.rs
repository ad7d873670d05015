//! How one chunk (a run of characters without white space) falls into tokens: prefixes and
//! suffixes from outside in, then special case, URL, or inner separators. Not the second pass over
//! the tokens of a document; that is `phrases`.
//!
//! `twin` has the same rules one by one. Here a byte's kinds answer most questions: whether a chunk
//! can have a unit or a separator at all, whether a rule has to look at an end of it.

use std::ops::Range;

use super::bytes::{DIGIT, MAY_PREFIX, MAY_SUFFIX, SEPARATOR, UNIT, WIDE, kinds_between};
use super::infixes::Infixes;
use super::rules::Rules;
use super::tables::{DOT_AFTER, LONG_PREFIXES, PREFIX, SUFFIX, UPPER};
use super::url::is_url;

/// A token as byte offsets in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Piece {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// The token's bytes.
    pub(super) fn bytes(self, text: &str) -> &[u8] {
        &text.as_bytes()[self.start as usize..self.end as usize]
    }
}

/// Reusable buffers that take a chunk apart.
#[derive(Default)]
pub(super) struct Chopper {
    /// Tokens of the last chunk, in order.
    pub(super) pieces: Vec<Piece>,
    suffixes: Vec<Piece>,
    /// All that the bytes of the last chunk are.
    seen: u32,
}

/// What is left of a chunk without its affixes.
struct Middle {
    start: usize,
    end: usize,
    is_special: bool,
}

impl Chopper {
    /// Fills `pieces` with the tokens of `text[chunk]`, which holds no white space. `special` is
    /// false only to find what the special cases themselves would be without special cases.
    pub(super) fn chop(&mut self, text: &str, chunk: Range<usize>, rules: &Rules, special: bool) {
        self.pieces.clear();
        self.suffixes.clear();
        self.seen = kinds_between(text.as_bytes(), chunk.clone(), &rules.kinds);
        let middle = self.cut_affixes(text, chunk, rules, special);
        self.add_middle(text, &middle, rules);
        self.pieces.extend(self.suffixes.iter().rev());
    }

    /// Cuts prefixes and suffixes until none is left or a special case remains. Each round looks at
    /// both ends, the suffix without the prefix of the same round.
    fn cut_affixes(
        &mut self,
        text: &str,
        chunk: Range<usize>,
        rules: &Rules,
        special: bool,
    ) -> Middle {
        let Range { mut start, mut end } = chunk;
        let bytes = text.as_bytes();
        let is_special =
            |start: usize, end: usize| special && rules.special(&bytes[start..end]).is_some();
        let middle = |start, end, is_special| Middle {
            start,
            end,
            is_special,
        };
        loop {
            if start < end && is_special(start, end) {
                return middle(start, end, true);
            }
            let prefix = prefix_len(text, start..end, rules);
            if prefix > 0 && is_special(start + prefix, end) {
                self.pieces.push(Piece::new(start, start + prefix));
                return middle(start + prefix, end, true);
            }
            let suffix = suffix_len(text, start + prefix..end, self.seen, rules);
            if suffix > 0 && is_special(start, end - suffix) {
                self.suffixes.push(Piece::new(end - suffix, end));
                return middle(start, end - suffix, true);
            }
            if prefix + suffix == 0 {
                return middle(start, end, false);
            }
            if prefix > 0 {
                self.pieces.push(Piece::new(start, start + prefix));
                start += prefix;
            }
            if suffix > 0 {
                self.suffixes.push(Piece::new(end - suffix, end));
                end -= suffix;
            }
        }
    }

    /// Adds the tokens of what is left between the affixes.
    fn add_middle(&mut self, text: &str, middle: &Middle, rules: &Rules) {
        let Middle { start, end, .. } = *middle;
        if middle.is_special {
            let case = rules.special(&text.as_bytes()[start..end]);
            let mut at = start;
            for &len in case.iter().flat_map(|case| &case.lens) {
                self.pieces.push(Piece::new(at, at + len as usize));
                at += len as usize;
            }
        } else if start < end {
            let done = self.cut_infixes(text, start..end, rules);
            if done < end {
                self.pieces.push(Piece::new(done, end));
            }
        }
    }

    /// Cuts at the inner separators, unless it is a URL, and returns where the last one ends. A
    /// separator at the very front is not a cut.
    fn cut_infixes(&mut self, text: &str, middle: Range<usize>, rules: &Rules) -> usize {
        let mut done = middle.start;
        if self.seen & SEPARATOR == 0 {
            return done;
        }
        let infixes = Infixes::new(text, middle.clone(), rules);
        for (at, len) in infixes.skip_while(|&(at, _)| at == middle.start) {
            if done == middle.start && is_url(&text[middle.clone()], &rules.classes) {
                return done;
            }
            if at > done {
                self.pieces.push(Piece::new(done, at));
            }
            self.pieces.push(Piece::new(at, at + len));
            done = at + len;
        }
        done
    }
}

/// Whether any affix rule matches in `text`, which is what lets a special case into the second
/// pass.
pub(super) fn has_affix(text: &str, rules: &Rules) -> bool {
    prefix_len(text, 0..text.len(), rules) > 0
        || suffix_len(text, 0..text.len(), DIGIT, rules) > 0
        || Infixes::new(text, 0..text.len(), rules).next().is_some()
}

/// Length in bytes of the run of full stops that `bytes` yields.
pub(super) fn stops<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    bytes.take_while(|&&b| b == b'.').count()
}

/// Bytes of the prefix of a part of a chunk, 0 if it has none.
#[inline]
fn prefix_len(text: &str, part: Range<usize>, rules: &Rules) -> usize {
    let Some(&first) = text.as_bytes()[part.clone()].first() else {
        return 0;
    };
    let kind = rules.kind(first);
    if kind & (u32::from(PREFIX) | MAY_PREFIX | WIDE) == 0 {
        return 0;
    }
    if kind & u32::from(PREFIX) != 0 {
        return 1;
    }
    long_prefix_len(&text[part], rules)
}

/// [`prefix_len`] where it takes more than a byte to tell.
fn long_prefix_len(text: &str, rules: &Rules) -> usize {
    let bytes = text.as_bytes();
    match bytes[0] {
        b'+' => usize::from(!bytes.get(1).is_some_and(u8::is_ascii_digit)),
        b'.' if bytes.get(1) == Some(&b'.') => stops(bytes.iter()),
        first if first.is_ascii() => {
            let found = LONG_PREFIXES.iter().find(|&&p| text.starts_with(p));
            found.map_or(0, |p| p.len())
        }
        _ => {
            let wide = text.chars().next();
            wide.filter(|&c| rules.classes.has(c, PREFIX))
                .map_or(0, char::len_utf8)
        }
    }
}

/// Bytes of the suffix of a part of a chunk whose bytes are `seen`; 0 if it has none. The pattern is
/// searched from the left, so of several suffixes the longest wins.
#[inline]
fn suffix_len(text: &str, part: Range<usize>, seen: u32, rules: &Rules) -> usize {
    let Some(&last) = text.as_bytes()[part.clone()].last() else {
        return 0;
    };
    // Without a digit there is no unit.
    let may_have_unit = u32::from(seen & DIGIT != 0) * UNIT;
    let kind = rules.kind(last);
    if kind & (u32::from(SUFFIX) | MAY_SUFFIX | WIDE | may_have_unit) == 0 {
        return 0;
    }
    if kind & u32::from(SUFFIX) != 0 {
        return 1;
    }
    long_suffix_len(&text[part], seen, rules)
}

/// [`suffix_len`] where it takes more than a byte to tell.
fn long_suffix_len(text: &str, seen: u32, rules: &Rules) -> usize {
    match *text.as_bytes() {
        [.., b'.', b'.'] => stops(text.as_bytes().iter().rev()),
        [.., b'.'] => usize::from(is_final_stop(&text[..text.len() - 1], rules)),
        [.., b'0'..=b'9', b'+'] => 1,
        [.., b'\'', b's' | b'S'] => 2,
        [.., 0xe2, 0x80, 0x99, b's' | b'S'] => 4,
        [.., last] if last.is_ascii() => unit_len(text, seen, rules),
        _ => wide_suffix_len(text, seen, rules),
    }
}

/// [`suffix_len`] of a text that ends in a character beyond ASCII.
fn wide_suffix_len(text: &str, seen: u32, rules: &Rules) -> usize {
    let mut back = text.chars().rev();
    let Some(last) = back.next() else { return 0 };
    if rules.classes.has(last, SUFFIX) {
        // `……` is one suffix.
        let doubled = last == '…' && back.next() == Some('…');
        return last.len_utf8() << usize::from(doubled);
    }
    unit_len(text, seen, rules)
}

/// Whether a full stop after `stem` is a suffix: not after a single capital, as in initials.
pub(super) fn is_final_stop(stem: &str, rules: &Rules) -> bool {
    let mut back = stem.chars().rev();
    let Some(last) = back.next() else {
        return false;
    };
    if rules.classes.has(last, DOT_AFTER) {
        return true;
    }
    back.next().is_some_and(|before| {
        let is_degree = before == '°' && matches!(last, 'F' | 'C' | 'K');
        is_degree || rules.classes.has(before, UPPER) && rules.classes.has(last, UPPER)
    })
}

/// Bytes of a unit or currency sign that follows an ASCII digit at the end of `text`. None holds
/// such a digit, so only what follows the last one can be it.
fn unit_len(text: &str, seen: u32, rules: &Rules) -> usize {
    if seen & DIGIT == 0 {
        return 0;
    }
    let bytes = text.as_bytes();
    let window = bytes.len().min(rules.longest_unit + 1);
    let after = bytes.iter().rev().take(window).position(u8::is_ascii_digit);
    after
        .filter(|&n| n > 0 && rules.is_unit(&bytes[bytes.len() - n..]))
        .unwrap_or(0)
}
