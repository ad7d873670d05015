//! The texts one after the other in memory, as a loop over bytes would have them.

/// Bytes after the last document, so that a load of a word may reach beyond its end.
const PADDING: usize = 64;

/// Documents in one buffer, each followed by a zero byte.
pub struct Documents {
    flat: Vec<u8>,
    bounds: Vec<(usize, usize)>,
}

impl Documents {
    pub fn new(texts: &[String]) -> Self {
        let (mut flat, mut bounds) = (Vec::new(), Vec::new());
        for text in texts {
            let start = flat.len();
            flat.extend_from_slice(text.as_bytes());
            bounds.push((start, flat.len()));
            flat.push(0);
        }
        flat.resize(flat.len() + PADDING, 0);
        Self { flat, bounds }
    }

    /// All bytes, with what separates the documents.
    pub fn flat(&self) -> &[u8] {
        &self.flat
    }

    /// Places of the documents in [`Self::flat`].
    pub fn bounds(&self) -> &[(usize, usize)] {
        &self.bounds
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.bounds
            .iter()
            .map(|&(start, end)| &self.flat[start..end])
    }

    /// Bytes of text.
    pub fn n_bytes(&self) -> usize {
        self.bounds.iter().map(|(start, end)| end - start).sum()
    }
}
