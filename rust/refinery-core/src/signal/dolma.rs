//! The numbers of allenai/dolma's taggers that need no model.
//!
//! Dolma tags first and drops later: a tagger writes spans with scores, and the mixer drops
//! documents by bounds on them. The signals here are the scores as a tagger computes them; the
//! bounds are in the presets `dolma/*`. What the tagger writes to its attribute files has five
//! decimals, so the presets' bounds are those of the mixer moved by half of the fifth decimal.
//!
//! Not here: what every pass counts without being asked (`bytes_length_v1` is `n_bytes`,
//! `char_length_v1` and Gopher's `character_count` are `n_chars`), spans inside a document,
//! personal data, models, and `repetitions_v1`, which no shipped mix reads.

pub mod c4;
mod classes;
pub mod gopher;
pub mod lengths;
pub mod not_alphanum_paragraph;
pub mod tokenizer_repetitions;

use super::spec;

/// Reusable buffers of all of Dolma's families.
#[derive(Default)]
pub struct Buffers {
    gopher: gopher::Buffers,
    c4: c4::Buffers,
    tokenizer_repetitions: tokenizer_repetitions::Buffers,
}

/// `part / whole` as the taggers divide: nothing over nothing is 0.
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
