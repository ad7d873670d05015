//! C4's rules as numbers, computed as Dolma's taggers `c4_v1` and `c4_v2` do.
//!
//! The taggers look at the whole text and remove nothing, where datatrove's C4 judges what its line
//! rules leave. They differ from each other in one signal: to `c4_v1` javascript is a word, to
//! `c4_v2` any part of the text. End marks are `. ? ! "`: not `'`, and `...` is none the less one.
//! The bad words are those of the original's own file, `naughty_words_en.txt` (the list of
//! LDNOOBW, "List of Dirty, Naughty, Obscene, and Otherwise Bad Words", CC BY 4.0, unchanged).

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::{memchr, memmem};

use super::super::{Asked, Family, Scratch, SignalSpec};
use super::spec;
use crate::text::chars::is_space;
use crate::text::lines::{newline_lines, split_spaces, strip};
use crate::text::{Doc, Needs};

/// A line of fewer words is too short.
const MIN_WORDS: usize = 3;

static NAUGHTY: &str = include_str!("naughty_words_en.txt");

const SOURCE: &str =
    "allenai/dolma 669f534 (release 1.2.1), taggers/c4.py; Raffel et al. 2020, section 2.2";
const COUNT: &str = "0 and more";
const FLAG: &str = "0 or 1";

const fn signals(has_javascript: &'static str) -> [SignalSpec; 7] {
    [
        spec(
            "n_lines",
            "Lines of `split(\"\\n\")`, empty ones included.",
            "1 and more",
        ),
        spec(
            "n_lines_no_end_punct",
            "Lines that, stripped, end in none of `. ? ! \"`.",
            COUNT,
        ),
        spec(
            "n_lines_few_words",
            "Lines with fewer than 3 words, empty ones included.",
            COUNT,
        ),
        spec(
            "has_naughty_word",
            "Whether the lower-cased text has a word (between white space, punctuation included) or contains a phrase of the list of bad words.",
            FLAG,
        ),
        spec("has_javascript", has_javascript, FLAG),
        spec(
            "has_lorem_ipsum",
            "Whether the lower-cased text contains `lorem ipsum`.",
            FLAG,
        ),
        spec("has_curly_brace", "Whether the text contains `{`.", FLAG),
    ]
}

/// `c4_v1`: javascript is a word.
pub static V1: Family = Family {
    name: "dolma.c4_v1",
    prefix: "dolma.c4_v1.",
    source: SOURCE,
    signals: &signals(
        "Whether `javascript` is a word (between white space, nothing beside it) of the lower-cased text.",
    ),
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute: |doc, scratch, out| compute(doc, scratch, What::JavascriptWord, out),
};

/// `c4_v2`: javascript is any part of the text.
pub static V2: Family = Family {
    name: "dolma.c4_v2",
    prefix: "dolma.c4_v2.",
    source: SOURCE,
    signals: &signals("Whether the lower-cased text contains `javascript`."),
    needs: Needs::NONE,
    of_words: Asked::ALL,
    compute: |doc, scratch, out| compute(doc, scratch, What::Javascript, out),
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    lower: String,
}

/// Whether a stripped line ends in an end mark.
pub(crate) fn ends_sentence(line: &str) -> bool {
    line.ends_with(['.', '?', '!', '"'])
}

/// Whether a line has too few words; reads no more of it than needed.
pub(crate) fn has_few_words(line: &str) -> bool {
    split_spaces(line).take(MIN_WORDS).count() < MIN_WORDS
}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, javascript: What, out: &mut [f64]) {
    let (mut n_lines, mut no_end_punct, mut few_words) = (0_usize, 0_usize, 0_usize);
    for line in newline_lines(doc.text) {
        let line = strip(line);
        n_lines += 1;
        no_end_punct += usize::from(!ends_sentence(line));
        few_words += usize::from(has_few_words(line));
    }
    let found = find(lower(doc.text, &mut scratch.dolma.c4.lower));
    let flag = |is_set: bool| f64::from(u8::from(is_set));
    out.copy_from_slice(&[
        n_lines as f64,
        no_end_punct as f64,
        few_words as f64,
        flag(found[What::Naughty as usize]),
        flag(found[javascript as usize]),
        flag(found[What::LoremIpsum as usize]),
        flag(memchr(b'{', doc.text.as_bytes()).is_some()),
    ]);
}

/// Everything that is searched for at once.
struct Patterns {
    finder: AhoCorasick,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    NaughtyWord,
    NaughtyPhrase,
    Javascript,
    LoremIpsum,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let naughty = NAUGHTY.lines().map(|entry| {
        let is_phrase = entry.contains(' ');
        let kind = if is_phrase {
            Kind::NaughtyPhrase
        } else {
            Kind::NaughtyWord
        };
        (entry, kind)
    });
    let all = naughty.chain([
        ("javascript", Kind::Javascript),
        ("lorem ipsum", Kind::LoremIpsum),
    ]);
    let (texts, kinds): (Vec<&str>, Vec<Kind>) = all.unzip();
    let finder = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        // A step a byte; the table is under a megabyte and almost all steps are near its root.
        .kind(Some(AhoCorasickKind::DFA))
        .build(texts)
        // Cannot fail: the patterns are constants of this crate, and every test builds them.
        .expect("constant patterns");
    Patterns { finder, kinds }
});

/// What was found, by [`What`].
type Found = [bool; 4];

