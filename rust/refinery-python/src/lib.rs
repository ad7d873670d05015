//! The extension module `refinery._core`: the list of its parts and nothing else.

mod arrow;
mod choose;
mod columns;
mod dedup;
mod detach;
mod input;
mod lists;
mod lm;
mod models;
mod ngram;
mod signals;
mod signatures;
mod text;

use pyo3::prelude::*;

/// Text kernels of refinery over Arrow data.
#[pymodule(gil_used = true)]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add("IS_OPTIMISED", !cfg!(debug_assertions))?;
    columns::register(m)?;
    signals::register(m)?;
    models::register(m)?;
    lm::register(m)?;
    ngram::register(m)?;
    dedup::register(m)?;
    signatures::register(m)?;
    choose::register(m)?;
    input::register(m)?;
    lists::register(m)?;
    text::register(m)
}
