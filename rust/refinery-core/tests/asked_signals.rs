//! A pass that is asked for some signals gives them as the whole families have them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, LargeStringArray};
use refinery_core::batch::{Pass, Texts};
use refinery_core::signal::FAMILIES;
use refinery_core::tokens::Tokenizer;

const TEXTS: [&str; 4] = [
    "",
    "One line, and the other.\n\nOne line, and the other.\n\n- Three words here...\nOne line, and the other.",
    "a b c d e f a b c d e f ab c d e f x a bc d e f.[1] It is. So is this { one }.\nUse cookies here now.",
    "Don't #stop… e.g. 3.5% of it!\r\n\u{2022} naïve 日本語 text\n\n\n# Title\nlorem ipsum dolor sit.",
];

fn columns(pass: &Pass) -> HashMap<String, ArrayRef> {
    let texts = LargeStringArray::from(TEXTS.to_vec());
    pass.run(&Texts::LargeUtf8(&texts))
        .unwrap()
        .into_iter()
        .collect()
}

#[test]
fn a_signal_alone_has_the_value_it_has_in_its_family() {
    let tokenizer = Arc::new(Tokenizer::embedded("cl100k_base").unwrap());
    let pass = |family, signals| Pass {
        families: vec![(family, None)],
        signals,
        tokenizer: Some(Arc::clone(&tokenizer)),
        ..Pass::default()
    };
    let mut n_signals = 0;
    for &family in FAMILIES {
        let whole = columns(&pass(family, None));
        for signal in family.signals {
            let column = family.column(signal);
            let alone = columns(&pass(family, Some([column.clone()].into())));
            assert_eq!(alone.len(), 2, "n_tokens and {column}");
            assert_eq!(&alone[&column], &whole[&column], "{column}");
            n_signals += 1;
        }
    }
    assert!(n_signals > 200, "{n_signals}");
}
