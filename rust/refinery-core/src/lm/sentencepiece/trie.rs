//! All pieces that a text begins with: a double array over the bytes of the pieces.
//!
//! The child of a node by a byte lies at the node's base, XOR the byte, and knows its parent. So a
//! step costs one place in memory, and a piece is found by walking its bytes.

/// No parent: the place is free, or it is the root.
const FREE: u32 = u32::MAX;
const ROOT: u32 = u32::MAX - 1;
/// No piece ends here.
const NO_PIECE: u32 = u32::MAX;
/// Children of one node lie in one block, since bytes differ in their last eight bits only.
const BLOCK: usize = 256;
/// How many free places are tried for a node before a new block is opened: bounds the time.
const MOST_TRIES: usize = 128;

#[derive(Clone, Copy)]
struct Node {
    base: u32,
    parent: u32,
    piece: u32,
}

pub(super) struct Trie {
    nodes: Vec<Node>,
}

impl Trie {
    /// A trie of pieces with their ids. Pieces are distinct and not empty.
    pub(super) fn new(mut pieces: Vec<(&[u8], u32)>) -> Self {
        pieces.sort_unstable();
        let mut builder = Builder {
            nodes: Vec::new(),
            cursor: 1,
        };
        builder.open_block();
        builder.nodes[0].parent = ROOT;
        // Parts of the sorted list that share their first `depth` bytes, and their node.
        let mut pending = vec![(0_usize, 0_usize, &pieces[..])];
        while let Some((node, depth, mut part)) = pending.pop() {
            if let Some(((piece, id), longer)) = part.split_first()
                && piece.len() == depth
            {
                builder.nodes[node].piece = *id;
                part = longer;
            }
            let children: Vec<_> = part.chunk_by(|a, b| a.0[depth] == b.0[depth]).collect();
            let labels: Vec<u8> = children.iter().map(|child| child[0].0[depth]).collect();
            let base = builder.place(node, &labels);
            for (child, label) in children.into_iter().zip(labels) {
                pending.push((base ^ usize::from(label), depth + 1, child));
            }
        }
        Self {
            nodes: builder.nodes,
        }
    }

    /// Calls `found` with the length and id of every piece that `text` begins with, shortest first.
    #[inline]
    pub(super) fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let mut at = 0_u32;
        let mut base = self.nodes[0].base;
        for (i, &byte) in text.iter().enumerate() {
            let next = base ^ u32::from(byte);
            let Some(node) = self.nodes.get(next as usize) else {
                return;
            };
            if node.parent != at {
                return;
            }
            if node.piece != NO_PIECE {
                found(i + 1, node.piece);
            }
            (at, base) = (next, node.base);
        }
    }
}

struct Builder {
    nodes: Vec<Node>,
    /// No place before it is free, or is worth looking at.
    cursor: usize,
}

impl Builder {
    fn open_block(&mut self) -> usize {
        let at = self.nodes.len();
        let free = Node {
            base: 0,
            parent: FREE,
            piece: NO_PIECE,
        };
        self.nodes.resize(at + BLOCK, free);
        at
    }

    fn is_free(&self, at: usize) -> bool {
        self.nodes[at].parent == FREE
    }

    /// Makes the children of a node and returns its base.
    fn place(&mut self, node: usize, labels: &[u8]) -> usize {
        let Some(&first) = labels.first() else {
            return 0;
        };
        while self.cursor < self.nodes.len() && !self.is_free(self.cursor) {
            self.cursor += 1;
        }
        let mut tries = (self.cursor..self.nodes.len())
            .filter(|&at| self.is_free(at))
            .take(MOST_TRIES)
            .map(|at| at ^ usize::from(first));
        let fits = |base: &usize| labels.iter().all(|&l| self.is_free(base ^ usize::from(l)));
        let base = tries.find(fits);
        let base = base.unwrap_or_else(|| {
            // What is left before is crowded: a full block behind the last is as good as any.
            self.cursor = self.cursor.max(self.nodes.len().saturating_sub(16 * BLOCK));
            self.open_block()
        });
        self.nodes[node].base = base as u32;
        for &label in labels {
            self.nodes[base ^ usize::from(label)].parent = node as u32;
        }
        base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_is_found_shortest_first() {
        let texts = [
            "a",
            "ab",
            "abc",
            "b",
            "\u{2581}the",
            "\u{2581}",
            "\u{2581}t",
            "zz",
        ];
        let pieces = texts
            .iter()
            .zip(0..)
            .map(|(t, i)| (t.as_bytes(), i))
            .collect();
        let trie = Trie::new(pieces);
        let cases: [(&str, &[(usize, u32)]); 6] = [
            ("abcd", &[(1, 0), (2, 1), (3, 2)]),
            ("\u{2581}then", &[(3, 5), (4, 6), (6, 4)]),
            ("z", &[]),
            ("", &[]),
            ("ba", &[(1, 3)]),
            ("c", &[]),
        ];
        for (text, expected) in cases {
            let mut found = Vec::new();
            trie.prefixes(text.as_bytes(), |len, id| found.push((len, id)));
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_large_trie_holds_every_piece_once() {
        let texts: Vec<String> = (0..20_000_u32)
            .map(|i| format!("{:x}", i.wrapping_mul(2_654_435_761)))
            .collect();
        let pieces = texts
            .iter()
            .zip(0..)
            .map(|(t, i)| (t.as_bytes(), i))
            .collect();
        let trie = Trie::new(pieces);
        for (text, id) in texts.iter().zip(0..) {
            let mut found = Vec::new();
            trie.prefixes(text.as_bytes(), |len, id| found.push((len, id)));
            assert_eq!(found.last(), Some(&(text.len(), id)));
            assert!(
                found
                    .iter()
                    .all(|&(len, id)| texts[id as usize] == text[..len])
            );
        }
    }

    #[test]
    fn no_piece_at_all() {
        Trie::new(Vec::new()).prefixes(b"abc", |_, _| unreachable!());
    }
}
