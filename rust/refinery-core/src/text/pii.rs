//! Email addresses and public IPv4 addresses in a text, where datatrove's `PIIFormatter` finds them.
//!
//! The original searches with two regular expressions, first for emails in the text, then for IPv4
//! addresses in what the replaced emails leave. Here both are found in one pass around `@` and `.`:
//! every email the original writes begins and ends with a letter, so an address found later lies
//! wholly between two emails, and the two searches do not touch.
//!
//! Not here: what becomes of a match ([`crate::edit::pii`]), other kinds of personal data.
//!
//! ```
//! use refinery_core::text::pii::{Kind, find};
//!
//! let text = "mail a.b@x.org, not a..@x; host 8.8.8.8, not 10.0.0.1";
//! let found: Vec<_> = find(text).map(|m| (m.kind, &text[m.start..m.end])).collect();
//! assert_eq!(found, [(Kind::Email, "a.b@x.org"), (Kind::PublicIpv4, "8.8.8.8")]);
//! ```

use std::net::Ipv4Addr;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::chars::is_word;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An email address.
    Email,
    /// An IPv4 address that Python's `ipaddress` calls global.
    PublicIpv4,
}

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// What it is.
    pub kind: Kind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Every match, in the order of the text; no two overlap.
pub fn find(text: &str) -> Matches<'_> {
    Matches {
        text,
        at: 0,
        email: next_email(text, 0),
    }
}

/// Iterator of [`find`].
pub struct Matches<'a> {
    text: &'a str,
    /// Up to where the text has been searched for IPv4 addresses.
    at: usize,
    /// The first email that does not begin before `at`.
    email: Option<Range<usize>>,
}

impl Iterator for Matches<'_> {
    type Item = Match;

    fn next(&mut self) -> Option<Match> {
        let gap_end = self.email.as_ref().map_or(self.text.len(), |e| e.start);
        let gap = &self.text.as_bytes()[..gap_end];
        while let Some((found, is_public)) = next_ipv4(gap, self.at) {
            self.at = found.end;
            if is_public {
                return Some(Match {
                    kind: Kind::PublicIpv4,
                    start: found.start,
                    end: found.end,
                });
            }
        }
        let email = self.email.take()?;
        self.at = email.end;
        self.email = next_email(self.text, email.end);
        Some(Match {
            kind: Kind::Email,
            start: email.start,
            end: email.end,
        })
    }
}

/// The first email that begins at `from` or later.
fn next_email(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    memchr_iter(b'@', &bytes[from..])
        .map(|skipped| from + skipped)
        .find_map(|at| Some(local_start(text, from, at)?..domain_end(bytes, at + 1)?))
}

/// Where the local part that ends before the `@` at `at` begins, not before `from`.
///
/// Atoms with single dots between them, from a word boundary (`\b`) on. Of several beginnings the
/// first is taken.
fn local_start(text: &str, from: usize, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut start = at;
    while start > from {
        let is_dot = bytes[start - 1] == b'.';
        let joins = is_dot
            && start < at
            && bytes[start] != b'.'
            && start - 1 > from
            && is_atom(bytes[start - 2]);
        if !joins && !is_atom(bytes[start - 1]) {
            break;
        }
        start -= 1;
    }
    let mut is_after_word = text[..start].chars().next_back().is_some_and(is_word);
    (start..at).find(|&i| {
        let is_word_byte = is_word(char::from(bytes[i]));
        let is_boundary = is_word_byte != is_after_word;
        is_after_word = is_word_byte;
        is_boundary && bytes[i] != b'.'
    })
}

/// A character of a local part, other than the dot.
fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

/// Where the domain that begins at `start` ends; `None` where there is none.
fn domain_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) == Some(&b'[') {
        return literal_end(bytes, start + 1);
    }
    let (mut end, mut can_go_on) = label_end(bytes, start)?;
    let mut n_labels = 1;
    while can_go_on && bytes.get(end) == Some(&b'.') {
        let Some((next, is_whole)) = label_end(bytes, end + 1) else {
            break;
        };
        (end, can_go_on) = (next, is_whole);
        n_labels += 1;
    }
    (n_labels > 1).then_some(end)
}

