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
    let mut works = memory::works(documents);
    works.extend(word_works(documents, prepared));
    works.extend(rule_works(documents, prepared));
    works.extend(token_works(documents, prepared));
    works.extend(vectors::works(prepared, documents.n_bytes()));
    works
}

/// A limit that handles so many bytes.
fn limit<'a>(name: &str, n_bytes: usize, work: impl FnMut() + 'a) -> Work<'a> {
    (name.to_owned(), "limit", n_bytes, Box::new(work))
}

fn word_works<'a>(documents: &'a Documents, prepared: &'a Prepared) -> [Work<'a>; 3] {
    let n_bytes = documents.n_bytes();
    let (mut cut, mut grams) = (words::Cut::default(), Vec::new());
    let permutations = minhash::Permutations::new();
    let words = move || {
        for &(start, end) in documents.bounds() {
            words::cut(documents.flat(), start, end, &mut cut);
            black_box(&cut.words);
        }
    };
    let five_grams = move || {
        for words in prepared.words_of() {
            minhash::five_grams(words, &mut grams);
            black_box(&grams);
        }
    };
    let minhash = move || {
        for shingles in prepared.shingles_of() {
            let mut least = [u32::MAX; minhash::VALUES];
            minhash::minima(shingles, &permutations, &mut least);
            black_box(&least);
        }
    };
    [
        limit("words", n_bytes, words),
        limit("five_grams", n_bytes, five_grams),
        limit("minhash_112", n_bytes, minhash),
    ]
}

fn rule_works<'a>(documents: &'a Documents, prepared: &'a Prepared) -> [Work<'a>; 3] {
    let n_bytes = documents.n_bytes();
    let each = || documents.iter().zip(prepared.words_of());
    let mut repetition = gopher::Repetition::default();
    let mut lines = lines::Lines::default();
    let quality = move || {
        for (text, words) in each() {
            black_box(gopher::quality(text, words));
        }
    };
    let repetition = move || {
        for (text, words) in each() {
            black_box(repetition.fractions(text, words));
        }
    };
    let lines = move || {
        for (text, words) in each() {
            black_box(lines.counts(text, words));
        }
    };
    [
        limit("gopher_quality", n_bytes, quality),
        limit("gopher_repetition", n_bytes, repetition),
        limit("c4_fineweb", n_bytes, lines),
    ]
}

fn token_works<'a>(documents: &'a Documents, prepared: &'a Prepared) -> [Work<'a>; 2] {
    let n_bytes = documents.n_bytes();
    let mut tally = kl3m::Tally::default();
    let tokens = move || {
        for &(start, end) in documents.bounds() {
            black_box(prepared.pieces.count(documents.flat(), start, end));
        }
    };
    let tallies = move || {
        for (text, ids) in documents.iter().zip(prepared.pieces.ids_of()) {
            black_box(tally.entropies(text, ids));
        }
    };
    [
        limit("tokens", n_bytes, tokens),
        limit("kl3m_tallies", n_bytes, tallies),
    ]
}