/// What the signals ask for.
#[derive(Clone, Copy)]
enum What {
    Naughty,
    Javascript,
    JavascriptWord,
    LoremIpsum,
}

/// Lower-cases `text` as far as the patterns, which are searched in any ASCII case, can tell.
///
/// Of all other characters only the Kelvin sign and `İ` lower-case to ASCII letters.
fn lower<'a>(text: &'a str, buffer: &'a mut String) -> &'a str {
    let has = |c: &str| memmem::find(text.as_bytes(), c.as_bytes()).is_some();
    if !has("\u{212a}") && !has("İ") {
        return text;
    }
    buffer.clear();
    for c in text.chars() {
        match c {
            '\u{212a}' => buffer.push('k'),
            'İ' => buffer.push_str("i\u{307}"),
            _ => buffer.push(c),
        }
    }
    buffer
}

fn find(text: &str) -> Found {
    let Patterns { finder, kinds } = &*PATTERNS;
    let mut found = Found::default();
    for hit in finder.find_overlapping_iter(text) {
        let is_word = || {
            let ends = [
                text[..hit.start()].chars().next_back(),
                text[hit.end()..].chars().next(),
            ];
            ends.into_iter().flatten().all(is_space)
        };
        let mut set = |what: What, is_found: bool| found[what as usize] |= is_found;
        match kinds[hit.pattern().as_usize()] {
            Kind::NaughtyPhrase => set(What::Naughty, true),
            Kind::NaughtyWord => set(What::Naughty, is_word()),
            Kind::LoremIpsum => set(What::LoremIpsum, true),
            Kind::Javascript => {
                set(What::Javascript, true);
                set(What::JavascriptWord, is_word());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;
    use super::{NAUGHTY, V1, V2};

    #[test]
    fn every_newline_makes_a_line() {
        let cases = [("", 1.0), ("a\r\nb\n", 3.0), ("a\rb\u{2028}c", 1.0)];
        check(&V1, "n_lines", &cases);
    }

    #[test]
    fn a_stripped_line_ends_in_one_of_four_marks() {
        let cases = [
            ("", 1.0),
            ("a.\nb? \nc!\u{3000}\r\nd\"", 0.0),
            ("a'\nb…\nc”\nd.)", 4.0),
            ("a...\n\n", 2.0),
        ];
        check(&V1, "n_lines_no_end_punct", &cases);
        check(&V2, "n_lines_no_end_punct", &cases);
    }

    #[test]
    fn fewer_than_three_words_are_few() {
        let cases = [("", 1.0), ("a b\na b c\n\na\u{a0}b\x1fc d", 2.0)];
        check(&V1, "n_lines_few_words", &cases);
    }

    #[test]
    fn javascript_is_a_word_to_one_and_a_part_to_the_other() {
        let cases = [
            ("", 0.0, 0.0),
            ("use JavaScript now", 1.0, 1.0),
            ("use\njavascript", 1.0, 1.0),
            ("use javascript, now", 0.0, 1.0),
            ("javascript:void(0)", 0.0, 1.0),
            ("java script", 0.0, 0.0),
            // The second occurrence is the word.
            ("xjavascript javascript", 1.0, 1.0),
            // Lower-cased it is `i` and a combining dot.
            ("JAVASCRİPT", 0.0, 0.0),
        ];
        for (text, word, part) in cases {
            check(&V1, "has_javascript", &[(text, word)]);
            check(&V2, "has_javascript", &[(text, part)]);
        }
    }

    #[test]
    fn phrases_are_found_in_any_case_anywhere() {
        let cases = [
            ("", 0.0),
            ("xLorem Ipsumx", 1.0),
            ("lorem\nipsum", 0.0),
            ("lorem  ipsum", 0.0),
        ];
        check(&V1, "has_lorem_ipsum", &cases);
        check(
            &V2,
            "has_curly_brace",
            &[("", 0.0), ("a}{", 1.0), ("}", 0.0)],
        );
    }

    #[test]
    fn every_bad_word_is_found_as_a_word_and_every_phrase_anywhere() {
        assert_eq!(NAUGHTY.lines().count(), 403);
        for entry in NAUGHTY.lines() {
            let upper = entry.to_uppercase();
            for family in [&V1, &V2] {
                let cases = [
                    (entry, 1.0),
                    (&upper, 1.0),
                    (&format!("a\n{entry}\u{3000}b"), 1.0),
                ];
                check(family, "has_naughty_word", &cases);
                if entry.contains(' ') {
                    check(family, "has_naughty_word", &[(&format!("0{entry}0"), 1.0)]);
                } else {
                    check(family, "has_naughty_word", &[(&format!("0{entry}."), 0.0)]);
                }
            }
        }
    }

    #[test]
    fn letters_that_lower_case_to_ascii_are_found() {
        // Built from the list, so that no entry is spelled here.
        let with_k = NAUGHTY
            .lines()
            .find(|w| w.contains('k'))
            .expect("an entry with k");
        let kelvin = with_k.replace('k', "\u{212a}");
        check(&V1, "has_naughty_word", &[(&kelvin, 1.0)]);
        let with_i = NAUGHTY
            .lines()
            .find(|w| w.contains('i') && !w.contains(' '))
            .expect("an entry with i");
        let dotted = with_i.replace('i', "İ");
        check(&V1, "has_naughty_word", &[(&dotted, 0.0)]);
    }
}
