//! Tables from the original, and properties against the same rules without any short cut.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::cases::{self, SENTENCES};
use super::masks::Narrow;
use super::phrases::PhraseFinder;
use super::rules::RULES;
use super::tables::{CLASS_RUNS, SPACE, SPECIAL_CASES};
use super::twin::Chopper;
use super::{LineSentences, SpacyWords};
use crate::text::Word;
use crate::text::words::word_of;

fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    SpacyWords::default().split(text, &mut words);
    words
}

/// The words where no wide registers are.
fn split_narrow(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    SpacyWords::default().split_by(text, &mut words, Narrow);
    words
}

fn texts<'a>(text: &'a str, words: &[Word]) -> Vec<&'a str> {
    words.iter().map(|word| word.text(text)).collect()
}

fn is_space(c: char) -> bool {
    RULES.classes.has(c, SPACE)
}

/// The words by the rules one by one: no cache, no short cut.
fn twin(text: &str) -> Vec<Word> {
    let (mut chopper, mut finder) = (Chopper::default(), PhraseFinder::default());
    let mut words: Vec<Word> = Vec::new();
    for chunk in text.split(is_space).filter(|chunk| !chunk.is_empty()) {
        let base = chunk.as_ptr() as usize - text.as_ptr() as usize;
        let last_end = words.last().map_or(0, |word| word.end as usize);
        if text[last_end..base] != *" " {
            finder.interrupt();
        }
        chopper.chop(chunk, &RULES, true);
        for piece in &chopper.pieces {
            finder.step(
                &RULES.phrases,
                words.len(),
                RULES.phrases.id(piece.bytes(chunk)),
            );
            let word = &chunk[piece.start as usize..piece.end as usize];
            words.push(word_of(text, word));
        }
    }
    finder.apply(&RULES.phrases, text, &mut words);
    words
}

fn check(table: &[(&str, &str)]) {
    assert!(!table.is_empty());
    for (text, expected) in table {
        let expected: Vec<_> = expected
            .split(' ')
            .filter(|word| !word.is_empty())
            .collect();
        assert_eq!(texts(text, &split(text)), expected, "{text:?}");
    }
}

#[test]
fn words_of_the_published_example() {
    check(cases::PUBLISHED);
}

#[test]
fn chunks_end_where_python_sees_a_space() {
    check(cases::WHITE_SPACE);
}

#[test]
fn prefixes_and_suffixes_are_cut_off() {
    check(cases::PREFIXES_AND_SUFFIXES);
}

#[test]
fn full_stops_are_cut_off_by_what_stands_before() {
    check(cases::FULL_STOPS);
}

#[test]
fn units_are_cut_off_after_digits() {
    check(cases::UNITS);
}

#[test]
fn special_cases_have_their_own_tokens() {
    check(cases::SPECIAL_CASES);
}

#[test]
fn special_cases_are_put_together_again() {
    check(cases::SECOND_PASS);
}

#[test]
fn infixes_cut_between_letters_and_digits() {
    check(cases::INFIXES);
}

#[test]
fn urls_stay_whole() {
    check(cases::URLS);
}

#[test]
fn other_scripts_follow_the_same_rules() {
    check(cases::SCRIPTS);
}

#[test]
fn every_special_case_alone_is_its_own_tokens() {
    for case in SPECIAL_CASES {
        let text = case.replace(' ', "");
        assert_eq!(texts(&text, &split(&text)).join(" "), *case);
    }
}

#[test]
fn sentences_are_those_of_the_original() {
    for (text, expected) in SENTENCES {
        let mut splitter = SpacyWords::default();
        let found: Vec<_> = splitter
            .sentences(text)
            .into_iter()
            .map(|s| &text[s])
            .collect();
        assert_eq!(found, *expected, "{text:?}");
        assert_eq!(splitter.count_sentences(text), expected.len(), "{text:?}");
    }
}

#[test]
fn hostile_chunks_of_a_megabyte_take_linear_time() {
    for piece in [
        "(", ".", "'", "a-", "5km", "@", "a@", "x.y@", ":(", "é", "…", "a,b", "“a.”", "...-",
    ] {
        let text = piece.repeat((1 << 20) / piece.len());
        let words = split(&text);
        assert_eq!(
            words.iter().map(|w| w.end - w.start).sum::<u32>() as usize,
            text.len()
        );
    }
}

