//! `RefinedWeb`'s corrections of lines, as DCLM's recipe applies them and as the paper states them.
//!
//! DCLM runs seven steps over the whole document, one after another, each on the lines that the one
//! before left ([`STEPS`]); all but the fourth strip the text they leave, so that a line at either end
//! changes between steps. The paper (Penedo et al. 2023, appendix G.2) judges each line once.
//!
//! Lines are cut at `\n`. Empty lines are kept; a line of white space only has no word and goes.
//!
//! Not here: how much an edit removed (`crate::signal::dclm_line_edits`).

use super::ignore_case::match_prefix;
use super::{Edit, EditScratch};
use crate::text::chars::{is_alnum, is_decimal, is_digit, is_space, is_upper};
use crate::text::lines::{lstrip, newline_lines, rstrip, split_spaces};

/// A line of more words is searched for no phrase.
const MOST_WORDS_OF_SHORT_LINE: usize = 10;
/// A line whose share of digits is above goes; the original's way to say "all digits".
const MOST_DIGITS: f64 = 0.999_999;
const COUNTED: [&str; 12] = [
    "likes",
    "shares",
    "comments",
    "retweets",
    "reposts",
    "quotes",
    "bookmarks",
    "upvotes",
    "downvotes",
    "downloads",
    "views",
    "followers",
];

/// The steps of DCLM's recipe, in order, by what each removes.
pub const STEPS: [&str; 7] = [
    "uppercase",
    "digits",
    "counters",
    "short_lines",
    "items_in_cart",
    "read_more",
    "sign_in",
];

/// DCLM's seven steps.
pub static EDIT: Edit = Edit {
    name: "dclm.lines",
    definition: "The text without lines mostly in capitals, of digits, of a counter, or of one word, and without three phrases of web pages in lines of 10 words or fewer.",
    source: "mlfoundations/dclm 361714b, baselines/mappers/modifiers.py in the order of dclm_baseline_refinedweb.yaml; Penedo et al. 2023, appendix G.2",
    apply: |text, scratch, out| {
        let editor = &mut scratch.dclm_lines;
        editor.edit(text);
        join(editor.lines(text), out);
    },
};

/// The paper's line-wise corrections.
pub static REFINEDWEB_EDIT: Edit = Edit {
    name: "refinedweb.lines",
    definition: "As dclm.lines, with each line judged once and as it stands in the text.",
    source: "Penedo et al. 2023 (RefinedWeb), appendix G.2",
    apply: |text, scratch, out| {
        let EditScratch { dclm_lines, .. } = scratch;
        for line in newline_lines(text) {
            match judge(line, &mut dclm_lines.edited) {
                Fate::Kept => push_line(line, out),
                Fate::Edited => push_line(&dclm_lines.edited, out),
                Fate::Dropped => {}
            }
        }
        out.pop();
    },
};

fn join<'a>(lines: impl Iterator<Item = &'a str>, out: &mut String) {
    lines.for_each(|line| push_line(line, out));
    out.pop();
}

fn push_line(line: &str, out: &mut String) {
    out.push_str(line);
    out.push('\n');
}

/// What the paper's rules make of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// As it is.
    Kept,
    /// Without a phrase.
    Edited,
    /// Not at all.
    Dropped,
}

/// Judges one line by the paper's rules; `edited` is what is left of an edited one.
pub fn judge(line: &str, edited: &mut String) -> Fate {
    edited.clear();
    if line.is_empty() {
        return Fate::Kept;
    }
    if is_mostly_upper(line) || is_digits(line) || is_counter(line) || has_few_words(line) {
        return Fate::Dropped;
    }
    if !is_short(line) {
        return Fate::Kept;
    }
    let rest = without_sign_in(line).unwrap_or(line);
    let rest = without_read_more(rest).unwrap_or(rest);
    if !delete_items_in_cart(rest, edited) {
        edited.push_str(rest);
    }
    if edited.len() == line.len() {
        Fate::Kept
    } else if lstrip(edited).is_empty() {
        Fate::Dropped
    } else {
        Fate::Edited
    }
}

