//! Sketches of documents and the clusters of duplicates they reveal.

pub mod cluster;
pub mod exact;
pub mod minhash;