/// Pieces that some rule looks for.
const PIECES: &[&str] = &[
    " ",
    " ",
    " ",
    "  ",
    "\n",
    "\t",
    "\u{a0}",
    "\u{3000}",
    "\u{85}",
    "\u{1c}",
    "a",
    "B",
    "word",
    "Word",
    "can't",
    "It",
    "he",
    "Mr",
    "8",
    "5",
    "-",
    "--",
    ".",
    "..",
    "…",
    ",",
    ":",
    ";",
    ")",
    "(",
    "'",
    "’",
    "s",
    "\"",
    "/",
    "@",
    "x.com",
    "http://",
    "www.",
    "10.0.0.1",
    "km",
    "%",
    "$",
    "US$",
    "+",
    "*",
    "=",
    "<",
    "3",
    "D",
    "_",
    "o",
    "O",
    "é",
    "É",
    "日本",
    "。",
    "。 ",
    "я",
    "😀",
    "☃",
    "\u{301}",
    "\u{0}",
    "°",
    "C",
    "w/o",
    "and/or",
    "a.m.",
    "don't",
    "¯\\(ツ)/¯",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

#[test]
fn special_cases_between_marks_are_cut_as_by_the_rules() {
    let marks: Vec<String> = (0..0x80_u8).map(|b| char::from(b).to_string()).collect();
    for case in SPECIAL_CASES {
        let case = case.replace(' ', "");
        let between =
            |mark: &String| format!("{mark}{case} {case}{mark} ({case}{mark} {case}-{mark}");
        let text: String = marks.iter().map(between).collect();
        assert_eq!(split(&text), twin(&text), "{text:?}");
    }
}

#[test]
fn characters_of_every_class_are_cut_as_by_the_rules() {
    let ends = CLASS_RUNS
        .iter()
        .flat_map(|&(start, _)| [start.saturating_sub(1), start]);
    for c in ends.filter_map(char::from_u32) {
        let text = format!("{c}a a{c} 5{c} a{c}b 5{c}6 A{c}{c}B {c}. {c}.{c} 5.{c}");
        assert_eq!(split(&text), twin(&text), "{text:?}");
    }
}

#[test]
fn chunks_are_cut_alike_wherever_blocks_end() {
    let chunks = "The (quick) \u{3000}“brown” fox's\u{a0} well-known 5km, \u{85}o'clock...";
    for before in 0..80 {
        let text = format!("{}{chunks}", "ab ".repeat(30)[..before].to_owned());
        assert_eq!(split(&text), twin(&text), "{text:?}");
    }
}

#[test]
fn chunks_of_every_length_and_number_are_cut_as_by_the_rules() {
    for n in 1..=80 {
        let word = "abcdefgh".repeat(10)[..n].to_owned();
        let text = format!("{word} {word}. ({word}) {word}A. {word}s's {word}5km é{word}");
        assert_eq!(split(&text), twin(&text), "{text:?}");
        let text = format!("{}{word}", "a ( ".repeat(4 * n));
        assert_eq!(split(&text), twin(&text), "{text:?}");
    }
}

proptest! {
    #[test]
    fn short_cuts_change_nothing(
        text in prop_oneof![soup(), ".{0,80}", "[aAsSU15'.,()\"$%+:;!? -]{0,60}"],
    ) {
        let expected = twin(&text);
        prop_assert_eq!(split(&text), expected.clone());
        prop_assert_eq!(split_narrow(&text), expected);
    }

    #[test]
    fn earlier_documents_change_nothing(documents in prop::collection::vec(soup(), 1..6)) {
        let mut used = SpacyWords::default();
        let mut words = Vec::new();
        for text in &documents {
            used.split(text, &mut words);
            prop_assert_eq!(&words, &split(text));
        }
    }

    #[test]
    fn words_cover_all_but_white_space(text in soup()) {
        let words = split(&text);
        prop_assert!(words.windows(2).all(|pair| pair[0].end <= pair[1].start));
        prop_assert_eq!(texts(&text, &words).concat(), text.replace(is_space, ""));
        for word in words {
            prop_assert_eq!(word, word_of(&text, word.text(&text)));
        }
    }

    #[test]
    fn a_line_counts_the_same_in_its_document(lines in prop::collection::vec(soup(), 1..5)) {
        let lines: Vec<_> = lines.iter().flat_map(|line| line.split('\n')).collect();
        let text = lines.join("\n");
        let words = split(&text);
        let mut sentences = LineSentences::default();
        sentences.load(&text, &words);
        let mut at = 0;
        for (i, line) in lines.into_iter().enumerate() {
            let trimmed = line.trim_matches(is_space);
            let start = at + line.find(trimmed).unwrap();
            let span = start..start + trimmed.len();
            // Some lines are left out, as those that C4 drops are.
            if i % 3 != 1 {
                let alone = SpacyWords::default().count_sentences(trimmed);
                prop_assert_eq!(sentences.count(&text, &words, span), alone);
            }
            at += line.len() + 1;
        }
    }

    #[test]
    fn sentences_cover_the_text(text in soup()) {
        let parts = SpacyWords::default().sentences(&text);
        let joined: String = parts.iter().map(|part| &text[part.clone()]).collect();
        prop_assert_eq!(joined, text);
    }
}
