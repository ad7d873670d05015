//! The steps of the whole job, each as one plain loop.

mod gopher;
mod hash;
mod kl3m;
mod lines;
mod memory;
mod minhash;
mod pairs;
mod table;
mod tokens;
mod vectors;
mod words;

use std::hint::black_box;

use crate::Work;
use crate::documents::Documents;

use words::{Cut, Cutter, Words};

pub use words::Word;

/// The kinds of words, as steps: what `MinHash`, the rules and the classifier read.
const CUTTERS: [(&str, Cutter); 3] = [
    ("words", words::cut_normalised),
    ("words_marked", words::cut_marked),
    ("words_spaced", words::cut_spaced),
];

/// What earlier steps leave to later ones, made before any clock starts.
pub struct Prepared {
    /// What [`CUTTERS`] cut.
    pub words: Words,
    pub marked: Words,
    pub spaced: Words,
    /// Hashes of 5-grams of all documents, and where each document's begin and end.
    pub shingles: Vec<u32>,
    pub shingle_bounds: Vec<(usize, usize)>,
    /// Every piece of text that a token count looks up.
    pub pieces: tokens::Pieces,
}

impl Prepared {
    pub fn new(documents: &Documents) -> Self {
        let [words, marked, spaced] = CUTTERS.map(|(_, cutter)| cut_all(documents, cutter));
        let (mut shingles, mut shingle_bounds) = (Vec::new(), Vec::new());
        let mut grams = Vec::new();
        for of_document in words.iter() {
            minhash::five_grams(of_document, &mut grams);
            shingle_bounds.push((shingles.len(), shingles.len() + grams.len()));
            shingles.extend_from_slice(&grams);
        }
        Self {
            words,
            marked,
            spaced,
            shingles,
            shingle_bounds,
            pieces: tokens::Pieces::fill(documents),
        }
    }

    pub fn n_tokens(&self) -> usize {
        self.pieces.n_tokens
    }

    fn shingles_of(&self) -> impl Iterator<Item = &[u32]> {
        self.shingle_bounds
            .iter()
            .map(|&(a, b)| &self.shingles[a..b])
    }
}

fn cut_all(documents: &Documents, cutter: Cutter) -> Words {
    let (mut cut, mut words) = (Cut::default(), Words::default());
    for &(start, end) in documents.bounds() {
        cutter(documents.flat(), start, end, &mut cut);
        words.push(&cut.words);
    }
    words
}

/// Every limit, in the order of the job.
pub fn limits<'a>(documents: &'a Documents, prepared: &'a Prepared) -> Vec<Work<'a>> {
    let mut works = memory::works(documents);
    works.extend(CUTTERS.map(|(name, cutter)| cut_work(name, documents, cutter)));
    works.extend(minhash_works(documents, prepared));
    works.extend(rule_works(documents, prepared));
    works.extend(token_works(documents, prepared));
    works.extend(vectors::works(prepared, documents.n_bytes()));
    works
}

/// A limit that handles so many bytes.
fn limit<'a>(name: &str, n_bytes: usize, work: impl FnMut() + 'a) -> Work<'a> {
    (name.to_owned(), "limit", n_bytes, Box::new(work))
}

fn cut_work<'a>(name: &str, documents: &'a Documents, cutter: Cutter) -> Work<'a> {
    let mut cut = Cut::default();
    limit(name, documents.n_bytes(), move || {
        for &(start, end) in documents.bounds() {
            cutter(documents.flat(), start, end, &mut cut);
            black_box(&cut.words);
        }
    })
}

fn minhash_works<'a>(documents: &'a Documents, prepared: &'a Prepared) -> [Work<'a>; 2] {
    let n_bytes = documents.n_bytes();
    let mut grams = Vec::new();
    let permutations = minhash::Permutations::new();
    let five_grams = move || {
        for words in prepared.words.iter() {
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
        limit("five_grams", n_bytes, five_grams),
        limit("minhash_112", n_bytes, minhash),
    ]
}

fn rule_works<'a>(documents: &'a Documents, prepared: &'a Prepared) -> [Work<'a>; 3] {
    let n_bytes = documents.n_bytes();
    let each = || documents.iter().zip(prepared.marked.iter());
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