/// Runs DCLM's steps over one document after another; buffers are reused.
#[derive(Debug, Default)]
pub struct LineEditor {
    lines: Vec<Line>,
    /// Text of the lines out of which a phrase was cut.
    cut: String,
    /// What is left of one line.
    edited: String,
    /// Per step, the lines it left.
    n_left: [usize; STEPS.len()],
}

#[derive(Clone, Copy, Debug)]
struct Line {
    start: u32,
    end: u32,
    is_cut: bool,
}

impl Line {
    fn of<'a>(self, text: &'a str, cut: &'a str) -> &'a str {
        let whole = if self.is_cut { cut } else { text };
        &whole[self.start as usize..self.end as usize]
    }
}

impl LineEditor {
    /// Runs all steps over `text`.
    pub fn edit(&mut self, text: &str) {
        self.cut.clear();
        self.lines.clear();
        self.lines.extend(newline_lines(text).map(|line| {
            let start = line.as_ptr() as usize - text.as_ptr() as usize;
            Line {
                start: start as u32,
                end: (start + line.len()) as u32,
                is_cut: false,
            }
        }));
        self.drop_lines(text, 0, is_mostly_upper);
        self.strip(text, 0);
        self.drop_lines(text, 1, is_digits);
        self.strip(text, 1);
        self.drop_lines(text, 2, is_counter);
        self.strip(text, 2);
        self.drop_lines(text, 3, |line| !line.is_empty() && has_few_words(line));
        // This step does not strip: what is empty is nothing, or one empty line.
        if let [only] = self.lines[..]
            && only.start == only.end
        {
            self.lines.clear();
        }
        self.n_left[3] = self.lines.len();
        self.cut_lines(text, 4, delete_items_in_cart);
        self.cut_lines(text, 5, |line, out| push_some(without_read_more(line), out));
        self.cut_lines(text, 6, |line, out| push_some(without_sign_in(line), out));
    }

    /// The lines that are left; `text` is the one edited last.
    pub fn lines<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().map(|line| line.of(text, &self.cut))
    }

    /// Per step, how many lines it left; 0 where it left nothing.
    pub fn n_left(&self) -> [usize; STEPS.len()] {
        self.n_left
    }

    fn drop_lines(&mut self, text: &str, step: usize, is_dropped: fn(&str) -> bool) {
        let Self { lines, cut, .. } = self;
        lines.retain(|line| !is_dropped(line.of(text, cut)));
        self.n_left[step] = self.lines.len();
    }

    /// Runs a step that cuts a phrase out of short lines, and drops lines that are blank then.
    fn cut_lines(&mut self, text: &str, step: usize, cut_out: fn(&str, &mut String) -> bool) {
        let Self {
            lines, cut, edited, ..
        } = self;
        lines.retain_mut(|line| {
            let old = line.of(text, cut);
            if old.is_empty() || !is_short(old) {
                return true;
            }
            edited.clear();
            if !cut_out(old, edited) {
                return !lstrip(old).is_empty();
            }
            *line = Line {
                start: cut.len() as u32,
                end: (cut.len() + edited.len()) as u32,
                is_cut: true,
            };
            cut.push_str(edited);
            !lstrip(edited).is_empty()
        });
        self.strip(text, step);
    }

    /// `strip()` of the joined lines.
    fn strip(&mut self, text: &str, step: usize) {
        let Self {
            lines, cut, n_left, ..
        } = self;
        let is_blank = |line: &Line| lstrip(line.of(text, cut)).is_empty();
        let n_kept = lines
            .iter()
            .rposition(|line| !is_blank(line))
            .map_or(0, |last| last + 1);
        lines.truncate(n_kept);
        if let Some(last) = lines.last_mut() {
            last.end = last.start + rstrip(last.of(text, cut)).len() as u32;
        }
        let n_blank = lines.iter().take_while(|line| is_blank(line)).count();
        lines.drain(..n_blank);
        if let Some(first) = lines.first_mut() {
            first.start = first.end - lstrip(first.of(text, cut)).len() as u32;
        }
        n_left[step] = lines.len();
    }
}

fn push_some(rest: Option<&str>, out: &mut String) -> bool {
    out.push_str(rest.unwrap_or_default());
    rest.is_some()
}

