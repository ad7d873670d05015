//! Sketches of documents and the clusters of duplicates they reveal.
//!
//! What is here: the content hash of exact duplicates ([`exact`]), `MinHash` signatures of word
//! n-grams ([`minhash`]) and the clusters of near duplicates found from them ([`cluster`]; as an
//! original makes them, [`ordered`]), and the best documents that differ from each other
//! ([`diverse`]).
//!
//! What is not here: which document of a cluster is kept. That is decided where scores are known;
//! only the original's choice follows from how it makes its clusters.

pub mod cluster;
pub mod diverse;
pub mod exact;
pub mod minhash;
pub mod ordered;
pub mod sketches;
