//! What a document's URL says against block lists, computed as datatrove's `URLFilter` does.
//!
//! Five lists, in a folder under the names that datatrove gives them. Thresholds are in the preset
//! `datatrove/url`.

use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::entries::Entries;
use super::host::{HostReader, SUFFIX_LIST};
use super::{ListFamily, Reader, lines};
use crate::signal::SignalSpec;
use crate::text::lines::strip;
use crate::{Error, Result};

const NAME: &str = "url_filter.lists";
const FLAG: &str = "0 or 1; null without a URL";
const COUNT: &str = "0 and more; null without a URL";

/// Number of signals.
pub const N_SIGNALS: usize = 6;

/// The family.
pub static FAMILY: ListFamily = ListFamily {
    name: "datatrove.url",
    key: "url_filter",
    source: "huggingface/datatrove 0.10.0, URLFilter; Penedo et al. 2023 (RefinedWeb), section 3.1",
    signals: &[
        SignalSpec {
            name: "has_blocked_domain",
            definition: "Whether the registered domain, case kept, is in the list `domains`.",
            range: FLAG,
        },
        SignalSpec {
            name: "has_blocked_host",
            definition: "Whether the whole host name, case kept, is in the list `domains`.",
            range: FLAG,
        },
        SignalSpec {
            name: "is_blocked_url",
            definition: "Whether the URL as it stands is in the list `urls`.",
            range: FLAG,
        },
        SignalSpec {
            name: "n_banned_words",
            definition: "Distinct entries of `banned_words.txt` among the runs of ASCII letters and digits in the URL, whose case is kept: capitals never match.",
            range: COUNT,
        },
        SignalSpec {
            name: "n_soft_banned_words",
            definition: "Distinct entries of `soft_banned_words.txt` among the same runs.",
            range: COUNT,
        },
        SignalSpec {
            name: "n_banned_subwords",
            definition: "Places where an entry of `banned_subwords.txt` stands in the URL with nothing but its ASCII letters and digits left, in lower case.",
            range: COUNT,
        },
    ],
};

/// The lists, loaded.
pub struct UrlFilter {
    domains: Entries,
    urls: Entries,
    banned_words: Entries,
    soft_banned_words: Entries,
    banned_subwords: AhoCorasick,
    fingerprint: String,
}

/// Reusable buffers, one per thread.
#[derive(Default)]
pub struct UrlScratch {
    host: HostReader,
    letters: String,
    words: Vec<String>,
}

impl UrlFilter {
    /// Loads the five lists of `folder`. Each must be there; an empty file is an empty list.
    pub fn load(folder: &Path) -> Result<Self> {
        let files = find(folder)?;
        let mut reader = Reader::default();
        let mut read = |file: &PathBuf| reader.read(NAME, file, "it was there a moment ago");
        let plain = |text: &str| Entries::new(NAME, entries(text).map(strip));
        let domains = plain(&read(&files[0])?)?;
        let urls = plain(&read(&files[1])?)?;
        let words = |text: &str| -> Result<Entries> {
            let words: Vec<String> = entries(text).map(normalized).collect();
            Entries::new(NAME, words.iter().map(String::as_str))
        };
        let banned_words = words(&read(&files[2])?)?;
        let soft_banned_words = words(&read(&files[3])?)?;
        let subwords = read(&files[4])?;
        let mut subwords: Vec<String> = entries(&subwords)
            .map(normalized)
            .filter(|w| !w.is_empty())
            .collect();
        subwords.sort_unstable();
        subwords.dedup();
        let banned_subwords = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(&subwords)
            .map_err(|e| Error::Parameter {
                name: NAME,
                message: format!("{}: {e}", files[4].display()),
            })?;
        Ok(Self {
            domains,
            urls,
            banned_words,
            soft_banned_words,
            banned_subwords,
            fingerprint: reader.fingerprint(SUFFIX_LIST),
        })
    }

    /// Names the content of the lists: 32 hexadecimal digits.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Bytes that the lists take in memory.
    pub fn n_bytes(&self) -> usize {
        let sets = [
            &self.domains,
            &self.urls,
            &self.banned_words,
            &self.soft_banned_words,
        ];
        let sets = sets.iter().map(|set| set.n_bytes()).sum::<usize>();
        sets + self.banned_subwords.memory_usage()
    }

    /// The signals of a URL, in the order of the family; `None` for an empty one, which is none.
    pub fn signals(&self, url: &str, scratch: &mut UrlScratch) -> Option<[f64; N_SIGNALS]> {
        if url.is_empty() {
            return None;
        }
        let host = scratch.host.read(url);
        let flag = |is_set: bool| f64::from(u8::from(is_set));
        let domain = flag(self.domains.contains(host.registered_domain));
        let fqdn = flag(self.domains.contains(host.fqdn));
        scratch.letters.clear();
        scratch.letters.extend(
            url.bytes()
                .filter(u8::is_ascii_alphanumeric)
                .map(|b| char::from(b.to_ascii_lowercase())),
        );
        let subwords = self
            .banned_subwords
            .find_overlapping_iter(&scratch.letters)
            .count();
        Some([
            domain,
            fqdn,
            flag(self.urls.contains(url)),
            count_distinct(url, &self.banned_words, &mut scratch.words),
            count_distinct(url, &self.soft_banned_words, &mut scratch.words),
            subwords as f64,
        ])
    }
}