/// More than half of the characters are upper case.
fn is_mostly_upper(line: &str) -> bool {
    if line.is_ascii() {
        let n_upper = line.bytes().filter(u8::is_ascii_uppercase).count();
        return n_upper * 2 > line.len();
    }
    let n_upper = line.chars().filter(|&c| is_upper(c)).count();
    n_upper * 2 > line.chars().count()
}

/// All characters are digits; in a line of more than a million some need not be.
fn is_digits(line: &str) -> bool {
    const EXACT: usize = 999_999;
    if line.len() <= EXACT {
        return !line.is_empty() && line.chars().all(is_digit);
    }
    let n_digits = line.chars().filter(|&c| is_digit(c)).count();
    n_digits as f64 / line.chars().count() as f64 > MOST_DIGITS
}

/// A number, perhaps with `k`, `m` or `b`, and one of the counted nouns, with no other word.
fn is_counter(line: &str) -> bool {
    let is_word = |c: char| c == '_' || is_alnum(c);
    let number = line.trim_start_matches(|c| !is_word(c));
    let rest = number.trim_start_matches(|c| matches!(c, ',' | '.') || is_decimal(c));
    if !number.starts_with(is_decimal) {
        return false;
    }
    let rest = rest
        .strip_prefix(['k', 'm', 'b', 'K', 'M', 'B', '\u{212a}'])
        .unwrap_or(rest);
    let noun = lstrip(rest);
    noun.len() < rest.len()
        && COUNTED.iter().any(|counted| {
            let rest = after_lower(noun, counted);
            rest.is_some_and(|rest| !rest.contains(is_word))
        })
}

/// What follows `word`, in ASCII, where `text.lower()` begins with it.
fn after_lower<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut chars = text.chars();
    let is_prefix = word.chars().all(|expected| {
        // The sign for kelvin is the only other character with one of ASCII for its lower case.
        let lower = |c: char| {
            if c == '\u{212a}' {
                'k'
            } else {
                c.to_ascii_lowercase()
            }
        };
        chars.next().is_some_and(|c| lower(c) == expected)
    });
    is_prefix.then_some(chars.as_str())
}

fn has_few_words(line: &str) -> bool {
    split_spaces(line).nth(1).is_none()
}

fn is_short(line: &str) -> bool {
    split_spaces(line).nth(MOST_WORDS_OF_SHORT_LINE).is_none()
}

/// `re.sub(r"\s?items in cart", "", line, flags=re.I)`; false where there is none.
fn delete_items_in_cart(line: &str, out: &mut String) -> bool {
    let mut kept = 0;
    let mut at = 0;
    while let Some((length, c)) = line[at..].chars().next().map(|c| (c.len_utf8(), c)) {
        let is_candidate = matches!(c, 'i' | 'I' | '\u{130}' | '\u{131}');
        let found = is_candidate.then(|| match_prefix(&line[at..], "items in cart"));
        if let Some(matched) = found.flatten() {
            out.push_str(without_last_space(&line[kept..at]));
            at += matched;
            kept = at;
        } else {
            at += length;
        }
    }
    if kept > 0 {
        out.push_str(&line[kept..]);
    }
    kept > 0
}

/// `re.sub(r"\s?read more...$", "", line, flags=re.I)`: the three full stops are of a pattern, so that
/// any three characters stand there.
fn without_read_more(line: &str) -> Option<&str> {
    let (three, _) = line.char_indices().rev().nth(2)?;
    let start = three.checked_sub("read more".len())?;
    let phrase = line.as_bytes()[start..three].eq_ignore_ascii_case(b"read more");
    phrase.then(|| without_last_space(&line[..start]))
}

/// `re.sub(r"^sign-in\s?", "", line, flags=re.I)`.
fn without_sign_in(line: &str) -> Option<&str> {
    let rest = &line[match_prefix(line, "sign-in")?..];
    Some(rest.strip_prefix(is_space).unwrap_or(rest))
}

