//! The tables in the form the matchers ask for; built once per process, read by every thread.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use super::classes::Classes;
use super::phrases::Phrases;
use super::plain::Plain;
use super::tables::{AFTER_DIGIT, SPECIAL_CASES};

/// A map from texts that the tables fix: no stranger can make its keys collide, so the hash may be
/// a quick one.
pub(super) type TextMap<T> = HashMap<String, T, BuildHasherDefault<TextHasher>>;

/// XXH3 of the text; the byte that `str` adds after it says nothing.
#[derive(Default)]
pub(super) struct TextHasher(u64);

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= xxh3_64(bytes);
    }

    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A chunk with tokens of its own.
pub(super) struct SpecialCase {
    /// Bytes of each token; they add up to the chunk.
    pub(super) lens: Vec<u8>,
}

/// Everything that is looked up while text is cut.
pub(super) struct Rules {
    pub(super) classes: Classes,
    /// Second pass: token sequences that are special cases together.
    pub(super) phrases: Phrases,
    pub(super) plain: Plain,
    pub(super) longest_unit: usize,
    units: HashSet<&'static str>,
    specials: TextMap<SpecialCase>,
    longest_special: usize,
}

/// The one instance.
pub(super) static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);

impl Rules {
    fn new() -> Self {
        let specials: TextMap<_> = SPECIAL_CASES
            .iter()
            .map(|case| special_case(case))
            .collect();
        let mut rules = Self {
            classes: Classes::new(),
            phrases: Phrases::default(),
            plain: Plain::default(),
            longest_unit: AFTER_DIGIT.iter().map(|unit| unit.len()).max().unwrap_or(0),
            units: AFTER_DIGIT.iter().copied().collect(),
            longest_special: specials.keys().map(String::len).max().unwrap_or(0),
            specials,
        };
        rules.phrases = Phrases::new(&rules);
        rules.plain = Plain::new(rules.specials.keys().map(String::as_str), &rules.phrases);
        rules
    }

    /// The special case that `text` is as a whole.
    #[inline]
    pub(super) fn special(&self, text: &str) -> Option<&SpecialCase> {
        if text.len() > self.longest_special {
            return None;
        }
        self.specials.get(text)
    }

    /// Whether `text` is a unit or a currency sign.
    pub(super) fn is_unit(&self, text: &str) -> bool {
        self.units.contains(text)
    }
}

fn special_case(spaced: &str) -> (String, SpecialCase) {
    let lens = spaced.split(' ').map(|token| token.len() as u8).collect();
    (spaced.replace(' ', ""), SpecialCase { lens })
}
