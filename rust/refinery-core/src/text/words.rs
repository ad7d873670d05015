//! The word record that all families share, and the plain word rules.

/// One word of a document: where it is, how long it is, and its hash.
///
/// Offsets are bytes in the document's text; a document is under 4 GiB by the readers' limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Length in Unicode scalar values.
    pub n_chars: u32,
    /// XXH3-64 of the word's UTF-8 bytes: words are hashed once, every n-gram counter reuses it.
    pub hash: u64,
}

impl Word {
    /// The word's text, a slice of its document's.
    pub fn text<'a>(&self, document: &'a str) -> &'a str {
        &document[self.start as usize..self.end as usize]
    }
}