fn without_last_space(text: &str) -> &str {
    text.strip_suffix(is_space).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::*;

    #[test]
    fn lines_of_more_than_half_capitals_go() {
        let cases = [
            ("ABCd EF\nab CD", "ab CD"),
            ("AB c d\nÄÖ é ü", "AB c d\nÄÖ é ü"),
            ("ÄÖÜ é\nok so", "ok so"),
            ("ALL CAPS", ""),
        ];
        check(&EDIT, &cases);
    }

    #[test]
    fn lines_of_digits_go() {
        let cases = [
            ("2024\n١٢²\n20 24\na b", "20 24\na b"),
            // The first step strips, so that this line is of digits for the second.
            (" 2024\nab c", "ab c"),
            ("ab c\n 2024 \nd e", "ab c\nd e"),
        ];
        check(&EDIT, &cases);
        let long = format!("x{}", "1".repeat(1_000_000));
        assert!(is_digits(&long));
        assert!(!is_digits(&long[..1_000_000]));
    }

    #[test]
    fn counters_go() {
        let counters = [
            "3 likes",
            "1.2K Views",
            "10,000\u{a0}followers!",
            "— 5m  shares…",
            "٣ quotes",
            "1k BOOKMAR\u{212a}S",
            "7,.,B downvotes .",
            "5\u{212a} likes",
        ];
        let others = [
            "likes 3",
            "3likes",
            "3 like",
            "3 likes a",
            "a 3 likes",
            "3kk likes",
            "_3 likes",
            "3 likes_",
            "½ likes",
            "3 l\u{130}kes",
            "3 k likes",
            "",
        ];
        assert_eq!(counters.map(is_counter), [true; 8]);
        assert_eq!(others.map(is_counter), [false; 12]);
        assert_eq!(COUNTED.len(), 12);
    }

    #[test]
    fn lines_of_one_word_go_and_empty_ones_stay() {
        let cases = [
            ("", ""),
            ("a b\n\nword\n \nc d\n\n", "a b\n\nc d"),
            ("one\n\ntwo", ""),
            ("\n\n", ""),
        ];
        check(&EDIT, &cases);
    }

    #[test]
    fn phrases_go_out_of_short_lines() {
        let cases = [
            ("2  items in Cart now\na b", "2  now\na b"),
            ("x items in cartitems in cart y", "x y"),
            ("\u{131}tem\u{17f} İN cart\na b", "a b"),
            (
                "a b c d e f g h items in cart",
                "a b c d e f g h items in cart",
            ),
            (
                "we say read more...\nRead more>>>\nread more now\nc d",
                "we say\nread more now\nc d",
            ),
            // Not the phrase, but any three characters stand for its full stops.
            ("do read more at\nread more …", "do\nread more …"),
            (
                "Sign-in to it\nsign-in\u{a0}\u{a0}now on\nSign-inhere or\nto sign-in",
                "to it\n\u{a0}now on\nhere or\nto sign-in",
            ),
            ("a b\nSign-in read more...", "a b"),
        ];
        check(&EDIT, &cases);
    }

    #[test]
    fn a_line_that_an_edit_left_is_edited_again() {
        // The prefix goes in the last step, so that the line is not judged without it.
        check(
            &EDIT,
            &[
                ("Sign-in 2024\na b", "2024\na b"),
                ("Sign-in items in cart", ""),
            ],
        );
    }

    #[test]
    fn what_each_step_leaves_is_counted() {
        let mut editor = LineEditor::default();
        editor.edit("\nCAPS\n123\n3 likes\nword\na b\n\nread more...\nc d e");
        assert_eq!(editor.n_left(), [7, 6, 5, 4, 4, 3, 3]);
        editor.edit("123\n\nABC");
        assert_eq!(editor.n_left(), [1, 0, 0, 0, 0, 0, 0]);
        editor.edit("word");
        assert_eq!(editor.n_left(), [1, 1, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn the_paper_judges_each_line_once() {
        let cases = [
            ("", ""),
            (" 2024\n2024\nABC D\n3 likes\n\nword\na b ", "\na b "),
            ("Sign-in to read more...", "to"),
            ("2 items in cart x\nRead more...\nab c", "2 x\nab c"),
        ];
        check(&REFINEDWEB_EDIT, &cases);
    }
}
