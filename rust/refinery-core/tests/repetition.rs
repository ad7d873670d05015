//! The tables and filters of the repetition signals against a slow twin that keeps every n-gram as
//! a string, on texts that repeat themselves much.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use refinery_core::signal::{Family, Scratch, fineweb_quality, gopher_repetition};
use refinery_core::text::line_table::LineTable;
use refinery_core::text::spacy::SpacyWords;
use refinery_core::text::{Doc, Word};

fn strip(text: &str) -> &str {
    text.trim_matches(refinery_core::text::chars::is_space)
}

/// `re.split` at runs of `least` newlines and more.
fn split_runs(text: &str, least: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut run = 0;
    for c in text.chars().chain(['\0']) {
        if c == '\n' {
            run += 1;
            continue;
        }
        if run >= least {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push_str(&"\n".repeat(run));
        }
        run = 0;
        parts.last_mut().unwrap().push(c);
    }
    // The NUL that flushed the last run.
    parts.last_mut().unwrap().pop();
    parts
}

fn repeated(parts: &[String]) -> (usize, usize) {
    let mut seen = HashSet::new();
    let again: Vec<&String> = parts.iter().filter(|part| !seen.insert(*part)).collect();
    (
        again.len(),
        again.iter().map(|part| part.chars().count()).sum(),
    )
}

fn top_chars(words: &[&str], n: usize) -> Option<usize> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let ngrams: Vec<String> = words.windows(n).map(|gram| gram.join(" ")).collect();
    for ngram in &ngrams {
        *counts.entry(ngram.clone()).or_default() += 1;
    }
    let most = ngrams.iter().map(|ngram| counts[ngram]).max()?;
    let first = ngrams.iter().find(|ngram| counts[*ngram] == most)?;
    Some(first.chars().count() * most)
}

fn repeated_chars(words: &[&str], n: usize) -> usize {
    let (mut seen, mut chars, mut i) = (HashSet::new(), 0, 0);
    while i + n <= words.len() {
        let ngram = words[i..i + n].concat();
        let length = ngram.chars().count();
        if seen.insert(ngram) {
            i += 1;
        } else {
            chars += length;
            i += n;
        }
    }
    chars
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        f64::NAN
    } else {
        part as f64 / whole as f64
    }
}

fn repetition_twin(text: &str, words: &[&str]) -> Vec<f64> {
    let n_chars = text.chars().count();
    let mut values = Vec::new();
    for parts in [split_runs(strip(text), 2), split_runs(text, 1)] {
        let (count, chars) = repeated(&parts);
        values.extend([share(count, parts.len()), share(chars, n_chars)]);
    }
    values.extend((2..=4).map(|n| top_chars(words, n).map_or(f64::NAN, |c| share(c, n_chars))));
    values.extend((5..=10).map(|n| share(repeated_chars(words, n), n_chars)));
    values
}

fn fineweb_twin(text: &str) -> f64 {
    let lines: Vec<String> = text
        .split('\n')
        .filter(|line| !strip(line).is_empty())
        .map(str::to_owned)
        .collect();
    share(repeated(&lines).1, text.replace('\n', "").chars().count())
}

fn signals(family: &Family, text: &str, words: &[Word], scratch: &mut Scratch) -> Vec<f64> {
    let n_chars = text.chars().count();
    let mut lines = LineTable::default();
    let doc = Doc {
        text,
        lines: lines.load(text),
        n_chars,
        words,
        split_words: &[],
        uax29_words: &[],
        tokens: &[],
        is_kl3m_tokenizer: false,
    };
    let mut out = vec![0.0; family.signals.len()];
    (family.compute)(&doc, scratch, &mut out);
    out
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

/// Few words, in few letters, so that n-grams repeat and are cut in different ways.
fn repetitive_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => "[ab]{1,3}",
        4 => "(the|of|and|united|states|internationalisation)",
        2 => "[é日𝒳]{1,2}",
        1 => "\\PC{1,4}",
    ];
    let gap = prop_oneof![12 => Just(" "), 2 => Just("\n"), 1 => Just("\n\n"), 1 => Just("\n \n")];
    let piece = (word, gap).prop_map(|(word, gap)| word + gap);
    let phrase = prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat());
    let phrases = prop::collection::vec(phrase, 1..5);
    (
        phrases,
        prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    )
        .prop_map(|(phrases, order)| {
            order
                .iter()
                .map(|i| i.get(&phrases).as_str())
                .collect::<String>()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// One `Scratch` serves many documents, as in a run: nothing of one reaches the next.
    #[test]
    fn repetition_is_the_twins_over_reused_buffers(
        texts in prop::collection::vec(repetitive_text(), 1..6)
    ) {
        let (mut scratch, mut spacy, mut words) = (Scratch::default(), SpacyWords::default(), Vec::new());
        for text in &texts {
            spacy.split(text, &mut words);
            let tokens: Vec<&str> = words.iter().map(|w| w.text(text)).collect();
            let found = signals(&gopher_repetition::FAMILY, text, &words, &mut scratch);
            let expected = repetition_twin(text, &tokens);
            prop_assert!(same_bits(&found, &expected), "{text:?}\n{found:?}\n{expected:?}");
            let found = signals(&fineweb_quality::FAMILY, text, &words, &mut scratch)[3];
            prop_assert!(same_bits(&[found], &[fineweb_twin(text)]), "{text:?}");
        }
    }

    /// Any words at any places, touching and overlapping no rule of a splitter.
    #[test]
    fn repetition_is_the_twins_for_any_cut(
        part in "[abc]{0,80}",
        times in 1..5_usize,
        most in 2..13_usize,
        cuts in prop::collection::vec(0..1000_usize, 0..150),
    ) {
        // Long repeats, cut alike or not, of n-grams around every length at which windows end.
        let text = part.repeat(times);
        let (mut words, mut start) = (Vec::new(), 0);
        let cuts = cuts.iter().map(|cut| 1 + cut % most);
        for length in cuts {
            let end = start + length;
            if end > text.len() {
                break;
            }
            let hash = refinery_core::text::words::word_hash(&text.as_bytes()[start..end]);
            words.push(Word { start: start as u32, end: end as u32, n_chars: length as u32, hash });
            start = end;
        }
        let tokens: Vec<&str> = words.iter().map(|w| w.text(&text)).collect();
        let found = signals(&gopher_repetition::FAMILY, &text, &words, &mut Scratch::default());
        let expected = repetition_twin(&text, &tokens);
        prop_assert!(same_bits(&found, &expected), "{text:?}\n{found:?}\n{expected:?}");
    }
}

#[test]
fn a_document_of_one_word_many_times_is_linear_and_right() {
    let text = "word ".repeat(200_000);
    let (mut spacy, mut words) = (SpacyWords::default(), Vec::new());
    spacy.split(&text, &mut words);
    let found = signals(
        &gopher_repetition::FAMILY,
        &text,
        &words,
        &mut Scratch::default(),
    );
    let tokens = vec!["word"; 200_000];
    assert!(
        same_bits(&found, &repetition_twin(&text, &tokens)),
        "{found:?}"
    );
}
