//! Tests over tiny models written here, number by number, as the format says.
//!
//! The numbers of whole trained models are compared with the reference library in
//! `tests/test_scoring`; here are the parts that it cannot show: damaged files, hand-computed
//! probabilities, and that nothing depends on the order of blocks.

#![allow(
    clippy::unwrap_used,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::float_cmp,
    clippy::needless_for_each,
    reason = "tests over small numbers"
)]

use std::path::Path;

use proptest::prelude::*;

use super::{Model, ModelScratch};
use crate::Error;

/// A model as the file lists it; changed by a test, then written.
#[derive(Clone)]
struct Spec {
    magic: i32,
    version: i32,
    /// dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate.
    args: [i32; 12],
    words: Vec<&'static str>,
    labels: Vec<(&'static str, i64)>,
    pruned: Option<Vec<(i32, i32)>>,
    quantised: bool,
    qnorm: bool,
    qout: bool,
    /// Columns of a group in a quantised matrix.
    width: i32,
    input_rows: i64,
    /// Weight of a place in the input matrix, or of a centroid.
    input: fn(usize) -> f32,
    output: fn(usize) -> f32,
}

const DIM: usize = 0;
const WORD_NGRAMS: usize = 5;
const LOSS: usize = 6;
const BUCKET: usize = 8;
const MINN: usize = 9;
const MAXN: usize = 10;

fn wave(i: usize) -> f32 {
    ((i * 37 % 101) as f32 - 50.0) / 64.0
}

/// Weights with rows of zeros between others, for widths up to a hundred.
fn gaps(i: usize) -> f32 {
    if i % 400 < 200 { 0.0 } else { wave(i) }
}

impl Default for Spec {
    /// Three words, two labels, two dimensions, no n-grams, softmax.
    fn default() -> Self {
        Self {
            magic: 793_712_314,
            version: 12,
            args: [2, 5, 5, 1, 5, 1, 3, 3, 0, 0, 0, 100],
            words: vec!["</s>", "good", "b\u{e4}d"],
            labels: vec![("__label__hq", 3), ("__label__lq", 2)],
            pruned: None,
            quantised: false,
            qnorm: false,
            qout: false,
            width: 2,
            input_rows: 3,
            input: wave,
            output: |i| wave(i + 9),
        }
    }
}

impl Spec {
    fn ngrams() -> Self {
        let mut spec = Self {
            input_rows: 53,
            ..Self::default()
        };
        spec.args = [5, 5, 5, 1, 5, 3, 3, 3, 50, 2, 4, 100];
        spec
    }

    fn quantised() -> Self {
        let mut spec = Self {
            quantised: true,
            qnorm: true,
            qout: true,
            ..Self::ngrams()
        };
        spec.pruned = Some(vec![(0, 0), (7, 2), (49, 1)]);
        spec.input_rows = 6;
        spec
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let ints = [self.magic, self.version].into_iter().chain(self.args);
        ints.for_each(|i| out.extend(i.to_le_bytes()));
        out.extend(1e-4_f64.to_le_bytes());
        let (words, labels) = (self.words.len() as i32, self.labels.len() as i32);
        [words + labels, words, labels]
            .iter()
            .for_each(|i| out.extend(i.to_le_bytes()));
        out.extend(99_i64.to_le_bytes());
        let n_pruned = self.pruned.as_ref().map_or(-1, |p| p.len() as i64);
        out.extend(n_pruned.to_le_bytes());
        let entries = self.words.iter().map(|w| (*w, 7, 0));
        for (word, count, kind) in entries.chain(self.labels.iter().map(|l| (l.0, l.1, 1))) {
            out.extend(word.as_bytes());
            out.push(0);
            out.extend(count.to_le_bytes());
            out.push(kind);
        }
        for (bucket, row) in self.pruned.iter().flatten() {
            out.extend(bucket.to_le_bytes());
            out.extend(row.to_le_bytes());
        }
        out.push(u8::from(self.quantised));
        self.matrix(&mut out, self.quantised, self.input_rows, self.input);
        out.push(u8::from(self.qout));
        self.matrix(&mut out, self.qout, i64::from(labels), self.output);
        out
    }

