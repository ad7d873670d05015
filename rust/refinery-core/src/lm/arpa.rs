//! Back-off models out of ARPA files, queried and scored as `KenLM` does.
//!
//! The file is text: counts, then a section per order with lines of a logarithm to base 10, the
//! words and a back-off weight. It may be compressed (`.gz`, `.zst`). Everything is checked as it
//! is read, errors name the line, and memory grows with what was read, never with what a header
//! claims.
//!
//! How a word is scored, oldest words dropped first:
//! 1. Look up the word, then the word after its predecessor, and so on, as long as there is such
//!    an n-gram; the longest gives the probability.
//! 2. Add the back-off weights of all longer contexts, shortest first.
//!
//! An n-gram is stored under (the n-gram without its oldest word, its oldest word), so step 1 is
//! one look-up an order. Pruning may leave an n-gram without its shorter one; a place for it is
//! made with the probability that backing off would give, as `KenLM` does too.
//!
//! Refused like in `KenLM`: probabilities above 1, a context that is no n-gram of the file, words of
//! n-grams that are no unigrams, no `<s>` or `</s>`. Refused here
//! only: weights that are no numbers or absurd ones, an n-gram that is listed twice.

use std::fmt::Display;
use std::path::Path;

use memchr::memchr;
use xxhash_rust::xxh3::Xxh3;

use super::table::{FREE, Inserted, Table};
use super::vocabulary::{Fault, Vocabulary, Words};
use super::{LanguageModel, UNKNOWN, WordId};
use crate::input::compression::Stream;
use crate::{Error, Result};

/// Highest order read, that of `KenLM`'s Python package.
const MAX_ORDER: usize = 6;
/// Longest line read. Six words and two numbers take a hundred bytes.
const MAX_LINE_BYTES: usize = 1 << 16;
/// Most bytes out of one compressed byte; ARPA files compress about five to one.
const MAX_EXPANSION: u64 = 200;
/// Largest weight, far beyond any logarithm. Below it no sum over a text leaves the range of `f32`.
const MAX_WEIGHT: f32 = 1e6;
/// What `KenLM` gives the unknown word of a file without one.
const MISSING_UNKNOWN: f32 = -100.0;

/// Both numbers of an n-gram.
#[derive(Clone, Copy, Default)]
struct Weights {
    log10: f32,
    backoff: f32,
}

/// N-grams of one order between the first and the last.
struct Middle {
    ids: Table,
    weights: Vec<Weights>,
}

/// A model, shared by all threads.
pub struct ArpaModel {
    order: usize,
    vocabulary: Vocabulary,
    unigrams: Vec<Weights>,
    /// Orders 2 to `order` - 1.
    middle: Vec<Middle>,
    /// The highest order: only a probability, kept as the bits of its number.
    longest: Table,
    sentence_start: WordId,
    sentence_end: WordId,
    fingerprint: u128,
}

/// The words before the next one, the latest first, as many as are an n-gram of the model.
#[derive(Clone, Copy, Default)]
pub struct State {
    words: [WordId; MAX_ORDER - 1],
    /// Back-off weight of the context of one word, of two, ...
    backoffs: [f32; MAX_ORDER - 1],
    len: u8,
}

impl ArpaModel {
    /// Loads an ARPA file, plain or compressed (`.gz`, `.zst`).
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read; [`Error::BadFile`] where the compression is damaged;
    /// [`Error::Model`], with the line, where it is no such model.
    pub fn load(path: &Path) -> Result<Self> {
        let mut lines = Lines::open(path)?;
        let counts = read_counts(&mut lines)?;
        let mut model = read_unigrams(&mut lines, counts.len(), counts[0])?;
        for (i, &count) in counts.iter().enumerate().skip(1) {
            model.read_section(&mut lines, i + 1, count)?;
        }
        read_end(&mut lines)?;
        model.fingerprint = lines.hasher.digest128();
        Ok(model)
    }

