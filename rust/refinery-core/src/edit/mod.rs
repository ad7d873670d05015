//! Edits: pure functions from a text to a text, which make the named views of a document.
//!
//! A view is a chain of edits over the text as it was read; a signal says which view it reads, and
//! the output which one is written. To add an edit: its file here and one line in [`EDITS`].
//!
//! Not here: what an edit removed (the ledger tells, from the lengths before and after).

pub mod c4;
pub mod dclm_lines;
pub mod dclm_newlines;
pub mod dclm_urls;
pub mod dolma_c4;
mod ignore_case;
pub mod layout;
mod views;

pub use views::{View, ViewTexts, ViewTree};

use crate::signal::c4_lines::LineJudge;

/// A named edit.
pub struct Edit {
    /// Name in plans, such as `datatrove.c4`; a view of that name is this edit alone.
    pub name: &'static str,
    /// One sentence: what it leaves of a text.
    pub definition: &'static str,
    /// Where the definition comes from, with version.
    pub source: &'static str,
    /// Appends the edited text to a string that is empty when it is called. Total: it is defined
    /// for every text.
    pub apply: fn(&str, &mut EditScratch, &mut String),
}

/// Reusable buffers of all edits, one per thread.
#[derive(Default)]
pub struct EditScratch {
    /// Buffers of C4.
    pub c4: LineJudge,
    /// Buffers of the line edits of DCLM and `RefinedWeb`.
    pub dclm_lines: dclm_lines::LineEditor,
    /// Text between the two steps of DCLM's deletion of addresses.
    pub dclm_urls: String,
    /// Buffers of layouts.
    pub layout: layout::Buffers,
}

/// Every edit.
pub static EDITS: &[&Edit] = &[
    &c4::EDIT,
    &c4::FINEWEB_EDIT,
    &c4::REFERENCE_EDIT,
    &dclm_urls::EDIT,
    &dclm_newlines::EDIT,
    &dclm_lines::EDIT,
    &dclm_lines::REFINEDWEB_EDIT,
    &dolma_c4::EDIT,
    &layout::BLANK_LINES,
    &layout::NEWLINES,
    &layout::ONE_LINE,
    &layout::WRAPPED,
    &layout::SENTENCES,
];

/// The edit of that name.
pub fn edit(name: &str) -> Option<&'static Edit> {
    EDITS.iter().find(|e| e.name == name).copied()
}

#[cfg(test)]
mod testing {
    use super::{Edit, EditScratch};

    /// Checks a table of (text, expected).
    pub fn check(edit: &Edit, cases: &[(&str, &str)]) {
        let mut scratch = EditScratch::default();
        for &(text, expected) in cases {
            let mut out = String::new();
            (edit.apply)(text, &mut scratch, &mut out);
            assert_eq!(out, expected, "{} of {text:?}", edit.name);
        }
    }
}
