//! The tables in the form the matchers ask for; built once per process, read by every thread.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use super::bytes::{self, Kinds};
use super::classes::Classes;
use super::phrases::{Phrases, TokenId};
use super::plain::Plain;
use super::tables::{AFTER_DIGIT, SPECIAL_CASES};

/// A map from texts that the tables fix: no stranger can make its keys collide, so the hash may be
/// a quick one.
pub(super) type TextMap<T> = HashMap<Vec<u8>, T, BuildHasherDefault<TextHasher>>;

/// XXH3 of the text; the length that a slice of bytes adds before it says nothing.
#[derive(Default)]
pub(super) struct TextHasher(u64);

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= xxh3_64(bytes);
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Which texts a set may hold, by their first byte, last byte and length: most questions are answered
/// here, without a hash.
#[derive(Clone)]
pub(super) struct Ends {
    first: [u64; 256],
    last: [u64; 256],
}

impl Ends {
    /// Those of a set; texts of 64 bytes and more count as one length.
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut ends = Self::default();
        for text in texts {
            if let (Some(&first), Some(&last)) = (text.first(), text.last()) {
                ends.first[usize::from(first)] |= length_bit(text);
                ends.last[usize::from(last)] |= length_bit(text);
            }
        }
        ends
    }

    /// Whether the set may hold `text`.
    #[inline]
    pub(super) fn may_hold(&self, text: &[u8]) -> bool {
        let (Some(&first), Some(&last)) = (text.first(), text.last()) else {
            return false;
        };
        let lengths = self.first[usize::from(first)] & self.last[usize::from(last)];
        lengths & length_bit(text) != 0
    }
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            first: [0; 256],
            last: [0; 256],
        }
    }
}

#[inline]
fn length_bit(text: &[u8]) -> u64 {
    1 << text.len().min(63)
}

/// A chunk with tokens of its own.
pub(super) struct SpecialCase {
    /// Bytes of each token; they add up to the chunk.
    pub(super) lens: Vec<u8>,
}

/// Everything that is looked up while text is cut.
pub(super) struct Rules {
    pub(super) classes: Classes,
    pub(super) kinds: Kinds,
    /// Second pass: token sequences that are special cases together.
    pub(super) phrases: Phrases,
    pub(super) plain: Plain,
    pub(super) longest_unit: usize,
    units: HashSet<&'static [u8]>,
    specials: TextMap<SpecialCase>,
    special_ends: Ends,
}

/// The one instance.
pub(super) static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);

impl Rules {
    fn new() -> Self {
        let specials: TextMap<_> = SPECIAL_CASES
            .iter()
            .map(|case| special_case(case))
            .collect();
        let classes = Classes::new();
        let mut rules = Self {
            kinds: bytes::kinds(&classes),
            classes,
            phrases: Phrases::default(),
            plain: Plain::default(),
            longest_unit: AFTER_DIGIT.iter().map(|unit| unit.len()).max().unwrap_or(0),
            units: AFTER_DIGIT.iter().map(|unit| unit.as_bytes()).collect(),
            special_ends: Ends::new(specials.keys().map(Vec::as_slice)),
            specials,
        };
        rules.phrases = Phrases::new(&rules);
        let specials = rules.specials.keys().map(Vec::as_slice);
        rules.plain = Plain::new(specials, &rules.phrases, &rules.classes);
        rules
    }

    /// All that a byte may be.
    #[inline]
    pub(super) fn kind(&self, byte: u8) -> u32 {
        self.kinds[usize::from(byte)]
    }

    /// The special case that `text` is as a whole.
    #[inline]
    pub(super) fn special(&self, text: &[u8]) -> Option<&SpecialCase> {
        if !self.special_ends.may_hold(text) {
            return None;
        }
        self.specials.get(text)
    }

    /// The number of a token with this hash.
    #[inline]
    pub(super) fn id(&self, token: &[u8], hash: u64) -> TokenId {
        let is_long = u64::from(token.len() > 1);
        // One branch for both, which is seldom taken.
        if is_long & self.plain.suspicion(hash) != 0 {
            return self.phrases.id(token);
        }
        self.plain.mark(token[0]).id * (1 - is_long as TokenId)
    }

    /// Whether `text` is a unit or a currency sign.
    pub(super) fn is_unit(&self, text: &[u8]) -> bool {
        self.units.contains(text)
    }
}

fn special_case(spaced: &str) -> (Vec<u8>, SpecialCase) {
    let lens = spaced.split(' ').map(|token| token.len() as u8).collect();
    (spaced.replace(' ', "").into_bytes(), SpecialCase { lens })
}
