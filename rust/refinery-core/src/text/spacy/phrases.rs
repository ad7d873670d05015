//! The second pass: tokens that the affix rules took apart, but which are a special case together
//! (`a` and `.` at the end of `option-a.`), are put together again.
//!
//! spaCy matches sequences of tokens, not text, so a sequence may run across single spaces. Such a
//! match changes nothing itself, yet it hides the shorter matches that it covers. Hence all
//! matches are collected for the whole document before any is applied.

use super::affixes::{Chopper, has_affix};
use super::rules::{Ends, Rules, TextMap};
use super::short::ShortChunk;
use super::tables::SPECIAL_CASES;
use crate::text::Word;
use crate::text::words::word_between;

/// A token's number among those that occur in sequences; 0 is any other token.
pub(super) type TokenId = u16;

const ROOT: u32 = 0;

/// A prefix tree of token sequences.
#[derive(Default)]
pub(super) struct Phrases {
    ids: TextMap<TokenId>,
    ends: Ends,
    nodes: Vec<Node>,
    /// Whether a sequence begins with two tokens, by the number of the first, then of the second.
    pairs: Vec<bool>,
}

#[derive(Default)]
struct Node {
    next: Vec<(TokenId, u32)>,
    /// Set where a sequence ends: bytes of the special case's tokens, empty if they are the
    /// sequence's own.
    special: Option<Vec<u8>>,
}

impl Phrases {
    /// Takes apart, without special cases, every special case that holds an affix.
    pub(super) fn new(rules: &Rules) -> Self {
        let mut phrases = Self {
            nodes: vec![Node::default()],
            ..Self::default()
        };
        let mut chopper = Chopper::default();
        for text in SPECIAL_CASES.iter().map(|case| case.replace(' ', "")) {
            if has_affix(&text, rules) {
                chopper.chop(&text, 0..text.len(), rules, false);
                let tokens: Vec<_> = chopper.pieces.iter().map(|p| p.bytes(&text)).collect();
                let lens = rules
                    .special(text.as_bytes())
                    .map_or(&[][..], |case| &case.lens);
                phrases.add(&tokens, lens);
            }
        }
        phrases.pairs = phrases.all_pairs();
        phrases.ends = Ends::new(phrases.tokens());
        phrases
    }

    fn all_pairs(&self) -> Vec<bool> {
        let n = self.ids.len() + 1;
        let mut pairs = vec![false; n * n];
        for &(first, node) in &self.nodes[ROOT as usize].next {
            for &(second, _) in &self.nodes[node as usize].next {
                pairs[first as usize * n + second as usize] = true;
            }
        }
        pairs
    }

    /// Whether a sequence begins with these two tokens.
    #[inline]
    pub(super) fn is_pair(&self, first: TokenId, second: TokenId) -> bool {
        self.pairs[first as usize * (self.ids.len() + 1) + second as usize]
    }

    fn add(&mut self, tokens: &[&[u8]], lens: &[u8]) {
        let mut node = ROOT;
        for token in tokens {
            let new_id = self.ids.len() as TokenId + 1;
            let id = *self.ids.entry(token.to_vec()).or_insert(new_id);
            node = self.child(node, id).unwrap_or_else(|| {
                let child = self.nodes.len() as u32;
                self.nodes.push(Node::default());
                self.nodes[node as usize].next.push((id, child));
                child
            });
        }
        let is_same = tokens
            .iter()
            .map(|t| t.len())
            .eq(lens.iter().map(|&len| len as usize));
        let lens = if is_same { Vec::new() } else { lens.to_vec() };
        self.nodes[node as usize].special = Some(lens);
    }

    fn child(&self, node: u32, id: TokenId) -> Option<u32> {
        let next = &self.nodes[node as usize].next;
        next.iter().find(|(i, _)| *i == id).map(|&(_, child)| child)
    }

    /// Every token that has a number, in no order.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &[u8]> {
        self.ids.keys().map(Vec::as_slice)
    }

    /// The token's number, 0 if it occurs in no sequence.
    pub(super) fn id(&self, token: &[u8]) -> TokenId {
        if !self.ends.may_hold(token) {
            return 0;
        }
        self.ids.get(token).copied().unwrap_or(0)
    }
}

/// A sequence found: words `start..end`, and the node where it ends.
#[derive(Clone, Copy)]
struct Match {
    start: u32,
    end: u32,
    node: u32,
}

/// Follows the tokens of one document through the tree.
#[derive(Default)]
pub(super) struct PhraseFinder {
    /// Number of the last token, 0 after white space.
    last: TokenId,
    /// Sequences of two tokens or more: node reached, first word. As many at most as the tree is
    /// deep. One token alone is its own special case (`single_tokens_stay`), so none is wanted.
    open: Vec<(u32, u32)>,
    matches: Vec<Match>,
    covered: Vec<bool>,
    buffer: Vec<Word>,
}