/// How many entries of `list` are among the words of `url`.
fn count_distinct(url: &str, list: &Entries, seen: &mut Vec<String>) -> f64 {
    seen.clear();
    for word in url.split(|c: char| !c.is_ascii_alphanumeric()) {
        if list.contains(word) && !seen.iter().any(|s| s == word) {
            // Rare enough to own: few URLs have one.
            seen.push(word.to_owned());
        }
    }
    seen.len() as f64
}

/// Lines that are no comments.
fn entries(text: &str) -> impl Iterator<Item = &str> + Clone {
    lines(text).filter(|line| !line.starts_with('#'))
}

/// Only the ASCII letters and digits, in lower case.
fn normalized(entry: &str) -> String {
    entry
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The lists' names; the first two also lie in a folder `adult`, as their source packs them.
const FILES: [&str; 5] = [
    "domains",
    "urls",
    "banned_words.txt",
    "soft_banned_words.txt",
    "banned_subwords.txt",
];

/// The five files of `folder`, or all that is missing.
fn find(folder: &Path) -> Result<[PathBuf; 5]> {
    let error = |message: String| Error::Parameter {
        name: NAME,
        message,
    };
    if !folder.is_dir() {
        return Err(error(format!(
            "no such folder: {}; {SOURCES}",
            folder.display()
        )));
    }
    let found = FILES.map(|name| {
        let plain = folder.join(name);
        let packed = folder.join("adult").join(name);
        if !plain.exists() && packed.exists() {
            packed
        } else {
            plain
        }
    });
    let missing: Vec<&str> = FILES
        .into_iter()
        .zip(&found)
        .filter_map(|(name, path)| (!path.is_file()).then_some(name))
        .collect();
    if missing.is_empty() {
        return Ok(found);
    }
    Err(error(format!(
        "{} lacks {}; an empty file is an empty list. {SOURCES}",
        folder.display(),
        missing.join(", ")
    )))
}

const SOURCES: &str = "datatrove 0.10.0 ships the three lists of words in datatrove/assets, and `domains` and `urls` (a copy of the list `adult` of the Université Toulouse Capitole) there in url_filterblacklistsv0_3_0.tar.gz";

#[cfg(test)]
mod tests {
    use super::super::testing::Folder;
    use super::{FAMILY, N_SIGNALS, UrlFilter, UrlScratch};
    use crate::Error;

    const LISTS: [(&str, &str); 5] = [
        (
            "adult/domains",
            "bad.com\nsub.fine.org\r\n\n# not.one\n Spaced.net \n",
        ),
        ("adult/urls", "http://fine.org/bad\n"),
        ("banned_words.txt", "# hard\nWorst\nvery-bad\n---\n"),
        ("soft_banned_words.txt", "soft\nsofter\n"),
        ("banned_subwords.txt", "x-x\naxb"),
    ];

    #[test]
    fn signals_are_those_of_the_lists() {
        let folder = Folder::new("url", &LISTS);
        let filter = UrlFilter::load(folder.path()).expect("all lists");
        let cases = [
            ("http://fine.org/", [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            ("http://www.bad.com/", [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            ("http://bad.com", [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
            ("http://Bad.com", [0.0; N_SIGNALS]),
            ("http://sub.fine.org", [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
            ("http://Spaced.net", [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
            ("http://fine.org/bad", [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
            ("http://fine.org/bad/", [0.0; N_SIGNALS]),
            // The lists are lower-cased, the URL's words are not.
            (
                "http://fine.org/worst-verybad-worst",
                [0.0, 0.0, 0.0, 2.0, 0.0, 0.0],
            ),
            ("http://fine.org/Worst/worstly", [0.0; N_SIGNALS]),
            // An entry without letters is none: the end of this URL is no word.
            ("http://localhost/", [0.0; N_SIGNALS]),
            ("soft/softer_soft", [0.0, 0.0, 0.0, 0.0, 2.0, 0.0]),
            ("A.x/Bé X", [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
            ("http://a/X-é-X", [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
            ("xxxx", [0.0, 0.0, 0.0, 0.0, 0.0, 3.0]),
        ];
        let mut scratch = UrlScratch::default();
        for (url, expected) in cases {
            assert_eq!(filter.signals(url, &mut scratch), Some(expected), "{url:?}");
        }
        assert_eq!(filter.signals("", &mut scratch), None);
        assert_eq!(FAMILY.signals.len(), N_SIGNALS);
    }

    #[test]
    fn equal_lists_have_one_fingerprint() {
        let load = |name: &str, lists: &[(&str, &str)]| {
            let folder = Folder::new(name, lists);
            let loaded = UrlFilter::load(folder.path()).expect("all lists");
            loaded.fingerprint().to_owned()
        };
        let mut moved = LISTS;
        (moved[0].0, moved[1].0) = ("domains", "urls");
        let mut changed = LISTS;
        changed[3].1 = "soft\n";
        assert_eq!(load("same-a", &LISTS), load("same-b", &moved));
        assert_ne!(load("other-a", &LISTS), load("other-b", &changed));
    }

    #[test]
    fn a_missing_list_is_named_with_where_to_get_it() {
        let folder = Folder::new("url-missing", &LISTS[..3]);
        let Err(Error::Parameter { message, .. }) = UrlFilter::load(folder.path()) else {
            panic!("two lists are missing")
        };
        for part in [
            "lacks soft_banned_words.txt, banned_subwords.txt",
            "datatrove/assets",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert!(matches!(
            UrlFilter::load(&folder.path().join("none")),
            Err(Error::Parameter { .. })
        ));
    }
}
