//! Signals: numbers about one document, by family.
//!
//! A family is a file with a table of its signals and one function that fills their values, since
//! the signals of one family share their counters. To add a signal: a row in its family's table,
//! a line in its function, a row in its case table, its twin in `tests/twins/`. To add a family:
//! its file and one line in [`FAMILIES`]. YAML keys, columns, `explain` and reasons derive from it.

pub mod asked;
pub mod c4;
pub mod c4_lines;
pub mod c4_paragraph;
pub mod counts;
pub mod curator;
pub mod dclm_line_edits;
pub mod dclm_quality;
pub mod dclm_repetition;
pub mod dolma;
pub mod fineweb_quality;
pub mod gopher_quality;
pub mod gopher_repetition;
mod joined;
pub mod kl3m;
mod ngrams;
pub mod paper_gopher;
pub mod pii;
mod repeated_ngrams;
mod repeats;
#[cfg(test)]
mod testing;
mod top_ngrams;

use crate::text::{Doc, Needs};
pub use asked::Asked;

/// What a signal is. `None` values of a signal are written as null.
#[derive(Clone, Copy, Debug)]
pub struct SignalSpec {
    /// Name within the family: a field's standard term, unit included where not obvious.
    pub name: &'static str,
    /// One sentence: what is counted over what.
    pub definition: &'static str,
    /// Range, and when the value is null.
    pub range: &'static str,
}

/// A row of a family's table.
pub(crate) const fn spec(
    name: &'static str,
    definition: &'static str,
    range: &'static str,
) -> SignalSpec {
    SignalSpec {
        name,
        definition,
        range,
    }
}

/// A family of signals that are computed together.
pub struct Family {
    /// Name in plans and presets, such as `datatrove.gopher_quality`.
    pub name: &'static str,
    /// What stands before a signal's name in its column, dot included; empty for the plain counts.
    pub prefix: &'static str,
    /// Where the definitions come from, with version.
    pub source: &'static str,
    /// The signals, in the order in which `compute` fills them.
    pub signals: &'static [SignalSpec],
    /// The splits that `compute` reads.
    pub needs: Needs,
    /// The signals that read words; where no other is asked for, there are none.
    pub of_words: Asked,
    /// Fills one value per signal; NaN stands for null, as no signal is ever NaN. What
    /// [`Scratch::asked`] leaves out may have any value.
    pub compute: fn(&Doc<'_>, &mut Scratch, &mut [f64]),
}

/// Reusable buffers of all families, one per thread.
#[derive(Default)]
pub struct Scratch {
    /// Which signals of the family are asked for.
    pub asked: Asked,
    /// Buffers of Gopher repetition.
    pub gopher_repetition: gopher_repetition::Buffers,
    /// Buffers of C4.
    pub c4: c4::Buffers,
    /// Buffers of `FineWeb` quality.
    pub fineweb_quality: fineweb_quality::Buffers,
    /// Buffers of Dolma's taggers.
    pub dolma: dolma::Buffers,
    /// Buffers of KL3M.
    pub kl3m: kl3m::Buffers,
    /// Buffers of `NeMo` Curator.
    pub curator: curator::Buffers,
    /// Buffers of Gopher's paper.
    pub paper_gopher: paper_gopher::Buffers,
    /// Buffers of DCLM repetition.
    pub dclm_repetition: dclm_repetition::Buffers,
    /// Buffers of DCLM's line edits.
    pub dclm_line_edits: dclm_line_edits::Buffers,
}

/// Every family, in the order of their columns.
pub static FAMILIES: &[&Family] = &[
    &counts::FAMILY,
    &gopher_quality::FAMILY,
    &gopher_repetition::FAMILY,
    &c4::FAMILY,
    &c4::FINEWEB_FAMILY,
    &c4_paragraph::FAMILY,
    &fineweb_quality::FAMILY,
    &pii::FAMILY,
    &kl3m::FAMILY,
    &curator::FAMILY,
    &paper_gopher::FAMILY,
    &c4::REFERENCE_FAMILY,
    &dclm_quality::FAMILY,
    &dclm_repetition::FAMILY,
    &dclm_line_edits::FAMILY,
    &dclm_line_edits::REFINEDWEB_FAMILY,
    &dolma::gopher::V1,
    &dolma::gopher::V2,
    &dolma::c4::V1,
    &dolma::c4::V2,
    &dolma::lengths::FAMILY,
    &dolma::not_alphanum_paragraph::FAMILY,
    &dolma::tokenizer_repetitions::FAMILY,
];

impl Family {
    /// The column of one of this family's signals.
    pub fn column(&self, signal: &SignalSpec) -> String {
        format!("{}{}", self.prefix, signal.name)
    }

    /// The splits that these signals read.
    pub fn needs_of(&self, asked: Asked) -> Needs {
        if asked.any(self.of_words) {
            self.needs
        } else {
            self.needs.without_words()
        }
    }
}

/// The family of that name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|f| f.name == name).copied()
}

/// `part / whole`, or NaN (null) where `whole` is zero.
pub(crate) fn fraction(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        f64::NAN
    } else {
        part as f64 / whole as f64
    }
}