impl PhraseFinder {
    /// Forgets the last document.
    pub(super) fn start(&mut self) {
        self.interrupt();
        self.matches.clear();
    }

    /// A white-space token came between two words.
    #[inline]
    pub(super) fn interrupt(&mut self) {
        self.last = 0;
        self.open.clear();
    }

    /// White space is before the next word: one space and nothing else, or a token.
    #[inline]
    pub(super) fn separate(&mut self, is_one_space: bool) {
        self.last *= TokenId::from(is_one_space);
        if !is_one_space {
            self.open.clear();
        }
    }

    /// The next word is number `at` and has `id`.
    #[inline]
    pub(super) fn step(&mut self, phrases: &Phrases, at: usize, id: TokenId) {
        // No sequence holds 0.
        if !self.open.is_empty() || phrases.is_pair(self.last, id) {
            self.advance(phrases, at as u32, id);
        }
        self.last = id;
    }

    /// A word that is in no sequence came, then one that has `id`; 0 where none came.
    #[inline]
    pub(super) fn restart(&mut self, id: TokenId) {
        self.last = id;
        self.open.clear();
    }

    /// The next words are those of `chunk`, from number `at` on.
    #[inline(always)]
    pub(super) fn step_chunk(&mut self, phrases: &Phrases, at: usize, chunk: &ShortChunk) {
        let ids = chunk.ids();
        if chunk.is_quiet && self.open.is_empty() && !phrases.is_pair(self.last, ids[0]) {
            self.last = chunk.last_id;
            return;
        }
        for (i, &id) in ids.iter().enumerate() {
            self.step(phrases, at + i, id);
        }
    }

    fn advance(&mut self, phrases: &Phrases, at: u32, id: TokenId) {
        let Self {
            last,
            open,
            matches,
            ..
        } = self;
        let first = phrases.child(ROOT, *last);
        open.extend(first.map(|node| (node, at.saturating_sub(1))));
        open.retain_mut(|(node, start)| {
            let Some(child) = phrases.child(*node, id) else {
                return false;
            };
            *node = child;
            if phrases.nodes[child as usize].special.is_some() {
                matches.push(Match {
                    start: *start,
                    end: at + 1,
                    node: child,
                });
            }
            true
        });
    }

    /// Applies what was found to the words of the document.
    pub(super) fn apply(&mut self, phrases: &Phrases, text: &str, words: &mut Vec<Word>) {
        let changes = |m: &Match| new_lens(phrases, m, words).is_some();
        if !self.matches.iter().any(changes) {
            return;
        }
        self.choose(words.len());
        self.buffer.clear();
        let mut done = 0;
        for found in &self.matches {
            let Some(lens) = new_lens(phrases, found, words) else {
                continue;
            };
            self.buffer
                .extend_from_slice(&words[done..found.start as usize]);
            let mut start = words[found.start as usize].start;
            for &len in lens {
                let end = start + u32::from(len);
                self.buffer
                    .push(word_between(text.as_bytes(), start as usize, end as usize));
                start = end;
            }
            done = found.end as usize;
        }
        self.buffer.extend_from_slice(&words[done..]);
        std::mem::swap(words, &mut self.buffer);
    }

    /// Keeps the longest matches, of equal ones the first, and no match whose first or last word
    /// lies in a longer one, even in one that was not kept itself.
    fn choose(&mut self, n_words: usize) {
        let Self {
            matches, covered, ..
        } = self;
        matches.sort_unstable_by_key(|m| (std::cmp::Reverse(m.end - m.start), m.start));
        covered.clear();
        covered.resize(n_words, false);
        matches.retain(|m| {
            let words = &mut covered[m.start as usize..m.end as usize];
            let is_free = !words[0] && !words[words.len() - 1];
            words.fill(true);
            is_free
        });
        matches.sort_unstable_by_key(|m| m.start);
    }
}

/// The token lengths that `found` puts in place of its words; none if it changes nothing: the
/// words are the special case's tokens already, or spaces lie between them.
fn new_lens<'a>(phrases: &'a Phrases, found: &Match, words: &[Word]) -> Option<&'a [u8]> {
    let lens = phrases.nodes[found.node as usize].special.as_deref()?;
    let words = &words[found.start as usize..found.end as usize];
    let is_joined = words.windows(2).all(|pair| pair[0].end == pair[1].start);
    (!lens.is_empty() && is_joined).then_some(lens)
}

#[cfg(test)]
mod tests {
    use super::super::rules::RULES;
    use super::ROOT;

    #[test]
    fn single_tokens_stay() {
        let nodes = &RULES.phrases.nodes;
        let singles: Vec<_> = nodes[ROOT as usize]
            .next
            .iter()
            .filter_map(|&(_, node)| nodes[node as usize].special.as_ref())
            .collect();
        assert!(!singles.is_empty());
        assert!(singles.iter().all(|lens| lens.is_empty()));
    }
}
