//! The 16 KL3M metrics and their score.

use super::{Family, Scratch, SignalSpec};
use crate::text::{Doc, Needs};

/// The family.
pub static FAMILY: Family = Family {
    name: "kl3m",
    prefix: "kl3m.",
    source: "",
    signals: &[SignalSpec { name: "placeholder", definition: "", range: "" }],
    needs: Needs { words: false, token_ids: true },
    compute,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let _ = (doc, scratch);
    out[0] = 0.0;
}
