//! C4's rules for one line: what becomes of it, and what it says after the edit.
//!
//! The reference implementation and datatrove's differ in which marks end a line, in how many words
//! a line needs and in whether citations count among them: [`LineRules`].
//!
//! Not here: counting over a document ([`super::c4`]).
//!
//! A line is searched for phrases only where the document may have one: the lower-cased document
//! is searched once for all of them, with SIMD, and nearly all documents have none. Deleting a
//! citation can bring a phrase together (`java[1]script`), so edited lines are searched each.
//! Likewise a line is searched for citations and `{` only where the document has one.

use aho_corasick::packed::Searcher;
use memchr::{memchr, memchr_iter, memmem::Finder, memrchr};

use crate::text::chars::is_decimal;
use crate::text::lines::split_spaces;
use crate::text::lower::lower_ascii;

/// A word of more characters drops its line.
const MAX_WORD_CHARS: usize = 1000;
const LOREM_IPSUM: &str = "lorem ipsum";
const JAVASCRIPT: &str = "javascript";
const POLICY_PHRASES: [&str; 2] = ["terms of use", "privacy policy"];
/// Looked for where [`COOKIE`] is found, which is in all of them.
const COOKIE_PHRASES: [&str; 4] = [
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
];
const COOKIE: &str = "cookie";

/// Which of the line rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRules {
    /// The marks of which a line must end in one; `None` lets it end as it likes.
    pub end_marks: Option<&'static [char]>,
    /// A line of fewer words is dropped.
    pub min_words: usize,
    /// Whether citations count as words.
    pub counts_citations: bool,
}

impl LineRules {
    /// As C4's reference implementation has them.
    pub const REFERENCE: Self = Self {
        end_marks: Some(&['.', '?', '!', '"']),
        min_words: 5,
        counts_citations: false,
    };
    /// As datatrove has them.
    pub const DATATROVE: Self = Self {
        end_marks: Some(&['.', '?', '!', '"', '\'']),
        min_words: 3,
        counts_citations: true,
    };
    /// As `FineWeb` runs datatrove's.
    pub const FINEWEB: Self = Self {
        end_marks: None,
        ..Self::DATATROVE
    };
}

/// What becomes of a line: kept, or the first rule that drops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// No rule drops it.
    Kept,
    /// A word of more than 1000 characters.
    LongWord,
    /// The edited line does not end in a terminal mark.
    NoTerminalPunct,
    /// Too few words.
    FewWords,
    /// It mentions javascript.
    Javascript,
    /// It has a phrase about cookies, privacy or terms of use.
    Policy,
}

impl Fate {
    /// Number of fates.
    pub const COUNT: usize = 6;
}

/// A judged line.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// What becomes of it.
    pub fate: Fate,
    /// The line without citations.
    pub text: &'a str,
    /// Whether a citation was deleted.
    pub is_edited: bool,
    /// Whether the document rule on `lorem ipsum` is reached and broken.
    pub has_lorem_ipsum: bool,
    /// Whether the document rule on `{` is reached and broken.
    pub has_curly_bracket: bool,
}

/// Which phrases some text has.
#[derive(Clone, Copy, Debug, Default)]
struct Phrases {
    lorem_ipsum: bool,
    javascript: bool,
    policy: bool,
}

impl Phrases {
    fn any(self) -> bool {
        self.lorem_ipsum || self.javascript || self.policy
    }
}

/// Judges the lines of one document after another; buffers are reused.
pub struct LineJudge {
    finders: Finders,
    lower: String,
    edited: String,
    may_have: Phrases,
    has_citation: bool,
    may_have_curly_bracket: bool,
}

