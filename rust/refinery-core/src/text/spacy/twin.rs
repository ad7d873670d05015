//! The rules of `affixes` and `infixes` one by one, character by character, as spaCy's patterns have
//! them; what tests compare with.

use super::affixes::{Piece, is_final_stop, stops};
use super::rules::Rules;
use super::tables::{ALPHA, ICON, LONG_PREFIXES, PREFIX, STOP_LEFT, STOP_RIGHT, SUFFIX};
use super::url::is_url;

/// Reusable buffers that take a chunk apart.
#[derive(Default)]
pub(super) struct Chopper {
    /// Tokens of the last chunk, in order.
    pub(super) pieces: Vec<Piece>,
    suffixes: Vec<Piece>,
}

impl Chopper {
    /// Fills `pieces` with the tokens of `chunk`, which holds no white space. `special` is false
    /// only to find what the special cases themselves would be without special cases.
    pub(super) fn chop(&mut self, chunk: &str, rules: &Rules, special: bool) {
        self.pieces.clear();
        self.suffixes.clear();
        let (start, end) = self.cut_affixes(chunk, rules, special);
        self.attach(chunk, start, end, rules, special);
        self.pieces.extend(self.suffixes.iter().rev());
    }

    /// Cuts prefixes and suffixes until none is left or a special case remains; returns what is
    /// left. Each round looks at both ends, the suffix without the prefix of the same round.
    fn cut_affixes(&mut self, chunk: &str, rules: &Rules, special: bool) -> (usize, usize) {
        let (mut start, mut end) = (0, chunk.len());
        let is_special =
            |start, end| special && rules.special(&chunk.as_bytes()[start..end]).is_some();
        while start < end && !is_special(start, end) {
            let prefix = prefix_len(&chunk[start..end], rules);
            if prefix > 0 && is_special(start + prefix, end) {
                self.pieces.push(Piece::new(start, start + prefix));
                return (start + prefix, end);
            }
            let suffix = suffix_len(&chunk[start + prefix..end], rules);
            if suffix > 0 && is_special(start, end - suffix) {
                self.suffixes.push(Piece::new(end - suffix, end));
                return (start, end - suffix);
            }
            if prefix + suffix == 0 {
                break;
            }
            if prefix > 0 {
                self.pieces.push(Piece::new(start, start + prefix));
                start += prefix;
            }
            if suffix > 0 {
                self.suffixes.push(Piece::new(end - suffix, end));
                end -= suffix;
            }
        }
        (start, end)
    }

    /// Adds the tokens of what is left between the affixes.
    fn attach(&mut self, chunk: &str, start: usize, end: usize, rules: &Rules, special: bool) {
        let middle = &chunk[start..end];
        if middle.is_empty() {
            return;
        }
        if let Some(case) = rules.special(middle.as_bytes()).filter(|_| special) {
            let mut at = start;
            for &len in &case.lens {
                self.pieces.push(Piece::new(at, at + len as usize));
                at += len as usize;
            }
        } else if middle.bytes().all(|b| b.is_ascii_alphanumeric())
            || is_url(middle, &rules.classes)
        {
            self.pieces.push(Piece::new(start, end));
        } else {
            self.cut_infixes(middle, start, rules);
        }
    }

    /// Cuts at the inner separators. One at the very front is not a cut.
    fn cut_infixes(&mut self, middle: &str, base: usize, rules: &Rules) {
        let mut start = 0;
        for (at, len) in (Infixes {
            text: middle,
            at: 0,
            before: '\0',
            rules,
        }) {
            if at == 0 {
                continue;
            }
            if at > start {
                self.pieces.push(Piece::new(base + start, base + at));
            }
            self.pieces.push(Piece::new(base + at, base + at + len));
            start = at + len;
        }
        if start < middle.len() {
            self.pieces
                .push(Piece::new(base + start, base + middle.len()));
        }
    }
}

/// Bytes of the prefix of `text`, 0 if it has none.
fn prefix_len(text: &str, rules: &Rules) -> usize {
    let Some(first) = text.chars().next() else {
        return 0;
    };
    if first.is_ascii_lowercase() || first.is_ascii_digit() {
        return 0;
    }
    if rules.classes.has(first, PREFIX) {
        return first.len_utf8();
    }
    let bytes = text.as_bytes();
    match first {
        '+' => usize::from(!bytes.get(1).is_some_and(u8::is_ascii_digit)),
        '.' if bytes.get(1) == Some(&b'.') => stops(bytes.iter()),
        'A' | 'C' | 'U' => {
            let found = LONG_PREFIXES.iter().find(|&&p| text.starts_with(p));
            found.map_or(0, |p| p.len())
        }
        _ => 0,
    }
}