    /// XXH3-128 of the decompressed file, as 32 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", self.fingerprint)
    }

    /// Memory of the model.
    pub fn n_bytes(&self) -> usize {
        let weights =
            self.middle.iter().map(|m| m.weights.len()).sum::<usize>() + self.unigrams.len();
        let tables = self.middle.iter().map(|m| m.ids.n_bytes()).sum::<usize>();
        weights * size_of::<Weights>() + tables + self.longest.n_bytes() + self.vocabulary.n_bytes()
    }

    fn read_section(&mut self, lines: &mut Lines, n: usize, count: usize) -> Result<()> {
        lines.expect_section(n)?;
        let is_longest = n == self.order;
        let mut words = [UNKNOWN; MAX_ORDER];
        for i in 0..count {
            let number = lines.next_entry(n, i, count)?;
            let entry =
                Entry::parse(lines.line(), n).map_err(|what| lines.fail_at(number, what))?;
            // The latest word first: that is how an n-gram is looked up.
            for (id, word) in words.iter_mut().zip(entry.words[..n].iter().rev()) {
                *id = self.known(word).ok_or_else(|| {
                    lines.fail_at(
                        number,
                        format_args!("{} is no unigram of the file", shown(word)),
                    )
                })?;
            }
            if is_longest && entry.weights.backoff != 0.0 {
                let what = "a back-off weight at the highest order, which has none";
                return Err(lines.fail_at(number, what));
            }
            self.add(&words[..n], entry.weights)
                .map_err(|what| lines.fail_at(number, what))?;
        }
        Ok(())
    }

    fn known(&self, word: &[u8]) -> Option<WordId> {
        if is_unknown(word) {
            return Some(UNKNOWN);
        }
        self.vocabulary.get(word)
    }

    /// Adds an n-gram of two words and more, the latest first.
    fn add(&mut self, words: &[WordId], weights: Weights) -> std::result::Result<(), &'static str> {
        let n = words.len();
        if n > 2 && self.find(&words[1..]).is_none() {
            return Err("the words before the last are no n-gram of the file");
        }
        let mut node = words[0];
        let mut log10 = self.unigrams[node as usize].log10;
        for k in 1..n - 1 {
            if let Some(id) = self.middle[k - 1].ids.get(node, words[k]) {
                (node, log10) = (id, self.middle[k - 1].weights[id as usize].log10);
                continue;
            }
            // Pruned: it has the probability that backing off to the shorter one gives.
            log10 += self.find(&words[1..=k]).map_or(0.0, |found| found.backoff);
            let middle = &mut self.middle[k - 1];
            let id = middle.weights.len() as u32;
            inserted(middle.insert(
                node,
                words[k],
                Weights {
                    log10,
                    backoff: 0.0,
                },
            ))?;
            node = id;
        }
        let last = words[n - 1];
        if n == self.order {
            inserted(self.longest.insert(node, last, weights.log10.to_bits()))
        } else {
            inserted(self.middle[n - 2].insert(node, last, weights))
        }
    }

    /// The weights of an n-gram below the highest order, the latest word first.
    fn find(&self, words: &[WordId]) -> Option<Weights> {
        let mut node = words[0];
        let mut weights = self.unigrams[node as usize];
        for (middle, &word) in self.middle.iter().zip(&words[1..]) {
            node = middle.ids.get(node, word)?;
            weights = middle.weights[node as usize];
        }
        Some(weights)
    }
}

impl Middle {
    fn insert(&mut self, shorter: u32, word: WordId, weights: Weights) -> Inserted {
        let id = self.weights.len() as u32;
        if id >= FREE - 1 {
            return Inserted::TooFar;
        }
        let inserted = self.ids.insert(shorter, word, id);
        if inserted == Inserted::Yes {
            self.weights.push(weights);
        }
        inserted
    }
}

impl LanguageModel for ArpaModel {
    type State = State;

    fn order(&self) -> usize {
        self.order
    }

    #[inline]
    fn word(&self, word: &[u8]) -> WordId {
        self.vocabulary.get(word).unwrap_or(UNKNOWN)
    }

    fn sentence_end(&self) -> WordId {
        self.sentence_end
    }

    fn sentence_start(&self) -> State {
        let mut state = State::default();
        if self.order > 1 {
            state.words[0] = self.sentence_start;
            state.backoffs[0] = self.unigrams[self.sentence_start as usize].backoff;
            state.len = 1;
        }
        state
    }

    fn no_context(&self) -> State {
        State::default()
    }

    #[inline]
    fn score(&self, state: &mut State, word: WordId) -> f32 {
        let mut next = State::default();
        let unigram = self.unigrams[word as usize];
        let mut log10 = unigram.log10;
        next.words[0] = word;
        next.backoffs[0] = unigram.backoff;
        let (mut node, mut matched) = (word, 1);
        let context = usize::from(state.len);
        for k in 0..context {
            let older = state.words[k];
            if let Some(middle) = self.middle.get(k) {
                let Some(id) = middle.ids.get(node, older) else {
                    break;
                };
                let weights = middle.weights[id as usize];
                log10 = weights.log10;
                next.words[k + 1] = older;
                next.backoffs[k + 1] = weights.backoff;
                node = id;
            } else {
                let Some(bits) = self.longest.get(node, older) else {
                    break;
                };
                log10 = f32::from_bits(bits);
            }
            matched += 1;
        }
        next.len = matched.min(self.order - 1) as u8;
        if matched <= context {
            for backoff in &state.backoffs[matched - 1..context] {
                log10 += backoff;
            }
        }
        *state = next;
        log10
    }
}

fn inserted(inserted: Inserted) -> std::result::Result<(), &'static str> {
    match inserted {
        Inserted::Yes => Ok(()),
        Inserted::Twice => Err("the same n-gram once more"),
        Inserted::TooFar => Err("too many n-grams whose hashes collide"),
    }
}

