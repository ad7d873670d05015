//! spaCy's URL pattern as a test of a whole string; not a URL parser.
//!
//! The pattern is anchored at both ends, so which way a backtracking engine would go does not
//! matter, only whether some way exists:
//! `[scheme://] [user@] (address | host) [:port] [(/|?|#) anything]`.

use super::classes::Classes;
use super::tables::{LOWER, RE_DIGIT, RE_WORD};

/// Whether spaCy keeps `chunk` whole as a URL. Linear in its length.
pub(super) fn is_url(chunk: &str, classes: &Classes) -> bool {
    if !chunk.contains('.') {
        return false;
    }
    is_location(chunk, classes)
        || after_scheme(chunk, classes).is_some_and(|rest| is_location(rest, classes))
        || after_users(chunk).any(|rest| is_location(rest, classes))
}

/// What follows `scheme://`. No scheme character is a colon, so there is one place at most.
fn after_scheme<'a>(chunk: &'a str, classes: &Classes) -> Option<&'a str> {
    let (scheme, _) = chunk.split_once(':')?;
    let rest = chunk[scheme.len()..].strip_prefix("://")?;
    let is_scheme = |c| matches!(c, '+' | '-' | '.') || classes.has(c, RE_WORD);
    (scheme.chars().nth(1).is_some() && scheme.chars().all(is_scheme)).then_some(rest)
}

/// What follows each `@` that has a character before it. A scheme needs no care here: user names
/// may hold any character, `://` too.
fn after_users(chunk: &str) -> impl Iterator<Item = &str> {
    let ats = memchr::memchr_iter(b'@', chunk.as_bytes());
    ats.filter(|&at| at > 0).map(|at| &chunk[at + 1..])
}

/// `(address | host) [:port] [path]`. Reads no further than the next `@`, for which there is no
/// place before the path, so that trying after every `@` stays linear.
fn is_location(rest: &str, classes: &Classes) -> bool {
    let end = rest
        .bytes()
        .position(|b| matches!(b, b':' | b'/' | b'?' | b'#' | b'@'))
        .unwrap_or(rest.len());
    let (host, tail) = rest.split_at(end);
    is_tail(tail, classes) && (is_address(host, classes) || is_host(host, classes))
}

/// `[:port] [path]`, where a port is two to five digits of any script.
fn is_tail(tail: &str, classes: &Classes) -> bool {
    let path = match tail.strip_prefix(':') {
        None => tail,
        Some(port) => {
            let is_digit = |c: &char| classes.has(*c, RE_DIGIT);
            let digits = port.chars().take(6).take_while(is_digit);
            let (n, bytes) = digits.fold((0, 0), |(n, b), c| (n + 1, b + c.len_utf8()));
            if !(2..=5).contains(&n) {
                return false;
            }
            &port[bytes..]
        }
    };
    path.is_empty() || path.starts_with(['/', '?', '#'])
}

/// One or more labels and a top-level domain of lower-case letters.
fn is_host(host: &str, classes: &Classes) -> bool {
    let Some((labels, domain)) = host.rsplit_once('.') else {
        return false;
    };
    let letters = domain.chars().take_while(|&c| classes.has(c, LOWER));
    let n = letters.take(64).count();
    (2..=63).contains(&n) && domain.chars().nth(n).is_none() && labels.split('.').all(is_label)
}

/// One to 64 characters that neither begin nor end with a hyphen or an underscore.
fn is_label(label: &str) -> bool {
    let is_inner = |c| matches!(c, '_' | '-') || is_label_char(c);
    label.starts_with(is_label_char)
        && label.ends_with(is_label_char)
        && label.chars().take(65).filter(|&c| is_inner(c)).count() <= 64
        && label.chars().all(is_inner)
}

fn is_label_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || ('\u{a1}'..='\u{ffff}').contains(&c)
}

/// Four octets, without the private networks that the pattern names.
fn is_address(host: &str, classes: &Classes) -> bool {
    let mut parts = host.split('.');
    let (Some(a), Some(b), Some(c), Some(d), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return false;
    };
    let octets = Octets(classes);
    let private = matches!((a, b), ("10" | "127", _) | ("169", "254") | ("192", "168"))
        || (a == "172" && octets.is_private_172(b));
    !private
        && octets.is_first(a)
        && octets.is_middle(b)
        && octets.is_middle(c)
        && octets.is_last(d)
}

/// The octet patterns. Their `\d` is a digit of any script, their other digits are ASCII.
struct Octets<'a>(&'a Classes);

impl Octets<'_> {
    fn digit(&self, c: char) -> bool {
        self.0.has(c, RE_DIGIT)
    }

    /// `[1-9]\d?|1\d\d|2[01]\d|22[0-3]`
    fn is_first(&self, octet: &str) -> bool {
        match Self::chars(octet) {
            (Some(a), b, None) => Self::is_one_or_two(self, a, b),
            (Some('1'), Some(b), Some(c)) => self.digit(b) && self.digit(c),
            (Some('2'), Some('0' | '1'), Some(c)) => self.digit(c),
            (Some('2'), Some('2'), Some(c)) => matches!(c, '0'..='3'),
            _ => false,
        }
    }

    /// `1?\d{1,2}|2[0-4]\d|25[0-5]`
    fn is_middle(&self, octet: &str) -> bool {
        match Self::chars(octet) {
            (Some(a), b, None) => self.digit(a) && b.is_none_or(|b| self.digit(b)),
            (Some('1'), Some(b), Some(c)) => self.digit(b) && self.digit(c),
            (Some('2'), Some('0'..='4'), Some(c)) => self.digit(c),
            (Some('2'), Some('5'), Some(c)) => matches!(c, '0'..='5'),
            _ => false,
        }
    }

    /// `[1-9]\d?|1\d\d|2[0-4]\d|25[0-4]`
    fn is_last(&self, octet: &str) -> bool {
        match Self::chars(octet) {
            (Some(a), b, None) => Self::is_one_or_two(self, a, b),
            (Some('1'), Some(b), Some(c)) => self.digit(b) && self.digit(c),
            (Some('2'), Some('0'..='4'), Some(c)) => self.digit(c),
            (Some('2'), Some('5'), Some(c)) => matches!(c, '0'..='4'),
            _ => false,
        }
    }

    /// `1[6-9]|2\d|3[0-1]`
    fn is_private_172(&self, octet: &str) -> bool {
        match Self::chars(octet) {
            (Some('1'), Some(b), None) => matches!(b, '6'..='9'),
            (Some('2'), Some(b), None) => self.digit(b),
            (Some('3'), Some(b), None) => matches!(b, '0' | '1'),
            _ => false,
        }
    }

    fn is_one_or_two(&self, a: char, b: Option<char>) -> bool {
        matches!(a, '1'..='9') && b.is_none_or(|b| self.digit(b))
    }

    /// Up to three characters; a fourth makes an octet that nothing matches.
    fn chars(octet: &str) -> (Option<char>, Option<char>, Option<char>) {
        let mut chars = octet.chars();
        let three = (chars.next(), chars.next(), chars.next());
        if chars.next().is_some() {
            (None, None, Some(' '))
        } else {
            three
        }
    }
}