    fn matrix(&self, out: &mut Vec<u8>, quantised: bool, rows: i64, weight: fn(usize) -> f32) {
        let dim = self.args[DIM];
        if quantised {
            out.push(u8::from(self.qnorm));
        }
        out.extend(rows.to_le_bytes());
        out.extend(i64::from(dim).to_le_bytes());
        if !quantised {
            (0..rows as usize * dim as usize).for_each(|i| out.extend(weight(i).to_le_bytes()));
            return;
        }
        let n_codes = rows as i32 * ((dim - 1) / self.width + 1);
        out.extend(n_codes.to_le_bytes());
        out.extend((0..n_codes).map(|i| (i * 31 % 256) as u8));
        quantiser(out, dim, self.width, weight);
        if self.qnorm {
            out.extend((0..rows).map(|i| (i * 3) as u8));
            quantiser(out, 1, 1, |i| 0.5 + i as f32 / 256.0);
        }
    }

    fn load(&self) -> crate::Result<Model> {
        load(&self.bytes())
    }

    /// Weight of a place in the input matrix, by the definition of codes where there are any.
    fn weight(&self, row: usize, column: usize) -> f32 {
        let (dim, width) = (self.args[DIM] as usize, self.width as usize);
        if !self.quantised {
            return (self.input)(row * dim + column);
        }
        let group = column / width;
        let code = (row * dim.div_ceil(width) + group) * 31 % 256;
        let from = group * width;
        let place = from * 256 + code * width.min(dim - from) + column - from;
        let norm = 0.5 + (row * 3 % 256) as f32 / 256.0;
        (if self.qnorm { norm } else { 1.0 }) * (self.input)(place)
    }

    /// The mean of rows of the input matrix, summed one after the other.
    fn mean(&self, rows: &[usize], column: usize) -> f32 {
        let weights = rows.iter().map(|&row| self.weight(row, column));
        let sum = weights.fold(0.0_f32, |sum, weight| sum + weight);
        // There is no -0 in a sum that begins with 0.
        sum * (if rows.is_empty() {
            0.0
        } else {
            (1.0 / rows.len() as f64) as f32
        }) + 0.0
    }

