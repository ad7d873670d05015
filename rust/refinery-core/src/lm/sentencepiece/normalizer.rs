//! `SentencePiece`'s own normalisation: the rules of a model, and spaces as a visible mark.
//!
//! A model holds its rules compiled: a double array (of the Darts-clone library) from sequences
//! of characters to places in a list of replacements. The longest rule that matches wins; what no
//! rule matches stays.

/// What stands for a space within pieces: U+2581.
pub(super) const SPACE: &[u8] = "\u{2581}".as_bytes();

/// The rules and switches of one model.
pub(super) struct Normalizer {
    units: Vec<u32>,
    /// Replacements, each ended by a zero byte.
    replacements: Vec<u8>,
    /// Characters of ASCII that no rule changes unless something beyond ASCII follows.
    is_plain: [bool; 128],
    pub(super) switches: Switches,
}

/// Fields of `NormalizerSpec`.
#[derive(Clone, Copy)]
pub(super) struct Switches {
    pub(super) add_dummy_prefix: bool,
    pub(super) remove_extra_whitespaces: bool,
    pub(super) escape_whitespaces: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            add_dummy_prefix: true,
            remove_extra_whitespaces: true,
            escape_whitespaces: true,
        }
    }
}

impl Normalizer {
    /// From the field `precompiled_charsmap`: the size of the array, the array, the replacements.
    /// An empty map has no rules.
    pub(super) fn new(map: &[u8], switches: Switches) -> Result<Self, &'static str> {
        let mut normalizer = Self {
            units: Vec::new(),
            replacements: Vec::new(),
            is_plain: [true; 128],
            switches,
        };
        if !map.is_empty() {
            let (size, rest) = map.split_first_chunk().ok_or("the rules are cut short")?;
            let size = u32::from_le_bytes(*size) as usize;
            if size > rest.len() || !size.is_multiple_of(4) {
                return Err("the rules are cut short");
            }
            let (array, replacements) = rest.split_at(size);
            let units = array.as_chunks().0.iter();
            normalizer.units = units.map(|unit| u32::from_le_bytes(*unit)).collect();
            normalizer.replacements = replacements.to_vec();
        }
        for byte in 0..128 {
            normalizer.is_plain[usize::from(byte)] = normalizer.changes_nothing(byte);
        }
        Ok(normalizer)
    }

    fn changes_nothing(&self, byte: u8) -> bool {
        byte != b' '
            && self.rule(&[byte]).is_none()
            && (0..128).all(|next| !self.may_begin(&[byte, next]))
    }

    /// Whether some rule may begin with these bytes.
    fn may_begin(&self, bytes: &[u8]) -> bool {
        let mut steps = 0;
        self.walk(bytes, |_, _| steps += 1);
        steps == bytes.len()
    }

    /// Walks down the array and calls `step` with each unit and where its children lie.
    #[inline]
    fn walk(&self, text: &[u8], mut step: impl FnMut(u32, usize)) {
        let Some(root) = self.units.first() else {
            return;
        };
        let mut at = offset(*root);
        for &byte in text {
            at ^= usize::from(byte);
            match self.units.get(at) {
                // The sign bit marks a value, which is never a label.
                Some(unit) if unit & (1 << 31 | 0xff) == u32::from(byte) => {
                    at ^= offset(*unit);
                    step(*unit, at);
                }
                _ => return,
            }
        }
    }

    /// The longest rule that `text` begins with: its length, and what it puts there.
    #[inline]
    fn rule(&self, text: &[u8]) -> Option<(usize, &[u8])> {
        let mut longest = None;
        let mut len = 0;
        self.walk(text, |unit, children| {
            len += 1;
            if unit & 1 << 8 != 0
                && let Some(value) = self.units.get(children)
            {
                longest = Some((len, (value & 0x7fff_ffff) as usize));
            }
        });
        let (len, at) = longest?;
        let replacement = self.replacements.get(at..)?;
        let end = replacement.iter().position(|b| *b == 0)?;
        Some((len, &replacement[..end]))
    }

    /// Normalises `text` into `out`, which is overwritten.
    pub(super) fn normalize(&self, text: &str, out: &mut Vec<u8>) {
        out.clear();
        let Switches {
            add_dummy_prefix,
            remove_extra_whitespaces,
            escape_whitespaces,
        } = self.switches;
        let space = if escape_whitespaces { SPACE } else { b" " };
        let mut rest = text.as_bytes();
        if remove_extra_whitespaces {
            while let (b" ", after) = self.first(rest) {
                rest = after;
            }
        }
        if rest.is_empty() {
            return;
        }
        if add_dummy_prefix {
            out.extend_from_slice(space);
        }
        let mut after_space = remove_extra_whitespaces;
        while !rest.is_empty() {
            let (mut part, after) = self.first(rest);
            rest = after;
            while after_space && let Some(shorter) = part.strip_prefix(b" ") {
                part = shorter;
            }
            if let Some(last) = part.last() {
                for &byte in part {
                    if byte == b' ' {
                        out.extend_from_slice(space);
                    } else {
                        out.push(byte);
                    }
                }
                after_space = *last == b' ';
            }
            after_space &= remove_extra_whitespaces;
        }
        if remove_extra_whitespaces {
            while out.ends_with(space) {
                out.truncate(out.len() - space.len());
            }
        }
    }

    /// What the first character or rule of `text` becomes, and the text after it.
    #[inline]
    fn first<'a>(&'a self, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let Some(&byte) = text.first() else {
            return (text, text);
        };
        let is_before_ascii = text.get(1).is_none_or(u8::is_ascii);
        if byte.is_ascii() && is_before_ascii && self.is_plain[usize::from(byte)] {
            return text.split_at(1);
        }
        match self.rule(text) {
            Some((len, replacement)) => (replacement, &text[len..]),
            None => text.split_at(char_len(byte).min(text.len())),
        }
    }
}

/// Length of a character by its first byte, as `SentencePiece` takes it.
#[inline]
pub(super) fn char_len(byte: u8) -> usize {
    match byte {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}

/// Where the children of a unit lie, relative to it.
#[inline]
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}
