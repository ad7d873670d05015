//! Words, sentences and edits of whole columns, for looking at and for the comparison with originals.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, ListArray, StringArray, UInt64Array};
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use refinery_core::Error;
use refinery_core::batch::Texts;
use refinery_core::edit::{Edit, EditScratch, edit};
use refinery_core::text::spacy::SpacyWords;
use refinery_core::text::{Word, uax29};

use crate::detach::{detached, to_py_err};

/// Words of spaCy's blank English tokenizer, as datatrove counts them: `List<Utf8>`, as long as
/// the input, null where the text is.
#[pyfunction]
fn spacy_words(py: Python<'_>, texts: PyArray) -> PyResult<PyArray> {
    let (array, _) = texts.into_inner();
    let lists: ListArray = detached(py, None, || {
        let mut splitter = SpacyWords::default();
        let split = |text: &str, out: &mut Vec<Word>| splitter.split(text, out);
        Ok(words(&Texts::new(array.as_ref())?, split))
    })?;
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

/// Parts of each text between the boundaries of UAX 29 that begin with a letter or a number, as DCLM
/// counts them in n-grams: `List<Utf8>`, as long as the input, null where the text is.
#[pyfunction]
fn uax29_words(py: Python<'_>, texts: PyArray) -> PyResult<PyArray> {
    let (array, _) = texts.into_inner();
    let lists: ListArray = detached(py, None, || {
        Ok(words(&Texts::new(array.as_ref())?, uax29::uax29_words))
    })?;
    Ok(PyArray::from_array_ref(Arc::new(lists)))
}

/// Each text after a chain of edits, by their names: `Utf8`, as long as the input, null where the
/// text is.
#[pyfunction]
fn edited_texts(py: Python<'_>, texts: PyArray, edits: Vec<String>) -> PyResult<PyArray> {
    let (array, _) = texts.into_inner();
    let edits = edits
        .into_iter()
        .map(|name| edit(&name).ok_or(Error::UnknownName { kind: "edit", name }));
    let edits: Vec<&Edit> = edits.collect::<Result<_, _>>().map_err(to_py_err)?;
    let column: StringArray = detached(py, None, || {
        let texts = Texts::new(array.as_ref())?;
        let mut scratch = EditScratch::default();
        let edited = (0..texts.len()).map(|row| {
            let text = texts.get(row)?.to_owned();
            Some(edits.iter().fold(text, |text, edit| {
                let mut out = String::new();
                (edit.apply)(&text, &mut scratch, &mut out);
                out
            }))
        });
        Ok(edited.collect())
    })?;
    Ok(PyArray::from_array_ref(Arc::new(column)))
}

fn words(texts: &Texts<'_>, mut split: impl FnMut(&str, &mut Vec<Word>)) -> ListArray {
    let mut words = Vec::new();
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..texts.len() {
        let text = texts.get(row);
        if let Some(text) = text {
            words.clear();
            split(text, &mut words);
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
    m.add_function(wrap_pyfunction!(uax29_words, m)?)?;
    m.add_function(wrap_pyfunction!(edited_texts, m)?)?;
    m.add_function(wrap_pyfunction!(count_sentences, m)?)
}