fn is_unknown(word: &[u8]) -> bool {
    matches!(word, b"<unk>" | b"<UNK>")
}

/// Bytes of a file for a message: never long, never control characters.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
    format!("{text:?}")
}

/// One line of a section.
struct Entry<'a> {
    words: [&'a [u8]; MAX_ORDER],
    weights: Weights,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a [u8], n: usize) -> std::result::Result<Self, String> {
        let mut fields = line
            .split(|b| matches!(b, b' ' | b'\t' | b'\r'))
            .filter(|field| !field.is_empty());
        let log10 = number(fields.next(), "the probability")?;
        if log10 > 0.0 {
            return Err(format!("a probability above 1 (its logarithm is {log10})"));
        }
        let mut words = [&line[..0]; MAX_ORDER];
        for word in &mut words[..n] {
            *word = fields
                .next()
                .ok_or_else(|| format!("fewer than the {n} words of this section"))?;
        }
        let backoff = match fields.next() {
            None => 0.0,
            weight => number(weight, "the back-off weight")?,
        };
        match fields.next() {
            Some(more) => Err(format!(
                "{} after a probability, {n} words and a back-off weight",
                shown(more)
            )),
            None => Ok(Self {
                words,
                weights: Weights { log10, backoff },
            }),
        }
    }
}

fn number(field: Option<&[u8]>, what: &str) -> std::result::Result<f32, String> {
    let field = field.ok_or_else(|| format!("{what} is missing"))?;
    let value: Option<f32> = std::str::from_utf8(field).ok().and_then(|s| s.parse().ok());
    value
        .filter(|value| value.abs() <= MAX_WEIGHT)
        .ok_or_else(|| {
            let found = shown(field);
            format!("{what} is {found}, not a number of magnitude {MAX_WEIGHT} at most")
        })
}

fn read_counts(lines: &mut Lines) -> Result<Vec<usize>> {
    loop {
        if !lines.advance()? {
            return Err(lines.fail("no \\data\\ line: this is no ARPA file"));
        }
        let line = lines.line();
        if line.starts_with(b"mmap lm ") || line.contains(&0) {
            return Err(lines.fail(
                "this is a binary file, perhaps of KenLM: give the ARPA file that it was built \
                 from (lmplz writes one; KenLM has no way back from a binary file)",
            ));
        }
        // KenLM's own extension: comments before the header.
        if !is_blank(line) && !line.starts_with(b"#") {
            break;
        }
    }
    if lines.line().trim_ascii() != b"\\data\\" {
        let found = shown(lines.line());
        return Err(lines.fail(format_args!("expected \\data\\, found {found}")));
    }
    let mut counts = Vec::new();
    while lines.advance()? && !is_blank(lines.line()) {
        let count = parse_count(lines.line(), counts.len() + 1).ok_or_else(|| {
            let (n, found) = (counts.len() + 1, shown(lines.line()));
            lines.fail(format_args!(
                "expected \"ngram {n}=\" and a number below {FREE}, found {found}"
            ))
        })?;
        counts.push(count);
        if counts.len() > MAX_ORDER {
            let what = format_args!("n-grams of more than {MAX_ORDER} words are not supported");
            return Err(lines.fail(what));
        }
    }
    if counts.is_empty() {
        return Err(lines.fail("no \"ngram 1=\" line after \\data\\"));
    }
    Ok(counts)
}

fn parse_count(line: &[u8], n: usize) -> Option<usize> {
    let line = std::str::from_utf8(line).ok()?.trim();
    let (order, count) = line.strip_prefix("ngram ")?.split_once('=')?;
    let count: u32 = count.trim().parse().ok()?;
    (order.trim().parse() == Ok(n) && count < FREE).then_some(count as usize)
}