    /// The message of the refusal.
    fn refusal(&self) -> String {
        refusal(&self.bytes())
    }
}

fn quantiser(out: &mut Vec<u8>, dim: i32, width: i32, weight: fn(usize) -> f32) {
    let last = (dim - 1) % width + 1;
    [dim, (dim - 1) / width + 1, width, last]
        .iter()
        .for_each(|i| out.extend(i.to_le_bytes()));
    (0..dim as usize * 256).for_each(|i| out.extend(weight(i).to_le_bytes()));
}

fn load(bytes: &[u8]) -> crate::Result<Model> {
    Ok(load_as_stored(bytes)?.decoded())
}

fn load_as_stored(bytes: &[u8]) -> crate::Result<Model> {
    Model::read(Path::new("model.bin"), bytes, bytes.len() as u64)
}

fn refusal(bytes: &[u8]) -> String {
    match load(bytes) {
        Err(Error::Model { path, message }) => {
            assert_eq!(path, Path::new("model.bin"));
            message
        }
        Err(other) => panic!("not a model error: {other}"),
        Ok(_) => panic!("accepted"),
    }
}

fn predict(model: &Model, text: &str) -> Vec<f32> {
    let mut probabilities = vec![7.0];
    model.predict(text, &mut ModelScratch::default(), &mut probabilities);
    probabilities
}

/// Probabilities of a softmax of two labels at a given difference of the products.
fn two(difference: f64) -> [f64; 2] {
    let first = 1.0 / (1.0 + (-difference).exp());
    [first + 1e-5, 1.0 - first + 1e-5]
}

fn assert_close(ours: &[f32], expected: [f64; 2]) {
    assert_eq!(ours.len(), 2);
    for (ours, expected) in ours.iter().zip(expected) {
        assert!(
            (f64::from(*ours) - expected).abs() < 1e-6,
            "{ours} is not {expected}"
        );
    }
}

/// Words have the vectors (1, 0), (0, 1), (1, 1); labels (1, 0) and (0, 2).
fn plain() -> Spec {
    Spec {
        input: |i| [1.0, 0.0, 0.0, 1.0, 1.0, 1.0][i],
        output: |i| [1.0, 0.0, 0.0, 2.0][i],
        ..Spec::default()
    }
}

#[test]
fn probabilities_by_hand() {
    let model = plain().load().unwrap();
    assert_eq!(model.labels(), ["__label__hq", "__label__lq"]);
    assert_eq!(model.dim(), 2);
    // Only the end of the line: the vector (1, 0), products 1 and 0.
    assert_close(&predict(&model, ""), two(1.0));
    // "good" and the end: (1/2, 1/2), products 1/2 and 1.
    assert_close(&predict(&model, "good"), two(-0.5));
    // Unknown words change nothing without n-grams, known ones count each time.
    assert_close(
        &predict(&model, "good unknown good b\u{e4}d"),
        two(0.5 - 1.5),
    );
}

#[test]
fn what_counts_as_a_word() {
    let model = plain().load().unwrap();
    let good = predict(&model, "good");
    let empty = predict(&model, "");
    let cases: &[(&str, &[f32])] = &[
        ("  good\n", &good),
        ("good\r\n\x0b\x0c\t\0", &good),
        ("\ngood\n\n", &good),
        // Not separators: part of the word, which is then unknown.
        ("good\u{85}", &empty),
        ("good\u{2028}", &empty),
        ("\u{a0}good", &empty),
        // Labels are no words; an end in the text ends it.
        ("good __label__hq __label__other", &good),
        ("good </s> b\u{e4}d b\u{e4}d", &good),
        (" \n \0", &empty),
    ];
    for (text, expected) in cases {
        assert_eq!(&predict(&model, text), expected, "{text:?}");
    }
}

#[test]
fn a_text_without_known_words_gets_the_zero_vector() {
    let mut spec = plain();
    spec.words[0] = "x";
    let model = spec.load().unwrap();
    assert_close(&predict(&model, "unknown"), two(0.0));
}

#[test]
fn sigmoids_come_from_a_table() {
    let mut spec = plain();
    for loss in [2, 4] {
        spec.args[LOSS] = loss;
        let model = spec.load().unwrap();
        // Products 1/2 and 1, both at the lower edge of a step of 1/32.
        let at = |x: f64| 1.0 / (1.0 + (-x).exp()) + 1e-5;
        assert_close(&predict(&model, "good"), [at(0.5), at(1.0)]);
    }
}

#[test]
fn hierarchical_softmax_multiplies_along_the_tree() {
    let mut spec = plain();
    spec.args[LOSS] = 1;
    let model = spec.load().unwrap();
    // One inner node, whose row is the first: product 1/2. The rarer label, the second, is taken
    // first and so becomes the left child, with probability 1 - f.
    let f = 1.0 / (1.0 + (-0.5_f64).exp());
    assert_close(&predict(&model, "good"), [f + 1e-5, 1.0 - f + 1e-5]);
}

#[test]
fn hierarchical_softmax_gives_zero_to_what_the_reference_leaves_out() {
    let mut spec = plain();
    spec.args[LOSS] = 1;
    spec.labels = vec![("__label__a", 3), ("__label__b", 2), ("__label__c", 1)];
    // The second inner node is the root: product 50, so its left side is as good as impossible.
    spec.output = |i| [1.0, 0.0, 50.0, 50.0, 0.0, 0.0][i];
    let model = spec.load().unwrap();
    let probabilities = predict(&model, "good");
    let zeros = probabilities.iter().filter(|p| **p == 0.0).count();
    assert!(zeros > 0, "{probabilities:?}");
    assert!(probabilities.iter().all(|p| p.is_finite()));
}

#[test]
fn one_label_is_certain() {
    for loss in [1, 3] {
        let mut spec = plain();
        spec.args[LOSS] = loss;
        spec.labels.truncate(1);
        let probability = predict(&spec.load().unwrap(), "good")[0];
        assert!(
            (probability - 1.0).abs() < 2e-5,
            "loss {loss}: {probability}"
        );
    }
}

#[test]
fn version_11_has_no_character_ngrams() {
    let mut spec = Spec::ngrams();
    let with = predict(&spec.load().unwrap(), "unknown");
    spec.version = 11;
    let without = predict(&spec.load().unwrap(), "unknown");
    assert_ne!(with, without);
    spec.args[MAXN] = 0;
    spec.version = 12;
    assert_eq!(predict(&spec.load().unwrap(), "unknown"), without);
}

#[test]
fn every_truncation_is_refused() {
    for spec in [Spec::default(), Spec::ngrams(), Spec::quantised()] {
        let bytes = spec.bytes();
        load(&bytes).unwrap();
        // Centroids are long and alike: every place elsewhere, every 97th in there.
        let places = (0..bytes.len()).filter(|i| *i < 600 || i % 97 == 0);
        for len in places.chain(bytes.len() - 200..bytes.len()) {
            let message = refusal(&bytes[..len]);
            assert!(message.contains("at byte"), "{len}: {message}");
        }
    }
}

#[test]
fn trailing_bytes_are_refused() {
    for spec in [Spec::default(), Spec::quantised()] {
        for extra in [1, 2, 8, 4096] {
            let mut bytes = spec.bytes();
            bytes.resize(bytes.len() + extra, 0);
            assert!(refusal(&bytes).contains("the file does not"));
        }
    }
}

#[test]
fn a_file_that_grew_or_shrank_while_it_was_read_is_refused() {
    let bytes = Spec::default().bytes();
    for len in [bytes.len() as u64 - 1, bytes.len() as u64 + 1, u64::MAX] {
        assert!(Model::read(Path::new("m"), &bytes[..], len).is_err());
    }
}

#[test]
fn impossible_header_numbers_are_refused() {
    let spec = Spec::ngrams();
    for (place, name) in [
        "dim",
        "ws",
        "epoch",
        "minCount",
        "neg",
        "wordNgrams",
        "loss",
        "model",
    ]
    .into_iter()
    .chain(["bucket", "minn", "maxn", "lrUpdateRate"])
    .enumerate()
    {
        let harmless_when_large =
            matches!(name, "ws" | "epoch" | "minCount" | "neg" | "lrUpdateRate");
        for value in [-1, i32::MIN, i32::MAX] {
            let mut spec = spec.clone();
            spec.args[place] = value;
            let accepted = spec.load_with_old_sizes().is_ok();
            assert_eq!(
                accepted,
                value > 0 && harmless_when_large,
                "{name} = {value}"
            );
        }
    }
}

impl Spec {
    /// Loads the model with the header's numbers changed and nothing else.
    fn load_with_old_sizes(&self) -> crate::Result<Model> {
        let mut bytes = Self::ngrams().bytes();
        for (i, value) in self.args.iter().enumerate() {
            bytes[8 + 4 * i..12 + 4 * i].copy_from_slice(&value.to_le_bytes());
        }
        load(&bytes)
    }
}

/// A name, a change to a good model, and a part of the message.
type Damage = (&'static str, fn(&mut Spec), &'static str);

#[test]
fn contradictions_are_refused() {
    let cases: &[Damage] = &[
        ("magic", |s| s.magic = 1, "magic number"),
        ("old version", |s| s.version = 10, "format version"),
        ("new version", |s| s.version = 13, "format version"),
        ("word vectors", |s| s.args[7] = 2, "word vectors"),
        ("unknown loss", |s| s.args[LOSS] = 5, "the loss"),
        ("no buckets", |s| s.args[BUCKET] = 0, "bucket is 0"),
        (
            "ngrams of 33 words",
            |s| s.args[WORD_NGRAMS] = 33,
            "wordNgrams",
        ),
        ("no label", |s| s.labels.clear(), "number of labels"),
        (
            "a label twice",
            |s| s.labels[1] = s.labels[0],
            "listed twice",
        ),
        ("an empty word", |s| s.words[1] = "", "is empty"),
        ("a negative count", |s| s.labels[0].1 = -1, "below 0"),
        (
            "too few rows",
            |s| s.input_rows -= 1,
            "input matrix has the shape",
        ),
        (
            "too many rows",
            |s| s.input_rows += 1,
            "input matrix has the shape",
        ),
        (
            "NaN in the input",
            |s| s.input = |i| if i == 3 { f32::NAN } else { 0.0 },
            "weight 3 is NaN",
        ),
        (
            "infinite output",
            |s| s.output = |_| f32::INFINITY,
            "weight 0 is inf",
        ),
        (
            "pruned but dense",
            |s| s.pruned = Some(vec![]),
            "pruned dictionary",
        ),
        (
            "output quantised alone",
            |s| s.qout = true,
            "quantised output",
        ),
    ];
    for (name, change, part) in cases {
        let mut spec = Spec::ngrams();
        change(&mut spec);
        let message = spec.refusal();
        assert!(message.contains(part), "{name}: {message}");
    }
}

#[test]
fn contradictions_of_quantised_models_are_refused() {
    let cases: &[Damage] = &[
        (
            "a bucket out of range",
            |s| s.pruned = Some(vec![(0, 0), (50, 1), (1, 2)]),
            "pruned bucket",
        ),
        (
            "a negative bucket",
            |s| s.pruned = Some(vec![(0, 0), (-1, 1), (1, 2)]),
            "pruned bucket",
        ),
        (
            "a row out of range",
            |s| s.pruned = Some(vec![(0, 0), (2, 3), (1, 2)]),
            "pruned row",
        ),
        (
            "a bucket twice",
            |s| s.pruned = Some(vec![(0, 0), (0, 1), (1, 2)]),
            "pruned twice",
        ),
        (
            "rows missing",
            |s| s.pruned = Some(vec![(0, 0)]),
            "input matrix has the shape",
        ),
        (
            "NaN centroid",
            |s| s.input = |i| if i == 9 { f32::NAN } else { 0.0 },
            "weight 9 is NaN",
        ),
    ];
    for (name, change, part) in cases {
        let mut spec = Spec::quantised();
        change(&mut spec);
        let message = spec.refusal();
        assert!(message.contains(part), "{name}: {message}");
    }
}

#[test]
fn impossible_quantisers_are_refused() {
    let bytes = Spec::quantised().bytes();
    // The four numbers before the centroids of the input: dim 5 in 3 groups of 2, the last of 1.
    let shape: Vec<u8> = [5, 3, 2, 1_i32]
        .iter()
        .flat_map(|i| i.to_le_bytes())
        .collect();
    let at = bytes.windows(16).position(|w| w == shape).unwrap();
    for place in 0..4 {
        for value in [-1, 0, 2, 4, i32::MAX, i32::MIN] {
            let mut bytes = bytes.clone();
            let old = &mut bytes[at + 4 * place..at + 4 * place + 4];
            if old != value.to_le_bytes() {
                old.copy_from_slice(&i32::to_le_bytes(value));
                assert!(refusal(&bytes).contains("quantiser"), "{place}: {value}");
            }
        }
    }
}

#[test]
fn shapes_that_overflow_are_refused_before_anything_is_allocated() {
    let bytes = Spec::default().bytes();
    let shape: Vec<u8> = [3, 2_i64].iter().flat_map(|i| i.to_le_bytes()).collect();
    let at = bytes.windows(16).position(|w| w == shape).unwrap();
    for rows in [0, -1, i64::MAX, i64::MIN, 1 << 62, 1 << 32] {
        for columns in [0, -1, 2, i64::MAX, 1 << 31, 1 << 33] {
            let mut bytes = bytes.clone();
            bytes[at..at + 8].copy_from_slice(&i64::to_le_bytes(rows));
            bytes[at + 8..at + 16].copy_from_slice(&i64::to_le_bytes(columns));
            refusal(&bytes);
        }
    }
}

#[test]
fn colliding_dictionaries_do_not_take_quadratic_time() {
    let mut table = super::table::Table::with_room_for(5000);
    let far = (0..5000).find(|i| {
        matches!(
            table.insert(1, *i, |_| false),
            super::table::Inserted::TooFar
        )
    });
    assert_eq!(far, Some(1024));
}

#[test]
fn words_that_share_a_hash_or_find_no_room_are_words_all_the_same() {
    let many: Vec<String> = (0..5000).map(|i| format!("w{i}")).collect();
    let twins = ["costarring", "liquid", "declinate", "macallums"];
    assert_eq!(
        super::words::hash(b"costarring"),
        super::words::hash(b"liquid")
    );
    let words: Vec<&'static str> = many
        .iter()
        .map(|word| &*word.clone().leak())
        .chain(twins)
        .collect();
    let text = words.join(" ");
    let expected: Vec<u32> = (0..words.len() as u32).collect();
    let mut spec = Spec {
        input_rows: words.len() as i64,
        words,
        ..Spec::default()
    };
    spec.args[BUCKET] = 0;
    let mut scratch = super::dictionary::RowScratch::default();
    spec.load().unwrap().dictionary.rows(&text, &mut scratch);
    assert_eq!(scratch.rows, expected);
}

#[test]
fn missing_files_are_errors_of_the_system() {
    assert!(matches!(
        Model::load(Path::new("/no/such/model.bin")),
        Err(Error::Io { .. })
    ));
    assert!(matches!(
        Model::load(Path::new("/")),
        Err(Error::Io { .. } | Error::Model { .. })
    ));
}

#[test]
fn models_are_shared_by_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Model>();
}

