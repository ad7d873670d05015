//! The one error type of the crate. Context is carried in fields, not in prose.

use std::path::PathBuf;

/// Result of a fallible operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong here. Bad *rows* are no errors: they are quarantined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside its domain; raised at construction, before data is read.
    #[error("{name}: {message}")]
    Parameter {
        /// The parameter as its user knows it.
        name: &'static str,
        /// What was given and what is allowed.
        message: String,
    },
    /// A name is not in a closed list of names.
    #[error("no {kind} named {name:?}")]
    UnknownName {
        /// What kind of thing was looked up.
        kind: &'static str,
        /// The name given.
        name: String,
    },
    /// A model or tokenizer file is damaged, or of another format or version.
    #[error("{path}: {message}")]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        message: String,
    },
    /// An input file is damaged as a container (truncated, wrong checksum, not what its name says).
    #[error("{path}: {reason}: {message}")]
    BadFile {
        /// The file.
        path: PathBuf,
        /// One of the closed list of reasons (`truncated`, `corrupt`, `wrong_format`, ...).
        reason: &'static str,
        /// What was found, with the byte offset where one is known.
        message: String,
    },
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own error.
        source: std::io::Error,
    },
    /// A column has a type that cannot be used.
    #[error("column {column}: {message}")]
    Schema {
        /// The column.
        column: String,
        /// The type found and those allowed.
        message: String,
    },
    /// Whoever waits asked the work to stop.
    #[error("interrupted")]
    Interrupted,
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
}
