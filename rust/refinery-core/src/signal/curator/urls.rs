//! Web addresses as the original's expression finds them.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

/// What is found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Urls {
    /// Characters of all addresses, which are ASCII.
    pub chars: usize,
    /// Whether one has `porn` in it.
    pub has_porn: bool,
}

static HTTP: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("http"));

pub(super) fn count(text: &str) -> Urls {
    let bytes = text.as_bytes();
    let mut urls = Urls::default();
    let mut end = 0;
    for at in HTTP.find_iter(bytes) {
        if at >= end {
            let url = &bytes[at..at + url_len(&bytes[at..])];
            urls.chars += url.len();
            urls.has_porn |= memmem::find(url, b"porn").is_some();
            end = at + url.len();
        }
    }
    urls
}

/// Length of the address that begins with `http` at the start of `bytes`; 0 where there is none.
fn url_len(bytes: &[u8]) -> usize {
    let scheme = if bytes[4..].starts_with(b"://") {
        7
    } else if bytes[4..].starts_with(b"s://") {
        8
    } else {
        return 0;
    };
    let mut at = scheme;
    while let Some(length) = bytes.get(at..).and_then(piece_len) {
        at += length;
    }
    if at == scheme { 0 } else { at }
}

/// Length of the character, or of the escape `%` with two hexadecimal digits, that an address may
/// go on with.
fn piece_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => Some(3),
        [b, ..] if b.is_ascii_alphanumeric() || b"$-_@.&+/:=?#~!*(),".contains(b) => Some(1),
        _ => None,
    }
}