/// The definition, slow and plain: rows of a text by the format's rules, one after the other, all
/// n-grams included.
fn slow_rows(spec: &Spec, text: &str) -> Vec<usize> {
    let [.., bucket, minn, maxn, _] = spec.args.map(|i| i as usize);
    let fnv = |bytes: &[u8]| {
        bytes.iter().fold(2_166_136_261_u32, |h, b| {
            (h ^ (i32::from(*b as i8) as u32)).wrapping_mul(16_777_619)
        })
    };
    let mut words: Vec<&str> = text
        .split([' ', '\n', '\r', '\t', '\x0b', '\x0c', '\0'])
        .filter(|w| !w.is_empty())
        .take_while(|w| *w != "</s>")
        .filter(|w| !w.starts_with("__label__"))
        .collect();
    words.push("</s>");
    let mut rows = Vec::new();
    let push = |hash: u64, rows: &mut Vec<usize>| {
        rows.push(spec.words.len() + (hash % bucket as u64) as usize);
    };
    for word in &words {
        rows.extend(spec.words.iter().position(|w| w == word));
        let marked: Vec<char> = format!("<{word}>").chars().collect();
        for from in 0..marked.len() {
            for n in minn.max(1)..=maxn.min(marked.len() - from) {
                let is_mark = n == 1 && (from == 0 || from + n == marked.len());
                if !is_mark && *word != "</s>" {
                    let ngram: String = marked[from..from + n].iter().collect();
                    push(u64::from(fnv(ngram.as_bytes())), &mut rows);
                }
            }
        }
    }
    for i in 0..words.len() {
        let mut hash = i64::from(fnv(words[i].as_bytes()) as i32) as u64;
        for word in words
            .iter()
            .take(i + spec.args[WORD_NGRAMS] as usize)
            .skip(i + 1)
        {
            let next = i64::from(fnv(word.as_bytes()) as i32) as u64;
            hash = hash.wrapping_mul(116_049_371).wrapping_add(next);
            push(hash, &mut rows);
        }
    }
    rows
}

