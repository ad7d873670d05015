//! Paragraphs that speak of cookies, privacy and terms of use.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::signal::fraction;
use crate::text::lines::newline_pair_parts;
use crate::text::lower::lower_ascii;

/// Each of the phrases has one of these in it, and most texts have none of them.
static HINTS: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["cookie", "privacy", "terms of use"].map(Finder::new));

static LOREM_IPSUM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("lorem ipsum"));

/// The phrases in lower case. Two more of the original's have `uses cookies` in them.
const PHRASES: [&str; 12] = [
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "privacy overview",
    "use of cookies",
    "use cookies",
    "privacy & cookies policy",
    "privacy and cookies policy",
    "necessary cookies are absolutely essential for the website to function properly. this \
     category only includes cookies that ensures basic functionalities and security features of \
     the website. these cookies do not store any personal information.",
    "any cookies that may not be particularly necessary for the website to function and is used \
     specifically to collect user personal data via analytics, ads, other embedded contents are \
     termed as non-necessary cookies. it is mandatory to procure user consent prior to running \
     these cookies on your website.",
    "if you continue to browse this site without changing your cookie settings, you agree to this \
     use. acceptread more",
];

static FINDERS: LazyLock<[Finder<'static>; PHRASES.len()]> =
    LazyLock::new(|| PHRASES.map(Finder::new));

/// Paragraphs with a phrase over all; 1 where any has `lorem ipsum`.
pub(super) fn share(text: &str, lower: &mut String) -> f64 {
    // No phrase has a newline in it, so a search of the whole text answers for its paragraphs.
    lower_ascii(text, lower);
    let is_in = |part: &str, finder: &Finder<'_>| finder.find(part.as_bytes()).is_some();
    if is_in(lower, &LOREM_IPSUM) {
        return 1.0;
    }
    if !HINTS.iter().any(|hint| is_in(lower, hint)) {
        return 0.0;
    }
    let (mut all, mut with_phrase) = (0, 0);
    for paragraph in newline_pair_parts(lower) {
        all += 1;
        with_phrase += usize::from(FINDERS.iter().any(|finder| is_in(paragraph, finder)));
    }
    fraction(with_phrase, all)
}
