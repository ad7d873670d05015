//! A set of strings out of a long list: exact, and little larger than the file.
//!
//! The block list of `FineWeb` has four and a half million names in 124 MB; a set of owned strings
//! would take three times as much. Here all entries stand in one text, and an open hash table holds
//! where each begins.

use xxhash_rust::xxh3::xxh3_64;

use crate::{Error, Result};

/// The set.
pub struct Entries {
    /// The entries, each followed by a newline.
    text: String,
    /// First byte of an entry plus one; 0 is free. At most three quarters are taken.
    slots: Vec<u32>,
    len: usize,
}

impl Entries {
    /// The set of `entries`, of which none has a newline; empty ones are left out.
    ///
    /// Errors when they are 4 GiB or more.
    pub fn new<'a>(
        name: &'static str,
        entries: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Self> {
        let entries = entries.filter(|e| !e.is_empty());
        let (n, n_bytes) = entries.clone().fold((0_usize, 0_usize), |(n, bytes), e| {
            (n + 1, bytes + e.len() + 1)
        });
        if n_bytes >= u32::MAX as usize {
            return Err(Error::Parameter {
                name,
                message: format!("a list of {n_bytes} bytes; it must be under 4 GiB"),
            });
        }
        let mut set = Self {
            text: String::with_capacity(n_bytes),
            slots: vec![0; (n + n / 3 + 1).next_power_of_two()],
            len: 0,
        };
        for entry in entries {
            set.insert(entry);
        }
        Ok(set)
    }

    /// Number of entries, equal ones counted once.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that the set takes.
    pub fn n_bytes(&self) -> usize {
        self.text.capacity() + self.slots.len() * size_of::<u32>()
    }

    /// Whether `entry` is in the list.
    pub fn contains(&self, entry: &str) -> bool {
        self.slots[self.slot(entry)] != 0
    }

    fn insert(&mut self, entry: &str) {
        let at = self.slot(entry);
        if self.slots[at] == 0 {
            self.slots[at] = self.text.len() as u32 + 1;
            self.text.push_str(entry);
            self.text.push('\n');
            self.len += 1;
        }
    }

    /// The slot of `entry`, or the free one where it would be.
    fn slot(&self, entry: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = xxh3_64(entry.as_bytes()) as usize & mask;
        // Ends: there is always a free slot.
        while self.slots[at] != 0 && !self.is_at(self.slots[at] as usize - 1, entry) {
            at = (at + 1) & mask;
        }
        at
    }

    fn is_at(&self, start: usize, entry: &str) -> bool {
        let bytes = &self.text.as_bytes()[start..];
        bytes.starts_with(entry.as_bytes()) && bytes[entry.len()] == b'\n'
    }
}

#[cfg(test)]
mod tests {
    use super::Entries;

    fn set(list: &[&str]) -> Entries {
        Entries::new("list", list.iter().copied()).expect("a short list")
    }

    #[test]
    fn entries_are_whole_strings() {
        let entries = set(&["ab", "b", "", "ab", "é.fr"]);
        assert_eq!((entries.len(), entries.is_empty()), (3, false));
        for (text, expected) in [
            ("ab", true),
            ("b", true),
            ("é.fr", true),
            ("a", false),
            ("abb", false),
            ("", false),
        ] {
            assert_eq!(entries.contains(text), expected, "{text:?}");
        }
        assert!(set(&[]).is_empty() && !set(&[]).contains("a"));
        assert!(set(&["a"]).contains("a") && !set(&["a"]).contains("b"));
    }

    #[test]
    fn many_entries_are_all_found() {
        let list: Vec<String> = (0..5000).map(|i| format!("host{i}.com")).collect();
        let entries = Entries::new("list", list.iter().map(String::as_str)).expect("short");
        assert_eq!(entries.len(), 5000);
        assert!(list.iter().all(|e| entries.contains(e)));
        assert!((5000..9000).all(|i| !entries.contains(&format!("host{i}.com"))));
    }
}