/// Where the label that begins at `start` ends, without hyphens at its end, and whether there were
/// none: a label with some is the last one.
fn label_end(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let is_label = |&b: &u8| b.is_ascii_alphanumeric() || b == b'-';
    let run = bytes.get(start..)?;
    let run = &run[..run.iter().take_while(|b| is_label(b)).count()];
    if run.first()? == &b'-' {
        return None;
    }
    let n = run.iter().rposition(|&b| b != b'-')? + 1;
    Some((start + n, n == run.len()))
}

/// Where the address literal ends whose `[` stands before `start`: four numbers, or three and a
/// name with a colon.
fn literal_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for _ in 0..3 {
        let n = octet_before(bytes, at, b'.')?;
        at += n + 1;
    }
    if let Some(n) = octet_before(bytes, at, b']') {
        return Some(at + n + 1);
    }
    let (end, is_whole) = tag_end(bytes, at)?;
    (is_whole && bytes[end..].starts_with(b":]")).then_some(end + 2)
}

/// Where the name of letters, digits and hyphens ends, and whether it ends in no hyphen.
fn tag_end(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let run = bytes.get(start..)?;
    let n = run
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
        .count();
    Some((start + n, run[..n].last()? != &b'-'))
}

/// Length of the number at `start` if it is one of 0 to 255 and `after` follows.
fn octet_before(bytes: &[u8], start: usize, after: u8) -> Option<usize> {
    let run = bytes.get(start..)?;
    let n = digits(run);
    (is_octet(&run[..n]) && run.get(n) == Some(&after)).then_some(n)
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Whether `number`, of digits, has one to three of them and is at most 255; zeros may lead.
fn is_octet(number: &[u8]) -> bool {
    (1..=3).contains(&number.len()) && value(number) <= 255
}

fn value(number: &[u8]) -> u32 {
    number
        .iter()
        .fold(0, |v, digit| v * 10 + u32::from(digit - b'0'))
}

/// The first dotted quad that begins at `from` or later, and whether it is a public address.
///
/// Nothing need stand around it: `1234.5.6.789` has `234.5.6.78`.
fn next_ipv4(bytes: &[u8], from: usize) -> Option<(Range<usize>, bool)> {
    let mut search = from;
    while let Some(skipped) = memchr(b'.', &bytes[search..]) {
        let dot = search + skipped;
        if let Some(found) = quad(bytes, from, dot) {
            let is_public = is_public(&bytes[found.clone()]);
            return Some((found, is_public));
        }
        search = dot + 1;
    }
    None
}

/// The dotted quad whose first dot is at `dot` and which begins at `from` or later.
fn quad(bytes: &[u8], from: usize, dot: usize) -> Option<Range<usize>> {
    let start = (from.max(dot.saturating_sub(3))..dot).find(|&i| {
        let number = &bytes[i..dot];
        number.iter().all(u8::is_ascii_digit) && is_octet(number)
    })?;
    let second = octet_before(bytes, dot + 1, b'.')?;
    let third = octet_before(bytes, dot + second + 2, b'.')?;
    let last = dot + second + third + 3;
    let n = digits(&bytes[last..]).min(3);
    // The longest number that is one: of 256 the 25.
    let n = (1..=n).rev().find(|&n| is_octet(&bytes[last..last + n]))?;
    Some(start..last + n)
}

/// Whether Python's `ipaddress` reads it as an address (no leading zeros) that `is_global`.
fn is_public(quad: &[u8]) -> bool {
    // Rust reads exactly the spellings that Python does.
    let address = std::str::from_utf8(quad).ok().and_then(|q| q.parse().ok());
    address.is_some_and(is_global)
}

/// `ipaddress.IPv4Address.is_global` of Python 3.11.10, 3.12.4 and later, which follow IANA's
/// registry of special addresses. Before, of 192.0.0.0/24 only 0 to 7, 170 and 171 were not global.
fn is_global(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 240..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0, 0..=8 | 11..=255]
            | [192, 0, 2, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

#[cfg(test)]
mod tests {
    use super::{Kind, find};

    fn found(text: &str, kind: Kind) -> Vec<&str> {
        find(text)
            .filter(|m| m.kind == kind)
            .map(|m| &text[m.start..m.end])
            .collect()
    }

    /// Expected values: `re.findall` of the original's pattern.
    #[test]
    fn emails_are_those_of_the_pattern() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("@", &[]),
            ("a@b", &[]),
            ("a@b.c", &["a@b.c"]),
            (
                "<first.last+tag@mail.example.com>.",
                &["first.last+tag@mail.example.com"],
            ),
            // A beginning needs a word boundary.
            ("!a@b.co", &["a@b.co"]),
            ("x !@b.co", &[]),
            ("x!@b.co", &["x!@b.co"]),
            ("éa@b.co", &[]),
            ("éa.b@c.de", &["b@c.de"]),
            ("é!a@b.co", &["!a@b.co"]),
            ("\u{301}a@b.co", &["a@b.co"]),
            ("日a-b@c.de", &["-b@c.de"]),
            // Dots stand singly and inside.
            ("a..b@c.de", &["b@c.de"]),
            (".a@c.de", &["a@c.de"]),
            ("a.@c.de", &[]),
            // Domains.
            ("a@-b.co", &[]),
            ("a@b-.co", &[]),
            ("a@b..co", &[]),
            ("a@b.co-", &["a@b.co"]),
            ("a@b.c-.d", &["a@b.c"]),
            ("a@b.-c", &[]),
            ("a@b.c.-d", &["a@b.c"]),
            ("a@x--y.co.", &["a@x--y.co"]),
            ("a@b.coé", &["a@b.co"]),
            // One after the other.
            ("a@b.co@d.ef", &["a@b.co"]),
            ("a@b@c.de", &["b@c.de"]),
            ("a@b.co,c@d.ef", &["a@b.co", "c@d.ef"]),
            ("a@b.c_d@e.fg", &["a@b.c"]),
            // Literals.
            ("a@[1.2.3.4]", &["a@[1.2.3.4]"]),
            ("a@[1.2.3.256]", &[]),
            ("a@[01.2.3.004]", &["a@[01.2.3.004]"]),
            ("a@[1.2.3.x-y:]", &["a@[1.2.3.x-y:]"]),
            ("a@[1.2.3.-y:]", &["a@[1.2.3.-y:]"]),
            ("a@[1.2.3.y-:]", &[]),
            ("a@[1.2.3.4:]", &["a@[1.2.3.4:]"]),
            ("a@[1.2.3]", &[]),
            ("a@[1.2.3.", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text, Kind::Email), *expected, "{text:?}");
        }
    }

    /// Expected values: the original's pattern, then `ipaddress`.
    #[test]
    fn public_addresses_are_those_of_the_pattern_that_are_global() {
        let cases: &[(&str, &[&str])] = &[
            ("8.8.8.8", &["8.8.8.8"]),
            ("v1.2.3.4.5", &["1.2.3.4"]),
            ("1.2.3.4.5.6.7.8", &["1.2.3.4", "5.6.7.8"]),
            ("1234.5.6.789", &["234.5.6.78"]),
            ("999.5.6.7", &["99.5.6.7"]),
            ("1.2.3.256", &["1.2.3.25"]),
            ("1.2.3.300", &["1.2.3.30"]),
            ("1.256.3.4", &[]),
            ("1.2.3.", &[]),
            ("1.2..3.4", &[]),
            (".1.2.3.4", &["1.2.3.4"]),
            // A match that is no address uses up its text.
            ("01.2.3.4.5.6.7", &[]),
            ("1.2.3.04", &[]),
            (
                "0.0.0.0 10.1.2.3 127.0.0.1 169.254.1.1 172.16.0.1 192.168.0.1",
                &[],
            ),
            ("172.32.0.1", &["172.32.0.1"]),
            (
                "100.64.0.1 198.18.0.1 198.51.100.2 203.0.113.9 240.0.0.1 255.255.255.255",
                &[],
            ),
            ("224.0.0.1", &["224.0.0.1"]),
            (
                "192.0.0.8 192.0.0.9 192.0.0.11 192.0.1.0",
                &["192.0.0.9", "192.0.1.0"],
            ),
            // Emails first.
            ("a@[8.8.8.8] x@8.8.8.8 8.8.8.8@b.co", &[]),
            ("a@b.c-.8.8.4.4", &["8.8.4.4"]),
            ("8.8.4.4,a@b.co1.1.1.1", &["8.8.4.4"]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text, Kind::PublicIpv4), *expected, "{text:?}");
        }
    }
}
