//! Bad words in a text, found as datatrove's `C4BadWordsFilter` finds them.
//!
//! The list is a file of one entry a line, in the layout of LDNOOBW: a file for each language. An
//! entry stands in the lower-cased text, and has no word character on either side, except in
//! Japanese, Thai and Chinese, which are written without spaces.
//!
//! Not here: the list itself, and the random share of documents that the original may keep.

use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{ListFamily, Reader, lines};
use crate::signal::SignalSpec;
use crate::text::chars::is_word;
use crate::text::lines::strip;
use crate::text::lower::lower_into;
use crate::{Error, Result};

const NAME: &str = "bad_words.path";

/// The family.
pub static FAMILY: ListFamily = ListFamily {
    name: "datatrove.c4_badwords",
    key: "bad_words",
    source: "huggingface/datatrove 0.10.0, C4BadWordsFilter; Raffel et al. 2020, section 2.2",
    signals: &[SignalSpec {
        name: "n_matches",
        definition: "Places where an entry of the list stands in the lower-cased text, with no word character (`\\w` of Python) beside it unless the language is ja, th or zh.",
        range: "0 and more",
    }],
};

/// Languages whose entries are found inside of words.
const UNSEPARATED: [&str; 3] = ["ja", "th", "zh"];
/// Entries that are in no list: common parts of words in Japanese and Chinese. The original takes
/// them out of the lists of all languages.
const ALLOWED: [&str; 4] = ["sm", "グロ", "女の子", "性"];
/// Languages that the original knows.
const LANGUAGES: [&str; 28] = [
    "ar",
    "cs",
    "da",
    "de",
    "en",
    "eo",
    "es",
    "fa",
    "fi",
    "fil",
    "fr",
    "fr-CA-u-sd-caqc",
    "hi",
    "hu",
    "it",
    "ja",
    "kab",
    "ko",
    "nl",
    "no",
    "pl",
    "pt",
    "ru",
    "sv",
    "th",
    "tlh",
    "tr",
    "zh",
];

/// A list, loaded.
pub struct BadWords {
    matcher: AhoCorasick,
    is_separated: bool,
    fingerprint: String,
}

impl BadWords {
    /// Loads the list of `language`: the file `path`, or the file of that name in the folder `path`.
    ///
    /// Errors where there is none, or no entry in it.
    pub fn load(path: &Path, language: &str) -> Result<Self> {
        let file = if path.is_dir() {
            path.join(language)
        } else {
            PathBuf::from(path)
        };
        let mut reader = Reader::default();
        let text = reader.read(NAME, &file, &sources(language))?;
        let mut words: Vec<&str> = lines(&text).map(strip).filter(|w| can_match(w)).collect();
        words.sort_unstable();
        words.dedup();
        let error = |message: String| Error::Parameter {
            name: NAME,
            message: format!("{}: {message}", file.display()),
        };
        if words.is_empty() {
            return Err(error("no entry that could be found in a text".into()));
        }
        let is_separated = !UNSEPARATED.contains(&language);
        let matcher = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&words)
            .map_err(|e| error(e.to_string()))?;
        let how = if is_separated { "words" } else { "parts" };
        Ok(Self {
            matcher,
            is_separated,
            fingerprint: reader.fingerprint(how),
        })
    }

    /// Names the list's content and the way it is searched for: 32 hexadecimal digits.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Number of places where an entry stands; overlapping ones count each. `lower` is a buffer.
    pub fn count(&self, text: &str, lower: &mut String) -> usize {
        // The matcher folds ASCII itself.
        let text = if text.is_ascii() {
            text
        } else {
            lower_into(text, lower);
            lower.as_str()
        };
        self.matcher
            .find_overlapping_iter(text)
            .filter(|found| !self.is_separated || stands_alone(text, found.start(), found.end()))
            .count()
    }
}

/// Whether there is no word character on either side of `text[start..end]`.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    !before.is_some_and(is_word) && !after.is_some_and(is_word)
}

