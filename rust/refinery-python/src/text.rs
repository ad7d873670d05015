//! Words, sentences and edited texts of whole columns: for notebooks, and for the comparison with
//! the originals.

use std::sync::Arc;

use arrow_array::builder::{LargeStringBuilder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, LargeStringArray, ListArray, UInt64Array};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_arrow::PyArray;
use refinery_core::Error;
use refinery_core::batch::Texts;
use refinery_core::edit::{EDITS, Edit, EditScratch, edit};
use refinery_core::text::spacy::SpacyWords;

use crate::detach::{detached, to_py_err};

/// Words of spaCy's blank English tokenizer, as datatrove counts them: `List<Utf8>`, as long as
/// the input, null where the text is.
#[pyfunction]
fn spacy_words(py: Python<'_>, texts: PyArray) -> PyResult<PyArray> {
    let (array, _) = texts.into_inner();
    let lists: ListArray = detached(py, None, || Ok(words(&Texts::new(array.as_ref())?)))?;
    Ok(PyArray::from_array_ref(Arc::new(lists)))
}

/// Number of sentences that datatrove finds in each English text: `UInt64`, as long as the input,
/// null where the text is.
#[pyfunction]
fn count_sentences(py: Python<'_>, texts: PyArray) -> PyResult<PyArray> {
    let (array, _) = texts.into_inner();
    let counts: UInt64Array = detached(py, None, || {
        let texts = Texts::new(array.as_ref())?;
        let mut splitter = SpacyWords::default();
        let mut count = |text| splitter.count_sentences(text) as u64;
        Ok((0..texts.len())
            .map(|row| texts.get(row).map(&mut count))
            .collect())
    })?;
    let counts: ArrayRef = Arc::new(counts);
    Ok(PyArray::from_array_ref(counts))
}

/// Every text as the edit of that name leaves it: `LargeUtf8`, as long as the input, null where the
/// text is.
#[pyfunction]
fn edited(py: Python<'_>, texts: PyArray, name: &str) -> PyResult<PyArray> {
    let edit = edit(name).ok_or_else(|| {
        let (kind, name) = ("edit", name.to_owned());
        to_py_err(Error::UnknownName { kind, name })
    })?;
    let (array, _) = texts.into_inner();
    let found = detached(py, None, || Ok(apply(edit, &Texts::new(array.as_ref())?)))?;
    Ok(PyArray::from_array_ref(Arc::new(found)))
}

/// Every edit: name, definition and source.
#[pyfunction]
fn edits(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    EDITS
        .iter()
        .map(|edit| {
            let d = PyDict::new(py);
            d.set_item("name", edit.name)?;
            d.set_item("definition", edit.definition)?;
            d.set_item("source", edit.source)?;
            Ok(d)
        })
        .collect()
}

fn apply(edit: &Edit, texts: &Texts<'_>) -> LargeStringArray {
    let mut scratch = EditScratch::default();
    let mut out = String::new();
    let mut found = LargeStringBuilder::new();
    for row in 0..texts.len() {
        out.clear();
        let text = texts.get(row);
        if let Some(text) = text {
            (edit.apply)(text, &mut scratch, &mut out);
        }
        found.append_option(text.map(|_| &out));
    }
    found.finish()
}

fn words(texts: &Texts<'_>) -> ListArray {
    let mut splitter = SpacyWords::default();
    let mut words = Vec::new();
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..texts.len() {
        let text = texts.get(row);
        if let Some(text) = text {
            splitter.split(text, &mut words);
            for word in &words {
                lists.values().append_value(word.text(text));
            }
        }
        lists.append(text.is_some());
    }
    lists.finish()
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(spacy_words, m)?)?;
    m.add_function(wrap_pyfunction!(count_sentences, m)?)?;
    m.add_function(wrap_pyfunction!(edited, m)?)?;
    m.add_function(wrap_pyfunction!(edits, m)?)
}
