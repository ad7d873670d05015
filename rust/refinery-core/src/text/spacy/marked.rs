//! Chunks of ASCII that a few rules take apart and no table knows: marks before and after letters and
//! digits, hyphens between letters, and `'s`. The same tokens as by `affixes`, at a fraction of the
//! work: most chunks that a document has and the ones before it had not are such.

use super::cache::CachedToken;
use super::classes::Classes;
use super::phrases::TokenId;
use super::plain::Plain;
use super::tables::{DOT_AFTER, LONG_PREFIXES, PREFIX, SUFFIX};
use crate::text::words::hash_of_part;

/// What a byte may be.
const LETTER: u8 = 1;
const DIGIT: u8 = 1 << 1;
const PREFIX_MARK: u8 = 1 << 2;
const SUFFIX_MARK: u8 = 1 << 3;
/// A full stop after it is a suffix.
const BEFORE_STOP: u8 = 1 << 4;
const CAPITAL: u8 = 1 << 5;

/// All that a byte may be.
pub(super) fn kind_of(byte: u8, classes: &Classes) -> u8 {
    let has = |bits| byte.is_ascii() && classes.has(byte.into(), bits);
    let in_long_prefix = LONG_PREFIXES.iter().any(|p| p.as_bytes().contains(&byte));
    let is_mark = byte.is_ascii_punctuation() && !in_long_prefix && !matches!(byte, b'+' | b'.');
    [
        (LETTER, byte.is_ascii_alphabetic()),
        (DIGIT, byte.is_ascii_digit()),
        (PREFIX_MARK, is_mark && has(PREFIX)),
        (SUFFIX_MARK, is_mark && has(SUFFIX)),
        (BEFORE_STOP, byte != b'.' && has(DOT_AFTER)),
        (CAPITAL, byte.is_ascii_uppercase()),
    ]
    .into_iter()
    .fold(
        0,
        |kind, (bit, is_it)| if is_it { kind | bit } else { kind },
    )
}

impl Plain {
    /// Replaces the content of `tokens` by those of the chunk `text[start..end]`, of at most 255
    /// bytes, if it is such a one.
    pub(super) fn cut(
        &self,
        text: &[u8],
        start: usize,
        end: usize,
        tokens: &mut Vec<CachedToken>,
    ) -> bool {
        let chunk = PartOfText { text, start };
        tokens.clear();
        let bytes = &text[start..end];
        let n_prefixes = self.n_prefixes(bytes);
        let Some(stem_end) = self.stem_end(bytes, n_prefixes) else {
            return false;
        };
        tokens.extend((0..n_prefixes).map(|at| self.mark_at(bytes, at)));
        let has_stem = self.cut_stem(chunk, n_prefixes, stem_end, tokens);
        tokens.extend((stem_end..bytes.len()).map(|at| self.mark_at(bytes, at)));
        has_stem
    }

    fn kind(&self, byte: u8) -> u8 {
        self.marks[usize::from(byte)].kind
    }

    fn n_prefixes(&self, bytes: &[u8]) -> usize {
        let is_prefix = |&&byte: &&u8| self.kind(byte) & PREFIX_MARK != 0;
        bytes.iter().take_while(is_prefix).count()
    }

    /// Where the suffixes begin of a chunk with so many prefixes; none if nothing is between them,
    /// or a full stop there may belong to a word.
    fn stem_end(&self, bytes: &[u8], n_prefixes: usize) -> Option<usize> {
        let mut end = bytes.len();
        while end > n_prefixes {
            let before = bytes[n_prefixes..end - 1].last().copied();
            match bytes[end - 1] {
                b'.' => self
                    .is_final_stop(&bytes[n_prefixes..end - 1])
                    .then_some(())?,
                last if self.kind(last) & SUFFIX_MARK == 0 => return Some(end),
                _ => {}
            }
            before?;
            end -= 1;
        }
        None
    }

    /// Whether a full stop after `stem` is a suffix, by its last one or two bytes.
    fn is_final_stop(&self, stem: &[u8]) -> bool {
        match *stem {
            [.., last] if self.kind(last) & BEFORE_STOP != 0 => true,
            [.., before, last] => self.kind(before) & self.kind(last) & CAPITAL != 0,
            _ => false,
        }
    }

    /// Appends what is between prefixes and suffixes; false if a rule or a table may know it.
    fn cut_stem(
        &self,
        chunk: PartOfText<'_>,
        start: usize,
        end: usize,
        tokens: &mut Vec<CachedToken>,
    ) -> bool {
        let [.., quote, last] = *chunk.bytes(start, end) else {
            return self.cut_parts(chunk, start, end, tokens);
        };
        let is_possessive = quote == b'\'' && last | 0x20 == b's' && end - start > 2;
        if !is_possessive {
            return self.cut_parts(chunk, start, end, tokens);
        }
        if self.is_suspect(chunk.hash(start, end)) {
            return false;
        }
        let has_parts = self.cut_parts(chunk, start, end - 2, tokens);
        let id = self.possessives[usize::from(last == b'S')];
        tokens.push(chunk.token(end - 2, end, id));
        has_parts
    }

    /// Appends runs of letters and digits and the hyphens between them.
    fn cut_parts(
        &self,
        chunk: PartOfText<'_>,
        start: usize,
        end: usize,
        tokens: &mut Vec<CachedToken>,
    ) -> bool {
        let bytes = chunk.bytes(0, end);
        let (mut from, mut kinds) = (start, 0);
        for at in start..end {
            let kind = self.kind(bytes[at]);
            if kind & (LETTER | DIGIT) != 0 {
                kinds |= kind;
                continue;
            }
            let before_letter = at + 1 < end && self.kind(bytes[at + 1]) & LETTER != 0;
            if bytes[at] != b'-' || at == from || !before_letter {
                return false;
            }
            tokens.push(chunk.token(from, at, 0));
            tokens.push(self.mark_at(bytes, at));
            from = at + 1;
        }
        tokens.push(chunk.token(from, end, 0));
        // Letters after a digit may be a unit.
        let may_be_unit = kinds & DIGIT != 0 && self.kind(bytes[end - 1]) & LETTER != 0;
        let has_hyphen = from > start;
        let mut parts = tokens.iter().filter(|token| token.id == 0);
        let is_known = parts.any(|part| self.is_suspect(part.hash))
            || has_hyphen && self.is_suspect(chunk.hash(start, end));
        !may_be_unit && !is_known
    }

    fn mark_at(&self, bytes: &[u8], at: usize) -> CachedToken {
        let mark = &self.marks[usize::from(bytes[at])];
        CachedToken {
            hash: mark.hash,
            id: mark.id,
            start: at as u8,
            end: at as u8 + 1,
            n_chars: 1,
        }
    }
}

/// A chunk where it stands, so that its parts are hashed by what is read at once.
#[derive(Clone, Copy)]
struct PartOfText<'a> {
    text: &'a [u8],
    start: usize,
}

impl<'a> PartOfText<'a> {
    fn bytes(self, start: usize, end: usize) -> &'a [u8] {
        &self.text[self.start + start..self.start + end]
    }

    fn hash(self, start: usize, end: usize) -> u64 {
        hash_of_part(self.text, self.start + start, self.start + end)
    }

    fn token(self, start: usize, end: usize, id: TokenId) -> CachedToken {
        CachedToken {
            hash: self.hash(start, end),
            id,
            start: start as u8,
            end: end as u8,
            n_chars: (end - start) as u8,
        }
    }
}