/// Bytes of the suffix of `text`, 0 if it has none. The pattern is searched from the left, so of
/// several suffixes the longest wins.
fn suffix_len(text: &str, rules: &Rules) -> usize {
    let Some(last) = text.chars().next_back() else {
        return 0;
    };
    let stem = &text[..text.len() - last.len_utf8()];
    let before = stem.chars().next_back();
    if rules.classes.has(last, SUFFIX) {
        // `……` is one suffix.
        let doubled = last == '…' && before == Some('…');
        return last.len_utf8() << usize::from(doubled);
    }
    match (before, last) {
        (Some('.'), '.') => stops(text.as_bytes().iter().rev()),
        (_, '.') => usize::from(is_final_stop(stem, rules)),
        (Some('0'..='9'), '+') => 1,
        (Some(quote @ ('\'' | '’')), 's' | 'S') => 1 + quote.len_utf8(),
        _ => unit_len(text, rules),
    }
}

/// Bytes of a unit or currency sign that follows an ASCII digit at the end of `text`. None holds
/// such a digit, so only what follows the last one can be it.
fn unit_len(text: &str, rules: &Rules) -> usize {
    let bytes = text.as_bytes();
    let window = bytes.len().min(rules.longest_unit + 1);
    let after = bytes.iter().rev().take(window).position(u8::is_ascii_digit);
    // A digit is a byte of its own, so `len - n` is a character boundary.
    after
        .filter(|&n| n > 0 && rules.is_unit(&bytes[bytes.len() - n..]))
        .unwrap_or(0)
}

/// The inner separators of a text from left to right, as (offset, length) in bytes.
struct Infixes<'a> {
    text: &'a str,
    at: usize,
    /// The character before `at`; NUL, which has no class, at the front.
    before: char,
    rules: &'a Rules,
}

impl Iterator for Infixes<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.skip_alphanumeric();
            let c = self.text[self.at..].chars().next()?;
            let at = self.at;
            let len = self.separator_len(c);
            if len > 0 {
                self.at += len;
                // A separator is a run of one character.
                self.before = c;
                return Some((at, len));
            }
            self.at += c.len_utf8();
            self.before = c;
        }
    }
}

impl Infixes<'_> {
    /// ASCII letters and digits begin no separator.
    #[inline]
    fn skip_alphanumeric(&mut self) {
        let rest = self.text[self.at..].bytes();
        let n = rest.take_while(u8::is_ascii_alphanumeric).count();
        if n > 0 {
            self.at += n;
            self.before = self.text.as_bytes()[self.at - 1].into();
        }
    }

    /// Bytes of the separator that begins with `c` at `at`, 0 if none does.
    fn separator_len(&self, c: char) -> usize {
        let rest = &self.text[self.at + c.len_utf8()..];
        let next = rest.chars().next().unwrap_or('\0');
        let ends = |left: bool, right: bool| usize::from(left && right);
        match c {
            '.' if next == '.' => 1 + stops(rest.as_bytes().iter()),
            '.' => ends(
                self.is_before(STOP_LEFT),
                self.rules.classes.has(next, STOP_RIGHT),
            ),
            ',' => ends(self.is_before(ALPHA), self.is_alpha(next)),
            ':' | '<' | '>' | '=' | '/' => ends(self.is_before_word(), self.is_alpha(next)),
            '+' | '*' | '^' => ends(self.is_operator(next), true),
            '-' if self.is_operator(next) => 1,
            '-' => self.hyphens_len(c, rest, 3),
            '—' => self.hyphens_len(c, rest, 2),
            '–' | '~' => self.hyphens_len(c, rest, 1),
            _ if self.rules.classes.has(c, ICON) => c.len_utf8(),
            _ => 0,
        }
    }

    fn is_before(&self, bits: u16) -> bool {
        self.rules.classes.has(self.before, bits)
    }

    fn is_before_word(&self) -> bool {
        self.before.is_ascii_digit() || self.is_before(ALPHA)
    }

    fn is_alpha(&self, c: char) -> bool {
        self.rules.classes.has(c, ALPHA)
    }

    /// Whether `next` makes an operator of what stands between it and a digit.
    fn is_operator(&self, next: char) -> bool {
        self.before.is_ascii_digit() && (next.is_ascii_digit() || next == '-')
    }

    /// Bytes of a run of at most `most` hyphens between a letter or digit and a letter.
    fn hyphens_len(&self, hyphen: char, rest: &str, most: usize) -> usize {
        if !self.is_before_word() {
            return 0;
        }
        let more = rest.chars().take(most).take_while(|&c| c == hyphen).count();
        let after = rest.chars().nth(more).unwrap_or('\0');
        if more < most && self.is_alpha(after) {
            hyphen.len_utf8() * (more + 1)
        } else {
            0
        }
    }
}
