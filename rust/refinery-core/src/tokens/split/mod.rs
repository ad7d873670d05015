//! The pre-tokenizers of the embedded tokenizers, written out by hand.
//!
//! They cut a text exactly where the published patterns do ([`cl100k`], [`o200k`]). This is no
//! regular-expression engine: the patterns need one character of look-ahead and one backward step,
//! so a match over one table suffices. The splitters of the `bpe-openai` crate, automata with the
//! same result, are the twins that the tests compare with; they took most of the time of a count.
//!
//! Runs of ASCII letters are measured eight bytes at a time: the end of a word is where a loop over
//! single bytes is mispredicted.
//!
//! Each byte is looked at a bounded number of times, whatever the text: a run of white space is
//! cut into at most three pieces, a run of letters into at most two, and rescanned once for each.

mod cl100k;
mod o200k;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::text::chars::CharTable;

/// `\p{L}`.
const LETTER: u8 = 1;
/// `\p{N}`.
const NUMBER: u8 = 1 << 1;
/// `\s`, line breaks included.
const SPACE: u8 = 1 << 2;
/// `[\r\n]`.
const NEWLINE: u8 = 1 << 3;
/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: what the first part of a word of `o200k_base` holds.
const HEAD: u8 = 1 << 4;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: what its second part holds.
const TAIL: u8 = 1 << 5;
/// First byte of a character beyond ASCII: its class is in [`TABLE`].
const WIDE: u8 = 1 << 7;

static ASCII: [u8; 256] = ascii_table();

const fn ascii_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LETTER | TAIL,
            b'A'..=b'Z' => LETTER | HEAD,
            b'0'..=b'9' => NUMBER,
            b'\r' | b'\n' => SPACE | NEWLINE,
            b' ' | b'\t' | 0x0b | 0x0c => SPACE,
            0x80.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    table
}

