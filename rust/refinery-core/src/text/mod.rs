//! What a word, a line, a sentence and a document are. Each is defined once, here, because most
//! disagreement between published filters is about exactly this.

pub mod ccnet;
pub mod chars;
pub mod doc;
pub mod line_table;
pub mod lines;
pub mod lower;
mod newlines;
pub mod pii;
pub mod punctuation;
pub mod spacy;
pub mod uax29;
pub mod words;

pub use doc::{Doc, Needs, Splitter};
pub use words::Word;
