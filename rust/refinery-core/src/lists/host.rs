//! Which host a URL names, and where its registered domain begins, as Python's `tldextract` says.
//!
//! A registered domain is one label in front of a public suffix: `bbc.co.uk` of
//! `news.bbc.co.uk`. The public suffix list is that of the `psl` crate, its part of registries only
//! (`include_psl_private_domains=False`): all of `blogspot.com` is one domain.
//!
//! Case is kept, as it is in `tldextract`.

use memchr::{memchr, memchr_iter};
use psl::{List, Psl, Type};

use crate::text::lines::strip;

/// Names the list behind [`Host`]: another one moves registered domains, and so stored signals.
pub const SUFFIX_LIST: &str = "psl 2.1.247";

/// Full stops of host names: the ASCII one and three that are read as it.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// Reads the hosts of URLs; buffers are reused.
#[derive(Default)]
pub struct HostReader {
    /// The host with ASCII dots.
    host: String,
    /// The same with its labels in lower case.
    lower: String,
}

/// The names of a host. Both are empty where it has no registered domain: an IP address,
/// `localhost`, an unknown top-level domain, a public suffix itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host<'a> {
    /// `ExtractResult.registered_domain`.
    pub registered_domain: &'a str,
    /// `ExtractResult.fqdn`.
    pub fqdn: &'a str,
}

impl HostReader {
    /// The names of the host of `url`.
    pub fn read(&mut self, url: &str) -> Host<'_> {
        let host = host_of(url);
        self.host.clear();
        self.host.extend(
            host.chars()
                .map(|c| if DOTS.contains(&c) { '.' } else { c }),
        );
        self.lower.clear();
        for label in self.host.split('.') {
            if !self.lower.is_empty() || label.is_empty() {
                self.lower.push('.');
            }
            if label.is_ascii() {
                self.lower
                    .extend(label.chars().map(|c| c.to_ascii_lowercase()));
            } else {
                self.lower.push_str(&label.to_lowercase());
            }
        }
        named(&self.host, registry_suffix_labels(&self.lower))
    }
}

/// The names of `host`, whose last `n_suffix` labels are a public suffix.
fn named(host: &str, n_suffix: usize) -> Host<'_> {
    if n_suffix == 0 {
        return Host::default();
    }
    let Some((dot, _)) = host.rmatch_indices('.').nth(n_suffix - 1) else {
        return Host::default(); // the suffix itself
    };
    let start = host[..dot].rfind('.').map_or(0, |at| at + 1);
    if start == dot {
        return Host::default(); // two dots before the suffix
    }
    let registered_domain = &host[start..];
    // An empty subdomain is left out with its dot.
    let fqdn = if start == 1 { registered_domain } else { host };
    Host {
        registered_domain,
        fqdn,
    }
}

/// Number of labels of the longest public suffix of a registry that `lower` ends in.
fn registry_suffix_labels(lower: &str) -> usize {
    let mut name = lower.as_bytes();
    loop {
        let found = List.find(name.rsplit(|&b| b == b'.'));
        let suffix = &name[name.len() - found.len.min(name.len())..];
        match found.typ {
            Some(Type::Icann) => return 1 + memchr_iter(b'.', suffix).count(),
            // A private suffix lies beneath one of a registry, which is shorter.
            Some(Type::Private) => match memchr(b'.', suffix) {
                Some(dot) => name = &suffix[dot + 1..],
                None => return 0,
            },
            None => return 0,
        }
    }
}

/// The host as `tldextract` cuts it out: without scheme, user, port and final dots, not checked.
fn host_of(url: &str) -> &str {
    let rest = without_scheme(url);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if host.starts_with('[')
        && let Some(end) = host.find(']')
    {
        return &host[..=end];
    }
    let name = host.split(':').next().unwrap_or(host);
    strip(name).trim_end_matches(DOTS)
}

fn without_scheme(url: &str) -> &str {
    let is_scheme_byte = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
    match url.find("//") {
        Some(0) => &url[2..],
        Some(at)
            if at >= 2
                && url.as_bytes()[at - 1] == b':'
                && url.as_bytes()[..at - 1].iter().all(is_scheme_byte) =>
        {
            &url[at + 2..]
        }
        _ => url,
    }
}

#[cfg(test)]
mod tests {
    use super::{Host, HostReader};

    /// Expected values: `tldextract.TLDExtract(suffix_list_urls=())`.
    #[test]
    fn names_are_those_of_tldextract() {
        let cases = [
            ("", "", ""),
            (
                "http://www.example.com/a?b#c",
                "example.com",
                "www.example.com",
            ),
            (
                "https://user:p@ss@News.BBC.co.uk:8080/x",
                "BBC.co.uk",
                "News.BBC.co.uk",
            ),
            ("example.com", "example.com", "example.com"),
            ("//cdn.example.com/x", "example.com", "cdn.example.com"),
            ("foo/bar//example.com", "", ""),
            ("f_o://example.com", "", ""),
            ("://example.com", "", ""),
            (
                "git+ssh://www.github.com:33/a",
                "github.com",
                "www.github.com",
            ),
            ("http://a.blogspot.com", "blogspot.com", "a.blogspot.com"),
            ("http://user.github.io/", "github.io", "user.github.io"),
            ("http://co.uk/", "", ""),
            ("http://localhost:80/", "", ""),
            ("http://127.0.0.1/a.com", "", ""),
            ("http://[::1]:80/a.com", "", ""),
            ("http://[a.com]/", "", ""),
            ("http://[a.com/", "[a.com", "[a.com"),
            ("http://a.b.ck", "a.b.ck", "a.b.ck"),
            ("http://x.www.ck", "www.ck", "x.www.ck"),
            ("http://ck", "", ""),
            (
                "http://a.city.kawasaki.jp",
                "city.kawasaki.jp",
                "a.city.kawasaki.jp",
            ),
            ("http://example.nosuchtld", "", ""),
            ("http://example.com..", "example.com", "example.com"),
            ("http://a..com", "", ""),
            ("http://.a.com", "a.com", "a.com"),
            ("http://..a.com", "a.com", "..a.com"),
            ("http:// example.com /x", "example.com", "example.com"),
            (
                "http://www\u{3002}example\u{ff0e}com\u{ff61}",
                "example.com",
                "www.example.com",
            ),
            ("http://пример.рф", "пример.рф", "пример.рф"),
            (
                "http://xn--e1afmkfd.XN--P1AI",
                "xn--e1afmkfd.XN--P1AI",
                "xn--e1afmkfd.XN--P1AI",
            ),
            ("http://例.公司.CN", "例.公司.CN", "例.公司.CN"),
        ];
        let mut reader = HostReader::default();
        for (url, registered_domain, fqdn) in cases {
            let expected = Host {
                registered_domain,
                fqdn,
            };
            assert_eq!(reader.read(url), expected, "{url:?}");
        }
    }
}
