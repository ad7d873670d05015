//! Which signals of a family a plan asks for: a family may leave out the work behind the others.

use std::ops::Range;

/// Places in a family's table of signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked(u64);

impl Default for Asked {
    fn default() -> Self {
        Self::ALL
    }
}

impl Asked {
    /// Every signal of any family.
    pub const ALL: Self = Self(u64::MAX);
    /// None.
    pub const NONE: Self = Self(0);

    /// The signals at these places; a family has fewer than 64.
    pub const fn at(places: Range<usize>) -> Self {
        let mut asked = Self::NONE;
        let mut place = places.start;
        while place < places.end {
            asked.0 |= 1 << place;
            place += 1;
        }
        asked
    }

    /// Those of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any is in both.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::FAMILIES;
    use super::Asked;

    #[test]
    fn every_family_has_a_place_for_each_signal() {
        assert!(FAMILIES.iter().all(|family| family.signals.len() < 64));
        let asked = Asked::at(2..4).or(Asked::at(7..8));
        let found: Vec<usize> = (0..10)
            .filter(|&i| asked.any(Asked::at(i..i + 1)))
            .collect();
        assert_eq!(found, [2, 3, 7]);
    }
}
