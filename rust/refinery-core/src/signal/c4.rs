//! C4 line and document rules as datatrove computes them.

use super::{Family, Scratch, SignalSpec};
use crate::text::{Doc, Needs};

/// The family.
pub static FAMILY: Family = Family {
    name: "datatrove.c4",
    prefix: "datatrove.c4.",
    source: "",
    signals: &[SignalSpec { name: "placeholder", definition: "", range: "" }],
    needs: Needs { words: false, token_ids: false },
    compute,
};

/// Reusable buffers.
#[derive(Default)]
pub struct Buffers {}

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let _ = (doc, scratch);
    out[0] = 0.0;
}