/// The rows of the file that are left of these after pruning.
fn slow_kept(spec: &Spec, rows: &[usize]) -> Vec<usize> {
    let n_words = spec.words.len();
    let kept = |&row: &usize| match &spec.pruned {
        Some(pairs) if row >= n_words => {
            let found = pairs.iter().find(|pair| pair.0 as usize == row - n_words);
            found.map(|pair| n_words + pair.1 as usize)
        }
        _ => Some(row),
    };
    rows.iter().filter_map(kept).collect()
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("good".to_string()),
        Just("b\u{e4}d".to_string()),
        Just("</s>".to_string()),
        Just("__label__x".to_string()),
        Just("\n".to_string()),
        Just("\0\x0b".to_string()),
        "\\PC{0,12}",
        any::<String>(),
    ];
    proptest::collection::vec(word, 0..80).prop_map(|words| words.join(" "))
}

#[test]
fn rows_of_zeros_take_no_memory() {
    let with = |input| {
        Spec {
            input,
            ..Spec::ngrams()
        }
        .load()
        .unwrap()
        .n_bytes()
    };
    // Of 53 rows of 5 columns the first 40 are zeros; 16 bytes tell which.
    assert_eq!(with(wave) - with(gaps), 4 * 200 - 16);
}

proptest! {
    #[test]
    fn remainders_are_those_of_a_division(value in any::<u64>(), divisor in 1_u32..) {
        let remainder = super::table::Remainder::new(divisor);
        for value in [value, u64::MAX, u64::MAX - 1, value / u64::from(divisor) * u64::from(divisor)] {
            prop_assert_eq!(u64::from(remainder.of(value)), value % u64::from(divisor));
        }
    }

    #[test]
    fn rows_are_those_of_the_definition(
        text in text(),
        pruned in any::<bool>(),
        n in 0..4,
        has_chars in any::<bool>(),
    ) {
        let mut spec = if pruned { Spec::quantised() } else { Spec::ngrams() };
        spec.args[WORD_NGRAMS] = n;
        if !has_chars {
            spec.args[MINN] = 0;
            spec.args[MAXN] = 0;
        }
        let mut scratch = super::dictionary::RowScratch::default();
        spec.load().unwrap().dictionary.rows(&text, &mut scratch);
        let ours: Vec<usize> = scratch.rows.iter().map(|r| *r as usize).collect();
        prop_assert_eq!(ours, slow_rows(&spec, &text));
    }

    #[test]
    fn sums_are_taken_in_the_order_of_the_rows(
        rows in proptest::collection::vec(0_u32..53, 0..60),
        width in 1..10_i32,
        dim in prop_oneof![1..9_usize, Just(16), Just(32), Just(33)],
        quantised in any::<bool>(),
        qnorm in any::<bool>(),
        decoded in any::<bool>(),
        input in prop_oneof![Just(wave as fn(usize) -> f32), Just(gaps as fn(usize) -> f32)],
    ) {
        let mut spec = Spec { quantised, qnorm, width, input, ..Spec::ngrams() };
        spec.args[DIM] = dim as i32;
        let mut model = load_as_stored(&spec.bytes()).unwrap();
        if decoded {
            model = model.decoded();
        }
        let numbers: Vec<usize> = rows.iter().map(|&row| row as usize).collect();
        let mut mean = vec![9.0; dim];
        model.input.average(&mut rows.clone(), &mut mean);
        for (column, mean) in mean.iter().enumerate() {
            prop_assert_eq!(mean.to_bits(), spec.mean(&numbers, column).to_bits());
        }
    }

    #[test]
    fn means_of_pruned_models_are_of_the_rows_that_were_kept(
        text in text(),
        decoded in any::<bool>(),
        qnorm in any::<bool>(),
    ) {
        let spec = Spec { qnorm, ..Spec::quantised() };
        let mut model = load_as_stored(&spec.bytes()).unwrap();
        if decoded {
            model = model.decoded();
        }
        let mut scratch = super::dictionary::RowScratch::default();
        model.dictionary.rows(&text, &mut scratch);
        let mut mean = vec![9.0; 5];
        model.input.average(&mut scratch.rows, &mut mean);
        let rows = slow_kept(&spec, &slow_rows(&spec, &text));
        for (column, mean) in mean.iter().enumerate() {
            prop_assert_eq!(mean.to_bits(), spec.mean(&rows, column).to_bits());
        }
    }

    #[test]
    fn buffers_carry_nothing_over(texts in proptest::collection::vec(text(), 1..5)) {
        for spec in [Spec::ngrams(), Spec::quantised()] {
            let model = spec.load().unwrap();
            let mut scratch = ModelScratch::default();
            let mut probabilities = Vec::new();
            for text in &texts {
                model.predict(text, &mut scratch, &mut probabilities);
                prop_assert_eq!(&probabilities, &predict(&model, text));
            }
        }
    }

    #[test]
    fn flipped_bits_never_crash(
        place in any::<prop::sample::Index>(),
        bit in 0..8,
        quantised in any::<bool>(),
        text in text(),
    ) {
        let spec = if quantised { Spec::quantised() } else { Spec::ngrams() };
        let mut bytes = spec.bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1_u8 << bit;
        if let Ok(model) = load(&bytes) {
            let probabilities = predict(&model, &text);
            prop_assert_eq!(probabilities.len(), model.labels().len());
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(load(&bytes).is_err());
    }
}