fn read_unigrams(lines: &mut Lines, order: usize, count: usize) -> Result<ArpaModel> {
    lines.expect_section(1)?;
    let first_line = lines.number + 1;
    let mut words = Words::default();
    let mut unigrams = vec![Weights {
        log10: MISSING_UNKNOWN,
        backoff: 0.0,
    }];
    let mut unknown_at = None;
    for i in 0..count {
        let number = lines.next_entry(1, i, count)?;
        let entry = Entry::parse(lines.line(), 1).map_err(|what| lines.fail_at(number, what))?;
        let word = entry.words[0];
        if !is_unknown(word) {
            words
                .push(word)
                .ok_or_else(|| lines.fail_at(number, "more than 4 GiB of words"))?;
            unigrams.push(entry.weights);
        } else if unknown_at.replace(i).is_some() {
            return Err(lines.fail_at(number, "the unknown word once more"));
        } else {
            unigrams[UNKNOWN as usize] = entry.weights;
        }
    }
    let vocabulary = words.finish().map_err(|fault| {
        let (id, what) = match fault {
            Fault::Twice(id) => (id, "the same word once more"),
            Fault::Collides(id) => (id, "too many words whose hashes collide"),
        };
        // Words are numbered from 1 without the unknown one.
        let before = id as usize - 1;
        let skipped = unknown_at.is_some_and(|at| at <= before);
        lines.fail_at(first_line + before + usize::from(skipped), what)
    })?;
    let mark = |text: &str| {
        vocabulary
            .get(text.as_bytes())
            .ok_or_else(|| lines.fail(format_args!("no unigram {text}, the mark of a sentence")))
    };
    let (sentence_start, sentence_end) = (mark("<s>")?, mark("</s>")?);
    let middle = || Middle {
        ids: Table::with_room_for(0),
        weights: Vec::new(),
    };
    Ok(ArpaModel {
        order,
        vocabulary,
        unigrams,
        middle: (2..order).map(|_| middle()).collect(),
        longest: Table::with_room_for(0),
        sentence_start,
        sentence_end,
        fingerprint: 0,
    })
}

fn read_end(lines: &mut Lines) -> Result<()> {
    lines.expect_header(b"\\end\\")?;
    while lines.advance()? {
        if !is_blank(lines.line()) {
            return Err(lines.fail("something after \\end\\"));
        }
    }
    Ok(())
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// The lines of a file, numbered, of bounded length.
struct Lines {
    stream: Stream,
    hasher: Xxh3,
    buffer: Vec<u8>,
    /// Where in the buffer the unread bytes lie.
    rest: std::ops::Range<usize>,
    line: std::ops::Range<usize>,
    /// Of the current line; the first is 1.
    number: usize,
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            stream: Stream::open(path, Some(MAX_EXPANSION))?,
            hasher: Xxh3::new(),
            buffer: vec![0; 8 * MAX_LINE_BYTES],
            rest: 0..0,
            line: 0..0,
            number: 0,
        })
    }

    /// The current line without its newline.
    fn line(&self) -> &[u8] {
        &self.buffer[self.line.clone()]
    }

    /// Moves to the next line; false at the end of the file.
    fn advance(&mut self) -> Result<bool> {
        loop {
            let rest = &self.buffer[self.rest.clone()];
            if let Some(end) = memchr(b'\n', &rest[..rest.len().min(MAX_LINE_BYTES)]) {
                self.take(end, 1);
                return Ok(true);
            }
            if rest.len() >= MAX_LINE_BYTES {
                self.number += 1;
                return Err(self.fail(format_args!("a line of more than {MAX_LINE_BYTES} bytes")));
            }
            self.buffer.copy_within(self.rest.clone(), 0);
            self.rest = 0..self.rest.len();
            let n = self.stream.read(&mut self.buffer[self.rest.end..])?;
            self.hasher.update(&self.buffer[self.rest.end..][..n]);
            self.rest.end += n;
            if n == 0 {
                let found = !self.rest.is_empty();
                if found {
                    self.take(self.rest.len(), 0);
                }
                return Ok(found);
            }
        }
    }

    fn take(&mut self, len: usize, newline: usize) {
        self.line = self.rest.start..self.rest.start + len;
        self.rest.start = self.line.end + newline;
        self.number += 1;
    }

    /// Moves over blank lines to the header of a section.
    fn expect_section(&mut self, n: usize) -> Result<()> {
        self.expect_header(format!("\\{n}-grams:").as_bytes())
    }

    fn expect_header(&mut self, header: &[u8]) -> Result<()> {
        let name = String::from_utf8_lossy(header);
        loop {
            if !self.advance()? {
                return Err(self.fail(format_args!("the file ends before {name}")));
            }
            if !is_blank(self.line()) {
                break;
            }
        }
        if self.line().trim_ascii() == header {
            return Ok(());
        }
        let found = shown(self.line());
        Err(self.fail(format_args!(
            "expected {name}, found {found}: is there more in the section than \\data\\ says?"
        )))
    }

    /// Moves to the next line of a section of `count` n-grams, of which `i` were read.
    fn next_entry(&mut self, n: usize, i: usize, count: usize) -> Result<usize> {
        let exists = self.advance()?;
        if !exists || is_blank(self.line()) || self.line().starts_with(b"\\") {
            return Err(self.fail(format_args!(
                "the {n}-grams end after {i} of {count} that \\data\\ says there are"
            )));
        }
        Ok(self.number)
    }

    fn fail(&self, what: impl Display) -> Error {
        self.fail_at(self.number, what)
    }

    fn fail_at(&self, number: usize, what: impl Display) -> Error {
        Error::Model {
            path: self.stream.path().to_path_buf(),
            message: format!("not a usable ARPA model, at line {number}: {what}"),
        }
    }
}
