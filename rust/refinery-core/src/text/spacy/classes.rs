//! Class bits of a character, looked up in two steps; not the tables themselves.

use super::tables::{AFTER_DIGIT, CLASS_RUNS};

/// Class bit beside those of the tables: last character of a unit.
pub(super) const UNIT_END: u16 = 1 << 15;

const PAGE: usize = 256;
const LAST: u32 = 0x0011_0000;

/// All class bits of every character: an index of pages, equal pages stored once.
pub(super) struct Classes {
    index: Vec<u16>,
    pages: Vec<[u16; PAGE]>,
}

impl Classes {
    /// Unfolds the runs of the table.
    pub(super) fn new() -> Self {
        let mut flat = Vec::with_capacity(LAST as usize);
        let ends = CLASS_RUNS[1..].iter().map(|&(start, _)| start);
        for (&(start, bits), end) in CLASS_RUNS.iter().zip(ends.chain([LAST])) {
            flat.extend((start..end).map(|_| bits));
        }
        for last in AFTER_DIGIT
            .iter()
            .filter_map(|unit| unit.chars().next_back())
        {
            flat[last as usize] |= UNIT_END;
        }
        let mut classes = Self {
            index: Vec::with_capacity(flat.len() / PAGE),
            pages: Vec::new(),
        };
        for page in flat.as_chunks::<PAGE>().0 {
            classes.add(page);
        }
        classes
    }

    fn add(&mut self, page: &[u16; PAGE]) {
        let known = self.pages.iter().position(|p| p == page);
        let at = known.unwrap_or_else(|| {
            self.pages.push(*page);
            self.pages.len() - 1
        });
        self.index.push(at as u16);
    }

    /// The class bits of `c`.
    #[inline]
    pub(super) fn of(&self, c: char) -> u16 {
        let code = c as usize;
        let page = self.index[code / PAGE] as usize;
        self.pages[page][code % PAGE]
    }

    /// Whether `c` has any of `bits`.
    #[inline]
    pub(super) fn has(&self, c: char, bits: u16) -> bool {
        self.of(c) & bits != 0
    }
}
