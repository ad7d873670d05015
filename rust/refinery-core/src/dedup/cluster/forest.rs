//! Disjoint sets of ranks.

/// A parent is never larger than its child, so a root is the smallest of its set.
pub struct Forest {
    parents: Vec<u32>,
}

impl Forest {
    pub fn new(n: usize) -> Self {
        Self {
            parents: (0..n as u32).collect(),
        }
    }

    /// The parent of a rank: its root after [`Self::flatten`]; before, ranks of one parent are of
    /// one set, and those of two may be.
    pub fn parent(&self, rank: u32) -> u32 {
        self.parents[rank as usize]
    }

    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }

    /// Makes every parent a root: parents come before their children, so one pass does.
    pub fn flatten(&mut self) {
        for i in 0..self.parents.len() {
            self.parents[i] = self.parents[self.parents[i] as usize];
        }
    }

    fn root(&mut self, mut rank: u32) -> u32 {
        loop {
            let parent = self.parents[rank as usize];
            if parent == rank {
                return rank;
            }
            let grandparent = self.parents[parent as usize];
            self.parents[rank as usize] = grandparent;
            rank = grandparent;
        }
    }
}
