//! fastText inference: reads the files that the reference library writes, gives its numbers.
//!
//! What it is: our own kernel for supervised models (`.bin` and quantised `.ftz`, losses softmax,
//! hierarchical softmax, negative sampling and one-versus-all, word and character n-grams). For
//! every label it gives what `predict(text with newlines as spaces, k=-1)` of the reference
//! gives, to 1e-6, and the same bytes on every processor. It allocates nothing per document once
//! the buffers have grown.
//!
//! What it is not: a trainer (see `refinery.scoring.train`), a reader of word vectors, or a
//! place for thresholds.
//!
//! Departs from the reference in one thing: a text without a single known word or n-gram gets
//! the probabilities of the zero vector, where the reference gives nothing. A score is never
//! null.

#![expect(
    clippy::inline_always,
    reason = "what is compiled for wide registers is inlined into the function that is"
)]

mod batch;
mod dictionary;
mod input;
mod kept;
mod load;
mod loss;
pub mod math;
mod matrix;
mod ngrams;
mod short_words;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod words;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use dictionary::{Dictionary, Entries, RowScratch};
use input::Input;
use load::{Header, Source};
use loss::Loss;
use matrix::Matrix;
use xxhash_rust::xxh3::Xxh3;

use crate::{Error, Result};

/// A supervised model, shared by all threads.
pub struct Model {
    labels: Vec<String>,
    dictionary: Dictionary,
    input: Input,
    output: Matrix,
    loss: Loss,
    fingerprint: u128,
}

/// A file that is hashed as it is read: a second pass over a model of a gigabyte costs as much as
/// loading it.
struct Hashed {
    file: File,
    hasher: Xxh3,
}

impl Hashed {
    fn new(file: File) -> Self {
        Self {
            file,
            hasher: Xxh3::new(),
        }
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
}

/// Buffers of one thread.
#[derive(Default)]
pub struct ModelScratch {
    rows: RowScratch,
    hidden: Vec<f32>,
    scores: Vec<f32>,
}

impl Model {
    /// Loads a `.bin` or `.ftz` file of format version 11 or 12.
    ///
    /// # Errors
    /// `Error::Io` where the file cannot be read; `Error::Model`, with the byte at which it was
    /// noticed, where it is no such model, holds word vectors, is cut short, is followed by
    /// anything, contradicts itself, or contains a weight that is not finite or beyond a million.
    /// Whatever its header claims, memory stays below twice the size of the matrices in the file,
    /// a hundred bytes an entry of its dictionary, and 64 MiB.
    pub fn load(path: &Path) -> Result<Self> {
        let io = |source| Error::Io {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        let mut reader = BufReader::with_capacity(1 << 20, Hashed::new(file));
        let mut model = Self::read(path, &mut reader, len)?.decoded();
        model.fingerprint = reader.into_inner().hasher.digest128();
        Ok(model)
    }

    fn read(path: &Path, reader: impl BufRead, len: u64) -> Result<Self> {
        let mut source = Source::new(path, reader, len);
        let header = Header::read(&mut source)?;
        let Entries {
            mut dictionary,
            labels,
            label_counts,
        } = Dictionary::read(&header, &mut source)?;
        let is_quantised = source.flag("the flag for a quantised input")?;
        if dictionary.is_pruned() && !is_quantised {
            return Err(source.fail("a pruned dictionary with a dense input matrix"));
        }
        let input = Input::read(is_quantised, "the input matrix", &mut source)?;
        check_shape(
            input.shape(),
            dictionary.n_rows(),
            header.dim,
            "input",
            &source,
        )?;
        let is_output_quantised = source.flag("the flag for a quantised output")?;
        if is_output_quantised && !is_quantised {
            return Err(source.fail("a quantised output with a dense input matrix"));
        }
        let output = Matrix::read(is_output_quantised, "the output matrix", &mut source)?;
        check_shape(
            output.shape(),
            labels.len() as u64,
            header.dim,
            "output",
            &source,
        )?;
        let loss = Loss::new(header.loss, &label_counts).map_err(|what| source.fail(what))?;
        source.finish()?;
        let input = match dictionary.take_kept() {
            Some(kept) => input.pruned(dictionary.n_words(), &kept),
            None => input,
        };
        Ok(Self {
            labels,
            dictionary,
            input,
            output,
            loss,
            fingerprint: 0,
        })
    }

    /// The same model with the rows that are fastest to add.
    fn decoded(self) -> Self {
        Self {
            input: self.input.decoded(),
            ..self
        }
    }

    /// XXH3-128 of the file's bytes, as 32 hexadecimal digits: what names results of this model.
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", self.fingerprint)
    }

    /// The labels, prefix included, in the file's order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Bytes of its matrices and dictionary, all threads together.
    pub fn n_bytes(&self) -> usize {
        self.input.n_bytes() + self.output.n_bytes() + self.dictionary.n_bytes()
    }

    /// Length of the vectors.
    pub fn dim(&self) -> usize {
        self.input.shape().1
    }

    /// Probability of every label for `text`, in the order of [`Model::labels`].
    ///
    /// The whole text is one line; `probabilities` is overwritten. Numbers are the reference's,
    /// so up to 1.00001, and labels that hierarchical softmax gives less than 1e-5 may be 0.
    pub fn predict(&self, text: &str, scratch: &mut ModelScratch, probabilities: &mut Vec<f32>) {
        let ModelScratch {
            rows,
            hidden,
            scores,
        } = scratch;
        self.dictionary.rows(text, rows);
        hidden.resize(self.dim(), 0.0);
        self.input.average(&mut rows.rows, hidden);
        probabilities.clear();
        self.loss
            .probabilities(&self.output, hidden, scores, probabilities);
    }
}

fn check_shape<R: BufRead>(
    shape: (u64, usize),
    n_rows: u64,
    n_columns: usize,
    what: &str,
    source: &Source<'_, R>,
) -> Result<()> {
    if shape == (n_rows, n_columns) {
        return Ok(());
    }
    Err(source.fail(format_args!(
        "the {what} matrix has the shape {} x {}, the rest of the file says {n_rows} x {n_columns}",
        shape.0, shape.1,
    )))
}
