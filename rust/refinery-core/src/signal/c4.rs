//! C4's line and document rules as numbers.
//!
//! Three families, since C4 judges the document by what its line rules leave: `c4` with those of the
//! reference implementation, `datatrove.c4` with those of datatrove's `C4QualityFilter`, and
//! `datatrove.c4_fineweb` without the terminal-punctuation rule, as `FineWeb` runs it.
//! Not here: the bad-word list, the paragraph rule, thresholds (they are in the presets of the same
//! names), the text that C4 leaves ([`crate::edit::c4`]), citations without line rules, and lines
//! that repeat elsewhere in the corpus.
//!
//! A document rule of the original stops at the first line that breaks it. Here every line is
//! judged, so that the numbers stand when a rule is left out; which of the two document rules
//! would have been first is a signal of its own, `has_lorem_ipsum_first`.

use super::c4_lines::{Fate, LineJudge, LineRules};
use super::{Asked, Family, Scratch, SignalSpec, spec};
use crate::text::lines::strip;
use crate::text::spacy::{LineSentences, SpacyWords};
use crate::text::{Doc, Needs};

/// Place of the signal that alone reads words.
const N_SENTENCES: usize = 7;

const COUNT: &str = "0 and more";
const FLAG: &str = "0 or 1";

/// What the rules of a family say of the end and the words of a line.
struct LineTexts {
    no_terminal_punct: &'static str,
    few_words: &'static str,
    has_lorem_ipsum: &'static str,
}

const DATATROVE_LINES: LineTexts = LineTexts {
    no_terminal_punct: "Lines dropped because, citations deleted, they end in none of `. ? ! \" '`, or in `...`; 0 in c4_fineweb.",
    few_words: "Lines dropped for fewer than 3 words, citations counted.",
    has_lorem_ipsum: "Whether `lorem ipsum`, in any case, is in a line with 3 words or more that the rules on long words and terminal punctuation keep.",
};

const REFERENCE_LINES: LineTexts = LineTexts {
    no_terminal_punct: "Lines dropped because, citations deleted, they end in none of `. ? ! \"`, or in `...`.",
    few_words: "Lines dropped for fewer than 5 words, citations not counted.",
    has_lorem_ipsum: "Whether `lorem ipsum`, in any case, is in a line with 5 words or more that the rules on long words and terminal punctuation keep.",
};

const N_CHARS: SignalSpec = spec("n_chars", "Characters of the text.", COUNT);

/// Signals of the families. A dropped line is counted by the first rule that drops it.
const fn signals(lines: &LineTexts) -> [SignalSpec; 11] {
    [
        spec(
            "n_lines",
            "Lines of `splitlines`, empty ones included.",
            COUNT,
        ),
        spec("n_lines_kept", "Lines that no line rule drops.", COUNT),
        spec(
            "n_lines_dropped_long_word",
            "Lines dropped for a word of more than 1000 characters.",
            COUNT,
        ),
        spec(
            "n_lines_dropped_no_terminal_punct",
            lines.no_terminal_punct,
            COUNT,
        ),
        spec("n_lines_dropped_few_words", lines.few_words, COUNT),
        spec(
            "n_lines_dropped_javascript",
            "Lines dropped for `javascript` in any case.",
            COUNT,
        ),
        spec(
            "n_lines_dropped_policy",
            "Lines dropped for a phrase about cookies, privacy or terms of use, in any case.",
            COUNT,
        ),
        spec(
            "n_sentences",
            "Sentences in the kept lines, counted line by line.",
            COUNT,
        ),
        spec("has_lorem_ipsum", lines.has_lorem_ipsum, FLAG),
        spec(
            "has_curly_bracket",
            "Whether `{` is in a line that the rules on long words, terminal punctuation, few words and javascript keep.",
            FLAG,
        ),
        spec(
            "has_lorem_ipsum_first",
            "Whether has_lorem_ipsum, and no earlier line makes has_curly_bracket true.",
            FLAG,
        ),
    ]
}

static DATATROVE_SIGNALS: [SignalSpec; 11] = signals(&DATATROVE_LINES);

static REFERENCE_SIGNALS: [SignalSpec; 12] = {
    let mut specs = [N_CHARS; 12];
    let shared = signals(&REFERENCE_LINES);
    let mut i = 0;
    while i < shared.len() {
        specs[i] = shared[i];
        i += 1;
    }
    specs
};

const SOURCE: &str =
    "huggingface/datatrove 0.10.0, C4QualityFilter; Raffel et al. 2020, section 2.2";