/// Whether an entry can be found at all: the text is lower-cased and the list is not, so that an
/// entry with an ASCII capital is never found. Empty lines, which the original would find between
/// any two characters that are no word's, are no entries.
fn can_match(entry: &str) -> bool {
    !entry.is_empty() && !ALLOWED.contains(&entry) && !entry.bytes().any(|b| b.is_ascii_uppercase())
}

/// Where the original takes the list of `language` from.
fn sources(language: &str) -> String {
    let commit = if language == "en" {
        "25e679f03d96baa721cde20db9944649e8d0a844"
    } else {
        "5faf2ba42d7b1c0977169ec3611df25a3c08eb13"
    };
    if !LANGUAGES.contains(&language) {
        return format!(
            "datatrove has no list for {language:?}, only for {}",
            LANGUAGES.join(", ")
        );
    }
    format!(
        "datatrove takes the list of {language:?} from the file {language} of the repository \
         LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words on GitHub (CC BY 4.0) at \
         commit {commit}"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::Folder;
    use super::BadWords;
    use crate::Error;

    fn count(list: &str, language: &str, cases: &[(&str, usize)]) {
        let folder = Folder::new(&format!("bad-words-{language}"), &[(language, list)]);
        let words = BadWords::load(folder.path(), language).expect("a list");
        let mut lower = String::new();
        for &(text, expected) in cases {
            assert_eq!(words.count(text, &mut lower), expected, "{text:?}");
        }
    }

    #[test]
    fn entries_stand_between_no_word_characters() {
        let list = "bad\nvery bad\n a+b \r\nCapital\n\nsm\nübel\nk2\ni\u{307}x\nσας\n";
        let cases = [
            ("", 0),
            ("bad", 1),
            ("BAD, bad\nbad", 3),
            ("badly unbad _bad bad2 bad_", 0),
            ("ébad badé bad\u{301}", 1),
            ("bad½ Ⅷbad 漢bad", 0),
            ("“bad” bad’s —bad…", 3),
            ("very bad", 2),
            ("very\nbad", 1),
            ("A+B a+bc", 1),
            ("capital Capital", 0),
            ("sm", 0),
            ("ÜBEL", 1),
            ("\u{212a}2", 1),
            ("İx", 1),
            ("ΣΑΣ", 1),
        ];
        count(list, "en", &cases);
    }

    #[test]
    fn languages_without_spaces_are_searched_inside_of_words() {
        count(
            "悪い\n性\nbad\n",
            "ja",
            &[("とても悪いです", 1), ("性", 0), ("unBADly", 1)],
        );
    }

    #[test]
    fn a_missing_list_is_named_with_where_to_get_it() {
        let folder = Folder::new(
            "bad-words-missing",
            &[("en", "bad\n"), ("empty", "\nABC\n")],
        );
        let message = |path: &std::path::Path, language: &str| {
            let Err(Error::Parameter { message, .. }) = BadWords::load(path, language) else {
                panic!("{language} has no list")
            };
            message
        };
        assert!(
            message(folder.path(), "de")
                .contains("commit 5faf2ba42d7b1c0977169ec3611df25a3c08eb13")
        );
        assert!(message(folder.path(), "xx").contains("datatrove has no list for \"xx\""));
        assert!(message(&folder.path().join("none"), "en").contains("commit 25e679f0"));
        assert!(message(folder.path(), "empty").contains("no entry"));
    }

    #[test]
    fn the_fingerprint_tells_list_and_way_apart() {
        let folder = Folder::new(
            "bad-words-names",
            &[("en", "bad\n"), ("ja", "bad\n"), ("de", "bad\n")],
        );
        let of = |language: &str| {
            BadWords::load(folder.path(), language)
                .expect("a list")
                .fingerprint
        };
        assert_eq!(of("en"), of("de"));
        assert_ne!(of("en"), of("ja"));
    }
}