struct Finders {
    /// All of those below at once; none where the machine lacks the instructions.
    any: Option<Searcher>,
    lorem_ipsum: Finder<'static>,
    javascript: Finder<'static>,
    policy: [Finder<'static>; POLICY_PHRASES.len()],
    cookie: Finder<'static>,
    cookie_phrases: [Finder<'static>; COOKIE_PHRASES.len()],
}

impl Default for LineJudge {
    fn default() -> Self {
        let of_any = [LOREM_IPSUM, JAVASCRIPT, COOKIE]
            .into_iter()
            .chain(POLICY_PHRASES);
        let finders = Finders {
            any: Searcher::new(of_any),
            lorem_ipsum: Finder::new(LOREM_IPSUM),
            javascript: Finder::new(JAVASCRIPT),
            policy: POLICY_PHRASES.map(Finder::new),
            cookie: Finder::new(COOKIE),
            cookie_phrases: COOKIE_PHRASES.map(Finder::new),
        };
        Self {
            finders,
            lower: String::new(),
            edited: String::new(),
            may_have: Phrases::default(),
            has_citation: false,
            may_have_curly_bracket: false,
        }
    }
}

impl LineJudge {
    /// Takes the document whose lines come next.
    pub fn load(&mut self, text: &str) {
        lower_ascii(text, &mut self.lower);
        self.may_have = self.phrases();
        self.has_citation = has_citation(text);
        self.may_have_curly_bracket = memchr(b'{', text.as_bytes()).is_some();
    }

    /// Judges a stripped line of the loaded document.
    pub fn judge<'a>(&'a mut self, line: &'a str, rules: LineRules) -> Judged<'a> {
        let has_long_word = has_long_word(line);
        let is_edited =
            self.has_citation && !has_long_word && delete_citations(line, &mut self.edited);
        let text = if is_edited {
            self.edited.as_str()
        } else {
            line
        };
        let found = if is_edited || self.may_have.any() {
            lower_ascii(text, &mut self.lower);
            self.phrases()
        } else {
            Phrases::default()
        };
        let counted = if rules.counts_citations { line } else { text };
        let early = if has_long_word {
            Some(Fate::LongWord)
        } else if rules.end_marks.is_some_and(|m| !ends_in_one(text, m)) {
            Some(Fate::NoTerminalPunct)
        } else {
            has_few_words(counted, rules.min_words).then_some(Fate::FewWords)
        };
        let fate = early.unwrap_or(match found {
            Phrases {
                javascript: true, ..
            } => Fate::Javascript,
            Phrases { policy: true, .. } => Fate::Policy,
            Phrases { .. } => Fate::Kept,
        });
        Judged {
            fate,
            text,
            is_edited,
            has_lorem_ipsum: early.is_none() && found.lorem_ipsum,
            has_curly_bracket: self.may_have_curly_bracket
                && matches!(fate, Fate::Kept | Fate::Policy)
                && memchr(b'{', text.as_bytes()).is_some(),
        }
    }

    /// The phrases in the lower-cased text.
    fn phrases(&self) -> Phrases {
        let has = |finder: &Finder<'_>| finder.find(self.lower.as_bytes()).is_some();
        let finders = &self.finders;
        if let Some(any) = &finders.any
            && any.find(&self.lower).is_none()
        {
            return Phrases::default();
        }
        Phrases {
            lorem_ipsum: has(&finders.lorem_ipsum),
            javascript: has(&finders.javascript),
            policy: finders.policy.iter().any(has)
                || has(&finders.cookie) && finders.cookie_phrases.iter().any(has),
        }
    }
}

fn has_long_word(line: &str) -> bool {
    let is_long = |word: &str| word.len() > MAX_WORD_CHARS && word.chars().count() > MAX_WORD_CHARS;
    may_have_long_word(line.as_bytes()) && split_spaces(line).any(is_long)
}

/// Whether so many bytes as the longest word allowed have stand together without a space.
///
/// Looks back from as far as such a word reaches, so that it reads but a few bytes of a long line.
fn may_have_long_word(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(reach) = rest.get(..=MAX_WORD_CHARS) {
        match memrchr(b' ', reach) {
            Some(space) => rest = &rest[space + 1..],
            None => return true,
        }
    }
    false
}

fn has_few_words(line: &str, least: usize) -> bool {
    // The first bytes of most lines tell.
    let first = line.as_bytes().first_chunk();
    first.is_none_or(|first| ascii_words_in(first) < least)
        && split_spaces(line).take(least).count() < least
}

/// Number of words that begin in these bytes; none unless all are ASCII.
fn ascii_words_in(bytes: &[u8; 32]) -> usize {
    if !bytes.is_ascii() {
        return 0;
    }
    let is_space = |byte: u8| matches!(byte, b'\t'..=b'\r' | 0x1c..=b' ');
    let begins = |i: usize| u8::from(is_space(bytes[i - 1]) && !is_space(bytes[i]));
    let later = (1..bytes.len()).map(begins).sum::<u8>();
    usize::from(later + u8::from(!is_space(bytes[0])))
}

/// Whether a line ends in one of `marks`; an ellipsis is none.
fn ends_in_one(line: &str, marks: &[char]) -> bool {
    line.ends_with(marks) && !line.ends_with("...")
}

/// Whether some line of the text has one: none runs over the end of a line.
fn has_citation(text: &str) -> bool {
    memchr_iter(b'[', text.as_bytes()).any(|at| citation_len(&text[at..]).is_some())
}

/// Writes `line` without `[digits]`, `[]`, `[edit]` and `[citation needed]`; whether there was one.
fn delete_citations(line: &str, edited: &mut String) -> bool {
    edited.clear();
    let mut rest = line;
    let mut at = 0;
    while let Some(skipped) = memchr(b'[', &rest.as_bytes()[at..]) {
        at += skipped;
        if let Some(length) = citation_len(&rest[at..]) {
            edited.push_str(&rest[..at]);
            rest = &rest[at + length..];
            at = 0;
        } else {
            at += 1;
        }
    }
    let has_citation = rest.len() < line.len();
    if has_citation {
        edited.push_str(rest);
    }
    has_citation
}

/// Length of the citation that `text` begins with.
fn citation_len(text: &str) -> Option<usize> {
    let inner = &text[1..];
    let digits = inner.find(|c: char| !is_decimal(c)).unwrap_or(inner.len());
    if inner[digits..].starts_with(']') {
        return Some(digits + 2);
    }
    ["[edit]", "[citation needed]"]
        .iter()
        .find(|c| text.starts_with(**c))
        .map(|c| c.len())
}