/// C4 as its reference implementation cleans a page.
pub static REFERENCE_FAMILY: Family = Family {
    name: "c4",
    prefix: "c4.",
    source: "tensorflow/datasets 4.9.10, text/c4_utils.py (clean_page, is_valid_length); Raffel et al. 2020, section 2.2",
    signals: &REFERENCE_SIGNALS,
    needs: Needs {
        lines: true,
        words: true,
        ..Needs::NONE
    },
    of_words: Asked::at(N_SENTENCES..N_SENTENCES + 1),
    compute: |doc, scratch, out| {
        compute(doc, LineRules::REFERENCE, scratch, &mut out[..11]);
        out[11] = doc.n_chars as f64;
    },
};

/// C4 as datatrove has it, with all its line rules.
pub static FAMILY: Family = Family {
    name: "datatrove.c4",
    prefix: "datatrove.c4.",
    source: SOURCE,
    signals: &DATATROVE_SIGNALS,
    needs: Needs {
        lines: true,
        words: true,
        ..Needs::NONE
    },
    of_words: Asked::at(N_SENTENCES..N_SENTENCES + 1),
    compute: |doc, scratch, out| compute(doc, LineRules::DATATROVE, scratch, out),
};

/// C4 as `FineWeb` runs it: lines need no terminal punctuation.
pub static FINEWEB_FAMILY: Family = Family {
    name: "datatrove.c4_fineweb",
    prefix: "datatrove.c4_fineweb.",
    source: SOURCE,
    signals: &DATATROVE_SIGNALS,
    needs: Needs {
        lines: true,
        words: true,
        ..Needs::NONE
    },
    of_words: Asked::at(N_SENTENCES..N_SENTENCES + 1),
    compute: |doc, scratch, out| compute(doc, LineRules::FINEWEB, scratch, out),
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {
    judge: LineJudge,
    sentences: LineSentences,
    /// For lines whose citations were deleted: they are no slice of the document any more.
    spacy: SpacyWords,
}

#[derive(Default)]
struct Counts {
    lines: usize,
    by_fate: [usize; Fate::COUNT],
    sentences: usize,
    has_lorem_ipsum: bool,
    has_curly_bracket: bool,
    has_lorem_ipsum_first: bool,
}

fn compute(doc: &Doc<'_>, rules: LineRules, scratch: &mut Scratch, out: &mut [f64]) {
    let has_sentences = scratch.asked.any(Asked::at(N_SENTENCES..N_SENTENCES + 1));
    let counts = count(doc, rules, has_sentences, &mut scratch.c4);
    let flag = |is_set: bool| f64::from(u8::from(is_set));
    let of = |fate: Fate| counts.by_fate[fate as usize] as f64;
    out.copy_from_slice(&[
        counts.lines as f64,
        of(Fate::Kept),
        of(Fate::LongWord),
        of(Fate::NoTerminalPunct),
        of(Fate::FewWords),
        of(Fate::Javascript),
        of(Fate::Policy),
        counts.sentences as f64,
        flag(counts.has_lorem_ipsum),
        flag(counts.has_curly_bracket),
        flag(counts.has_lorem_ipsum_first),
    ]);
}

fn count(doc: &Doc<'_>, rules: LineRules, has_sentences: bool, buffers: &mut Buffers) -> Counts {
    let Buffers {
        judge,
        sentences,
        spacy,
    } = buffers;
    let mut counts = Counts::default();
    judge.load(doc.text);
    if has_sentences {
        sentences.load(doc.text, doc.words);
    }
    for line in doc.lines.split() {
        let line = strip(line);
        let judged = judge.judge(line, rules);
        counts.lines += 1;
        counts.by_fate[judged.fate as usize] += 1;
        counts.has_lorem_ipsum_first |= judged.has_lorem_ipsum && !counts.has_curly_bracket;
        counts.has_lorem_ipsum |= judged.has_lorem_ipsum;
        counts.has_curly_bracket |= judged.has_curly_bracket;
        if has_sentences && judged.fate == Fate::Kept {
            counts.sentences += if judged.is_edited {
                spacy.count_sentences(judged.text)
            } else {
                let start = line.as_ptr() as usize - doc.text.as_ptr() as usize;
                sentences.count(doc.text, doc.words, start..start + line.len())
            };
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::{FAMILY, FINEWEB_FAMILY};

    #[test]
    fn each_line_is_counted_by_the_first_rule_that_drops_it() {
        let long = format!("This {} is long.", "x".repeat(1001));
        let as_long = format!("This {} is not.", "é".repeat(1000));
        let text = format!(
            "{long}\n{as_long}\nno mark javascript here\nToo few.\nUse JavaScript, please now.\n\
             Our Privacy Policy is here.\nOne plain line here.\n"
        );
        for (name, expected) in [
            ("n_lines", 7.0),
            ("n_lines_kept", 2.0),
            ("n_lines_dropped_long_word", 1.0),
            ("n_lines_dropped_no_terminal_punct", 1.0),
            ("n_lines_dropped_few_words", 1.0),
            ("n_lines_dropped_javascript", 1.0),
            ("n_lines_dropped_policy", 1.0),
        ] {
            check(&FAMILY, name, &[(&text, expected)]);
        }
        check(
            &FINEWEB_FAMILY,
            "n_lines_dropped_no_terminal_punct",
            &[(&text, 0.0)],
        );
        check(
            &FINEWEB_FAMILY,
            "n_lines_dropped_javascript",
            &[(&text, 2.0)],
        );
    }

    #[test]
    fn a_long_word_is_found_wherever_it_stands() {
        for (before, length, after, expected) in [
            (0, 1000, 0, 0.0),
            (0, 1001, 0, 1.0),
            (999, 1001, 1, 1.0),
            (1500, 1001, 1500, 1.0),
            (1500, 1000, 1500, 0.0),
        ] {
            let filler = |n: usize| "is so ".repeat(n / 6);
            let word = "x".repeat(length);
            // Other spaces than the one looked for end a word as well.
            for space in [" ", "\u{a0}", "\t"] {
                let text = format!(
                    "{}So{space}{word}{space}so {}it is.",
                    filler(before),
                    filler(after)
                );
                check(&FAMILY, "n_lines_dropped_long_word", &[(&text, expected)]);
            }
        }
    }

    #[test]
    fn a_line_ends_after_its_citations_in_one_of_five_marks() {
        let cases = [
            ("It is so.", 1.0),
            ("It is so![12]", 1.0),
            ("It is so.[edit][citation needed][]", 1.0),
            ("It is so.[١٢]", 1.0),
            ("It is so. [1]", 0.0),
            ("It is so.[x]", 0.0),
            ("It is so.[Edit]", 0.0),
            ("It is so...", 0.0),
            ("It is so…", 0.0),
            ("It is so.\"", 1.0),
            ("It is so.”", 0.0),
            (" \u{3000} It is so? \x1f", 1.0),
        ];
        check(&FAMILY, "n_lines_kept", &cases);
    }

    #[test]
    fn words_are_counted_with_citations() {
        let cases = [
            ("[1] [2] a.", 1.0),
            ("[citation needed] a.", 1.0),
            ("[1][2] a.", 0.0),
            ("", 0.0),
        ];
        check(&FAMILY, "n_lines_kept", &cases);
    }

    #[test]
    fn phrases_are_found_in_any_case_and_across_deleted_citations() {
        let cases = [
            ("We use COOKIES here.", 1.0),
            ("We use coo\u{212a}ies here.", 1.0),
            ("We use coo[3]kies here.", 1.0),
            ("We use cookie s here.", 0.0),
            ("Read the Terms Of Use.", 1.0),
        ];
        check(&FAMILY, "n_lines_dropped_policy", &cases);
        check(
            &FAMILY,
            "n_lines_dropped_javascript",
            &[("Some java[1]script is here.", 1.0)],
        );
        check(
            &FAMILY,
            "n_lines_dropped_javascript",
            &[("Some JAVASCRİPT is here.", 0.0)],
        );
    }

    #[test]
    fn document_rules_see_only_lines_that_reach_them() {
        let cases = [
            ("A { b.", 1.0),
            ("A { b", 0.0),
            ("{ b.", 0.0),
            ("A { javascript.", 0.0),
            ("We use cookies {.", 1.0),
            ("", 0.0),
        ];
        check(&FAMILY, "has_curly_bracket", &cases);
        let cases = [
            ("A Lorem ipsum.", 1.0),
            ("A lorem ipsum javascript.", 1.0),
            ("A lorem ipsum", 0.0),
            ("Lorem ipsum.", 0.0),
            ("A lorem  ipsum.", 0.0),
        ];
        check(&FAMILY, "has_lorem_ipsum", &cases);
    }

    #[test]
    fn the_first_line_that_breaks_a_document_rule_decides() {
        let cases = [
            ("A lorem ipsum {.", 1.0),
            ("A lorem ipsum.\nA { b.", 1.0),
            ("A { b.\nA lorem ipsum.", 0.0),
            ("A { javascript.\nA lorem ipsum.", 1.0),
        ];
        check(&FAMILY, "has_lorem_ipsum_first", &cases);
    }

    #[test]
    fn sentences_are_those_of_kept_lines() {
        let cases = [
            ("", 0.0),
            ("One two three .\nOne . Two . Three .\nNot this one", 4.0),
            ("no mark here\rOne ! two .  Three four .", 3.0),
        ];
        check(&FAMILY, "n_sentences", &cases);
    }
}
