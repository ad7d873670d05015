//! Small models by hand, sums of probabilities, files and damaged ones.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Counts, Interpolated, NgramModel};
use crate::Error;
use crate::tokens::{TokenScratch, Tokenizer};

fn counts(order: usize, n_symbols: u32, documents: &[&[u32]]) -> Counts {
    let mut counts = Counts::new(order, n_symbols, 1 << 20).expect("possible parameters");
    for document in documents {
        counts.add(document).expect("few n-grams");
    }
    counts
}

fn model(order: usize, n_symbols: u32, documents: &[&[u32]]) -> Interpolated {
    counts(order, n_symbols, documents).into()
}

fn bytes_model(text: &str) -> NgramModel {
    let mut counts = Counts::new(3, 256, 1 << 20).expect("possible parameters");
    let ids: Vec<u32> = text.bytes().map(u32::from).collect();
    counts.add(&ids).expect("few n-grams");
    NgramModel::new(counts, Arc::new(Tokenizer::bytes())).expect("bytes have a file")
}

#[test]
fn a_bigram_model_by_hand() {
    // Documents "0 1" and "0 0". Before 0 stand the mark and 0, before 1 stands 0: counts 2 and 1,
    // so with the discounts 0.5 and 1 the unigrams are P(0) = 1/3 + 1.5/3 * 1/4 and
    // P(1) = 0.5/3 + 1.5/3 * 1/4. After 0 came 1 and 0 once each: P(1|0) = 0.5/2 + 1/2 P(1).
    let model = model(2, 4, &[&[0, 1], &[0, 0]]);
    let (p0, p1) = (1.0 / 3.0 + 0.125, 0.5 / 3.0 + 0.125);
    let cases: [(&[u32], u32, f64); 4] = [
        (&[0], 1, 0.25 + 0.5 * p1),
        // After the mark came 0 twice: (2 - 1)/2 + 1/2 P(0).
        (&[], 0, 0.5 + 0.5 * p0),
        // Nothing followed 1: as after no context.
        (&[1], 1, p1),
        (&[3], 3, 1.5 / 3.0 / 4.0),
    ];
    for (context, symbol, expected) in cases {
        let found = model.probability(context, symbol);
        assert!(
            (found - expected).abs() < 1e-6,
            "{context:?} {symbol}: {found} {expected}"
        );
    }
    let nats = -(model.probability(&[], 0).ln() + model.probability(&[0], 1).ln());
    assert!((model.nats(&[0, 1], 0) - nats).abs() < 1e-9);
    assert!((model.nats(&[0, 1], 1) + model.probability(&[0], 1).ln()).abs() < 1e-9);
}

#[test]
fn a_model_of_nothing_is_uniform() {
    let model = model(3, 5, &[]);
    assert!((model.probability(&[1, 2, 3], 4) - 0.2).abs() < 1e-9);
}

#[test]
fn bounds_are_named() {
    let of = |order, n| Counts::new(order, n, 10).err();
    assert!(matches!(
        of(0, 4),
        Some(Error::Parameter { name: "order", .. })
    ));
    assert!(matches!(
        of(9, 4),
        Some(Error::Parameter { name: "order", .. })
    ));
    assert!(matches!(
        of(2, 0),
        Some(Error::Parameter {
            name: "n_symbols",
            ..
        })
    ));
    let mut counts = Counts::new(3, 4, 5).expect("possible parameters");
    let unknown = counts.add(&[4]);
    assert!(matches!(
        unknown,
        Err(Error::Parameter {
            name: "documents",
            ..
        })
    ));
    let full = counts.add(&[0, 1, 2, 3]);
    assert!(matches!(
        full,
        Err(Error::Parameter {
            name: "max_ngrams",
            ..
        })
    ));
}

#[test]
fn a_file_gives_the_same_model() {
    let made = bytes_model("to be or not to be, that is the question");
    let path = std::env::temp_dir().join(format!("refinery-{}.ngram", std::process::id()));
    made.save(&path).expect("a temporary file");
    let read = NgramModel::load(&path).expect("a whole file");
    assert_eq!(read.fingerprint(), made.fingerprint());
    let perplexity = |model: &NgramModel, text: &str| {
        model.perplexity(text, &mut TokenScratch::default(), &mut Vec::new())
    };
    for text in ["to be", "\u{e9}t\u{e9}", "xyz"] {
        assert_eq!(
            perplexity(&read, text).to_bits(),
            perplexity(&made, text).to_bits()
        );
    }
    assert!(perplexity(&read, "").is_nan());

    // Every single byte counts: changed or missing, the file is refused and nothing panics.
    let whole = std::fs::read(&path).expect("the file");
    for i in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[i] ^= 0x55;
        std::fs::write(&path, &damaged).expect("a temporary file");
        assert!(NgramModel::load(&path).is_err(), "byte {i} changed");
        std::fs::write(&path, &whole[..i]).expect("a temporary file");
        assert!(NgramModel::load(&path).is_err(), "cut at byte {i}");
    }
    // A header may claim anything: what is read is what there is.
    let mut large = whole;
    large[24..28].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    std::fs::write(&path, &large).expect("a temporary file");
    assert!(NgramModel::load(&path).is_err());
    let _ = std::fs::remove_file(&path);
}

proptest! {
    #[test]
    fn probabilities_sum_to_one_after_every_context(
        documents in prop::collection::vec(prop::collection::vec(0_u32..6, 0..40), 1..8),
        context in prop::collection::vec(0_u32..6, 0..6),
        order in 1_usize..6,
    ) {
        let documents: Vec<&[u32]> = documents.iter().map(Vec::as_slice).collect();
        let model = model(order, 6, &documents);
        let sum: f64 = (0..6).map(|symbol| model.probability(&context, symbol)).sum();
        prop_assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn the_order_of_documents_changes_nothing(
        documents in prop::collection::vec(prop::collection::vec(0_u32..6, 0..40), 1..8),
        text in prop::collection::vec(0_u32..6, 0..20),
    ) {
        let mut documents: Vec<&[u32]> = documents.iter().map(Vec::as_slice).collect();
        let forwards = model(4, 6, &documents);
        documents.reverse();
        let backwards = model(4, 6, &documents);
        prop_assert_eq!(forwards.nats(&text, 0).to_bits(), backwards.nats(&text, 0).to_bits());
    }
}
