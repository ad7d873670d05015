//! The steps of the whole job, each as one plain loop.

mod gopher;
mod hash;
mod kl3m;
mod lines;
mod memory;
mod minhash;
mod table;
mod tokens;
mod vectors;
mod words;

use std::hint::black_box;

use crate::Work;
use crate::documents::Documents;

pub use words::Word;

/// What earlier steps leave to later ones, made before any clock starts.
pub struct Prepared {
    /// Words of all documents, and where each document's begin and end.
    pub words: Vec<Word>,
    pub word_bounds: Vec<(usize, usize)>,
    /// Hashes of 5-grams, likewise.
    pub shingles: Vec<u32>,
    pub shingle_bounds: Vec<(usize, usize)>,
    /// Every piece of text that a token count looks up.
    pub pieces: tokens::Pieces,
}

impl Prepared {
    pub fn new(documents: &Documents) -> Self {
        let (mut words, mut word_bounds) = (Vec::new(), Vec::new());
        let (mut shingles, mut shingle_bounds) = (Vec::new(), Vec::new());
        let (mut cut, mut grams) = (words::Cut::default(), Vec::new());
        for &(start, end) in documents.bounds() {
            words::cut(documents.flat(), start, end, &mut cut);
            word_bounds.push((words.len(), words.len() + cut.words.len()));
            words.extend_from_slice(&cut.words);
            minhash::five_grams(&cut.words, &mut grams);
            shingle_bounds.push((shingles.len(), shingles.len() + grams.len()));
            shingles.extend_from_slice(&grams);
        }
        Self {
            words,
            word_bounds,
            shingles,
            shingle_bounds,
            pieces: tokens::Pieces::fill(documents),
        }
    }

    pub fn n_tokens(&self) -> usize {
        self.pieces.n_tokens
    }

    fn words_of(&self) -> impl Iterator<Item = &[Word]> {
        self.word_bounds.iter().map(|&(a, b)| &self.words[a..b])
    }

    fn shingles_of(&self) -> impl Iterator<Item = &[u32]> {
        self.shingle_bounds
            .iter()
            .map(|&(a, b)| &self.shingles[a..b])
    }
}

/// Every limit, in the order of the job.
pub fn limits<'a>(documents: &'a Documents, prepared: &'a Prepared) -> Vec<Work<'a>> {
    let n_bytes = documents.n_bytes();
    let mut works: Vec<Work<'a>> = memory::works(documents);
    let mut add = |name: &str, work: Box<dyn FnMut() + 'a>| {
        works.push((name.to_owned(), "limit", n_bytes, work));
    };
    let mut cut = words::Cut::default();
    add(
        "words",
        Box::new(move || {
            for &(start, end) in documents.bounds() {
                words::cut(documents.flat(), start, end, &mut cut);
                black_box(&cut.words);
            }
        }),
    );
    let mut grams = Vec::new();
    add(
        "five_grams",
        Box::new(move || {
            for words in prepared.words_of() {
                minhash::five_grams(words, &mut grams);
                black_box(&grams);
            }
        }),
    );
    let permutations = minhash::Permutations::new();
    add(
        "minhash_112",
        Box::new(move || {
            for shingles in prepared.shingles_of() {
                let mut least = [u32::MAX; minhash::VALUES];
                minhash::minima(shingles, &permutations, &mut least);
                black_box(&least);
            }
        }),
    );
    add(
        "gopher_quality",
        Box::new(move || {
            for (text, words) in documents.iter().zip(prepared.words_of()) {
                black_box(gopher::quality(text, words));
            }
        }),
    );
    let mut repetition = gopher::Repetition::default();
    add(
        "gopher_repetition",
        Box::new(move || {
            for (text, words) in documents.iter().zip(prepared.words_of()) {
                black_box(repetition.fractions(text, words));
            }
        }),
    );
    let mut lines = lines::Lines::default();
    add(
        "c4_fineweb",
        Box::new(move || {
            for (text, words) in documents.iter().zip(prepared.words_of()) {
                black_box(lines.counts(text, words));
            }
        }),
    );
    add(
        "tokens",
        Box::new(move || {
            for &(start, end) in documents.bounds() {
                black_box(prepared.pieces.count(documents.flat(), start, end));
            }
        }),
    );
    let mut tally = kl3m::Tally::default();
    add(
        "kl3m_tallies",
        Box::new(move || {
            for (text, ids) in documents.iter().zip(prepared.pieces.ids_of()) {
                black_box(tally.entropies(text, ids));
            }
        }),
    );
    works.extend(vectors::works(prepared, n_bytes));
    works
}