/// The tables of the regular-expression crates, so that a letter is what the pattern calls one.
static TABLE: LazyLock<CharTable> = LazyLock::new(|| {
    CharTable::new(
        &[
            (LETTER, r"\p{L}"),
            (NUMBER, r"\p{N}"),
            (SPACE, r"\s"),
            (HEAD, r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"),
            (TAIL, r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"),
        ],
        &[],
    )
});

/// Whose pieces.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pattern {
    Cl100k,
    O200k,
}

/// A text whose characters are looked up.
struct Text<'a> {
    chars: &'a str,
    bytes: &'a [u8],
    wide: &'static CharTable,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            chars: text,
            bytes: text.as_bytes(),
            wide: &TABLE,
        }
    }

    /// Class and length in bytes of the character at `at`; length 0 at the end of the text.
    #[inline]
    fn class_at(&self, at: usize) -> (u8, usize) {
        match self.bytes.get(at) {
            None => (0, 0),
            Some(&byte) if byte < 0x80 => (ASCII[usize::from(byte)], 1),
            Some(_) => self.wide_class_at(at),
        }
    }

    #[cold]
    fn wide_class_at(&self, at: usize) -> (u8, usize) {
        // `at` is a character boundary: every step so far was over whole characters.
        self.chars[at..]
            .chars()
            .next()
            .map_or((0, 0), |c| (self.wide.get(c), c.len_utf8()))
    }

    /// The eight bytes from `at`, where the text has as many.
    #[inline]
    fn window(&self, at: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    }

    /// End of the run of characters from `at` that are members. ASCII ones are told from others
    /// by `members`: it gives the top bit of each of eight bytes.
    #[inline]
    fn run(&self, mut at: usize, class: u8, members: impl Fn(u64) -> u64) -> usize {
        loop {
            while let Some(window) = self.window(at) {
                let n = leading(members(window));
                at += n;
                if n < 8 {
                    break;
                }
            }
            let (found, len) = self.class_at(at);
            if found & class == 0 {
                return at;
            }
            at += len;
        }
    }

    /// `\p{L}*` from `at`.
    #[inline]
    fn letters(&self, at: usize) -> usize {
        self.run(at, LETTER, |window| {
            between(window | splat(0x20), b'a', b'z')
        })
    }

    /// `[^\s\p{L}\p{N}]*` from `at`.
    fn others(&self, mut at: usize) -> usize {
        loop {
            let (class, len) = self.class_at(at);
            if len == 0 || class & (LETTER | NUMBER | SPACE) != 0 {
                return at;
            }
            at += len;
        }
    }

    /// End of the run from `at` of bytes that are one of `bytes`.
    fn any_of(&self, at: usize, bytes: &[u8]) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|b| bytes.contains(b)).count()
    }

    /// `\p{N}{0,2}` from `at`, after the first.
    fn numbers(&self, mut at: usize) -> usize {
        for _ in 0..2 {
            let (class, len) = self.class_at(at);
            if class & NUMBER == 0 {
                break;
            }
            at += len;
        }
        at
    }

    /// Length of `'s`, `'t`, `'re`, ... at `at`; 0 if none stands there.
    #[inline]
    fn contraction(&self, at: usize) -> usize {
        if self.bytes.get(at) != Some(&b'\'') {
            return 0;
        }
        let lower = |i: usize| self.bytes.get(at + i).map_or(0, u8::to_ascii_lowercase);
        match (lower(1), lower(2)) {
            (b's' | b't' | b'm' | b'd', _) => 2,
            // The last is U+017F, the long s: an s where case does not matter.
            (b'r' | b'v', b'e') | (b'l', b'l') | (0xc5, 0xbf) => 3,
            _ => 0,
        }
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+` at `at`, where white space stands.
    fn white_space(&self, at: usize) -> usize {
        let (mut end, mut last, mut after_newline) = (at, at, at);
        loop {
            let (class, len) = self.class_at(end);
            if class & SPACE == 0 {
                break;
            }
            last = end;
            end += len;
            if class & NEWLINE != 0 {
                after_newline = end;
            }
        }
        if after_newline > at {
            after_newline
        } else if end == self.bytes.len() || last == at {
            end
        } else {
            // The last one goes with what follows.
            last
        }
    }

    /// ` ?[^\s\p{L}\p{N}]+`, then any of `after`, at `at`, where neither letter nor number
    /// stands; else white space.
    fn others_or_white_space(&self, at: usize, after: &[u8]) -> usize {
        let (class, len) = self.class_at(at);
        let next = at + len;
        if class & SPACE == 0 {
            return self.any_of(self.others(next), after);
        }
        let end = if self.bytes[at] == b' ' {
            self.others(next)
        } else {
            next
        };
        if end > next {
            self.any_of(end, after)
        } else {
            self.white_space(at)
        }
    }
}

/// `byte` eight times.
const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

const TOP: u64 = splat(0x80);

/// The top bit of each byte of `window` that lies between `low` and `high`, ASCII both.
#[inline]
const fn between(window: u64, low: u8, high: u8) -> u64 {
    // No sum carries into the next byte: both terms are below 0x80.
    let seven = window & !TOP;
    let from_low = seven + splat(0x80 - low);
    let above_high = seven + splat(0x7f - high);
    from_low & !above_high & !window & TOP
}

/// How many bytes from the first on have their top bit set.
#[inline]
const fn leading(tops: u64) -> usize {
    (!tops & TOP).trailing_zeros() as usize / 8
}

/// Pieces of a text, in order, without gaps: `(start, end)` in bytes.
pub(super) struct Pieces<'a> {
    text: Text<'a>,
    pattern: Pattern,
    at: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(text: &'a str, pattern: Pattern) -> Self {
        Self {
            text: Text::new(text),
            pattern,
            at: 0,
        }
    }
}

impl Iterator for Pieces<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        if start >= self.text.bytes.len() {
            return None;
        }
        self.at = match self.pattern {
            Pattern::Cl100k => cl100k::end(&self.text, start),
            Pattern::O200k => o200k::end(&self.text, start),
        };
        Some((start, self.at))
    }
}
