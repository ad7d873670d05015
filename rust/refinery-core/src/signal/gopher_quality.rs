//! Gopher quality as datatrove computes it.

use super::{Family, Scratch, SignalSpec};
use crate::text::{Doc, Needs};

/// The family.
pub static FAMILY: Family = Family {
    name: "datatrove.gopher_quality",
    prefix: "datatrove.gopher_quality.",
    source: "",
    signals: &[SignalSpec { name: "placeholder", definition: "", range: "" }],
    needs: Needs { words: true, token_ids: false },
    compute,
};

fn compute(doc: &Doc<'_>, scratch: &mut Scratch, out: &mut [f64]) {
    let _ = (doc, scratch);
    out[0] = 0.0;
}
