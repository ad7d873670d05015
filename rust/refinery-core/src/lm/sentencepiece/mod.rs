//! Pieces of words by a `SentencePiece` unigram model, out of its `.model` file.
//!
//! What it is: `encode_as_pieces` of the `sentencepiece` library, 0.1.96 to 0.2.0, for models of type
//! `unigram`, its normalisation included: same pieces, same ties, since sums are rounded where it
//! rounds them. Other versions decide ties between equally likely cuts (`i|ii` or `ii|i`) otherwise.
//!
//! What it is not: byte-pair, word or character models, byte fallback, user-defined symbols,
//! sampling, training. A model with any of these is refused, with the way out: a Hugging Face
//! `tokenizer.json`.

mod normalizer;
mod trie;
mod wire;

use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use self::normalizer::{Normalizer, Switches, char_len};
use self::trie::Trie;
use self::wire::{Fields, Value};
use crate::{Error, Result};

/// What an unknown character costs more than the least likely piece.
const UNKNOWN_PENALTY: f32 = 10.0;
const UNKNOWN: u32 = u32::MAX;
const WAY_OUT: &str = "; give a Hugging Face tokenizer.json of it instead \
                       (transformers converts one: PreTrainedTokenizerFast, save_pretrained)";

/// A unigram model, shared by all threads.
pub struct Unigram {
    normalizer: Normalizer,
    trie: Trie,
    pieces: Vec<Piece>,
    unknown_score: f32,
    fingerprint: u128,
}

struct Piece {
    text: Vec<u8>,
    score: f32,
    kind: u64,
}

/// Kinds of pieces that the format has.
mod kind {
    pub(super) const NORMAL: u64 = 1;
    pub(super) const UNKNOWN: u64 = 2;
    pub(super) const USER_DEFINED: u64 = 4;
    pub(super) const BYTE: u64 = 6;
}

/// Buffers of one thread.
#[derive(Default)]
pub struct UnigramScratch {
    normal: Vec<u8>,
    best: Vec<Best>,
    path: Vec<(u32, u32)>,
}

/// The best way to cut the text up to some byte.
#[derive(Clone, Copy)]
struct Best {
    score: f32,
    /// Where its last piece begins, or [`UNREACHED`].
    start: u32,
    piece: u32,
}

const UNREACHED: u32 = u32::MAX;

impl Unigram {
    /// Loads a `.model` file.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, [`Error::Model`] where it is no such model or one of
    /// another type.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&bytes).map_err(|what| Error::Model {
            path: path.to_path_buf(),
            message: format!("not a usable SentencePiece model: {what}"),
        })
    }

    fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        let mut pieces = Vec::new();
        let mut normalizer: &[u8] = b"";
        for field in Fields::new(bytes) {
            let field = field.map_err(|left| {
                format!(
                    "damaged at byte {}, or another kind of file",
                    bytes.len() - left
                )
            })?;
            match field {
                (1, Value::Bytes(piece)) => pieces.push(Piece::parse(piece, pieces.len())?),
                (2, Value::Bytes(trainer)) => check_trainer(trainer)?,
                (3, Value::Bytes(spec)) => normalizer = spec,
                _ => {}
            }
        }
        let normal = || pieces.iter().filter(|piece| piece.kind == kind::NORMAL);
        let least = normal().map(|piece| piece.score).reduce(f32::min);
        let least = least.ok_or("it has no pieces")?;
        let mut entries: Vec<(&[u8], u32)> = pieces
            .iter()
            .zip(0..)
            .filter(|(piece, _)| piece.kind == kind::NORMAL)
            .map(|(piece, id)| (piece.text.as_slice(), id))
            .collect();
        entries.sort_unstable();
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!(
                "piece {} is piece {} once more",
                pair[1].1, pair[0].1
            ));
        }
        if !pieces.iter().any(|piece| piece.kind == kind::UNKNOWN) {
            return Err("it has no unknown piece".into());
        }
        Ok(Self {
            normalizer: parse_normalizer(normalizer)?,
            trie: Trie::new(entries),
            unknown_score: least - UNKNOWN_PENALTY,
            pieces,
            fingerprint: xxh3_128(bytes),
        })
    }

    /// XXH3-128 of the file, as 32 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", self.fingerprint)
    }

    /// The texts of all pieces, by id.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(|piece| piece.text.as_slice())
    }

    /// Calls `sink` with every piece of `text`: its id, `None` for a run of characters that no
    /// piece covers, and its bytes.
    pub fn encode(
        &self,
        text: &str,
        scratch: &mut UnigramScratch,
        mut sink: impl FnMut(Option<u32>, &[u8]),
    ) {
        let UnigramScratch { normal, best, path } = scratch;
        self.normalizer.normalize(text, normal);
        self.cut(normal, best);
        path.clear();
        let mut end = normal.len();
        while end > 0 {
            let Best { start, piece, .. } = best[end];
            // Neighbours that are unknown are one piece.
            match path.last_mut() {
                Some((UNKNOWN, first)) if piece == UNKNOWN => *first = start,
                _ => path.push((piece, start)),
            }
            end = start as usize;
        }
        for (i, &(piece, start)) in path.iter().enumerate().rev() {
            let end = i
                .checked_sub(1)
                .map_or(normal.len(), |next| path[next].1 as usize);
            let id = (piece != UNKNOWN).then_some(piece);
            sink(id, &normal[start as usize..end]);
        }
    }

    /// Fills `best` for every place of `text` where a piece can end.
    ///
    /// A candidate is compared before it is rounded to `f32` and kept after: ties between cuts of a
    /// long text depend on it.
    fn cut(&self, text: &[u8], best: &mut Vec<Best>) {
        best.clear();
        let nowhere = Best {
            score: 0.0,
            start: UNREACHED,
            piece: UNKNOWN,
        };
        best.resize(text.len() + 1, nowhere);
        let mut start = 0;
        while start < text.len() {
            let so_far = f64::from(best[start].score);
            let one = char_len(text[start]).min(text.len() - start);
            let mut has_one = false;
            let mut offer = |len: usize, piece: u32, score: f32| {
                let score = f64::from(score) + so_far;
                let best = &mut best[start + len];
                if best.start == UNREACHED || score > f64::from(best.score) {
                    *best = Best {
                        score: score as f32,
                        start: start as u32,
                        piece,
                    };
                }
            };
            self.trie.prefixes(&text[start..], |len, piece| {
                offer(len, piece, self.pieces[piece as usize].score);
                has_one |= len == one;
            });
            if !has_one {
                offer(one, UNKNOWN, self.unknown_score);
            }
            start += one;
        }
    }
}

impl Piece {
    fn parse(message: &[u8], id: usize) -> std::result::Result<Self, String> {
        let mut piece = Self {
            text: Vec::new(),
            score: 0.0,
            kind: kind::NORMAL,
        };
        for field in Fields::new(message) {
            match field.map_err(|_| format!("piece {id} is damaged"))? {
                (1, Value::Bytes(text)) => piece.text = text.to_vec(),
                (2, Value::Fixed32(bytes)) => piece.score = f32::from_le_bytes(bytes),
                (3, Value::Varint(kind)) => piece.kind = kind,
                _ => {}
            }
        }
        let text = std::str::from_utf8(&piece.text);
        match piece.kind {
            _ if text.is_ok_and(str::is_empty) => Err(format!("piece {id} is empty")),
            _ if text.is_err() => Err(format!("piece {id} is no UTF-8")),
            // A thousand is far beyond any logarithm; sums over a text must stay finite.
            _ if piece.score.is_nan() || piece.score.abs() > 1e3 => {
                Err(format!("the score of piece {id} is {}", piece.score))
            }
            kind::USER_DEFINED => Err(format!("piece {id} is a user-defined symbol{WAY_OUT}")),
            kind::BYTE => Err(format!("piece {id} is a byte{WAY_OUT}")),
            _ => Ok(piece),
        }
    }
}

fn check_trainer(message: &[u8]) -> std::result::Result<(), String> {
    for field in Fields::new(message) {
        match field.map_err(|_| "the training settings are damaged")? {
            (3, Value::Varint(kind)) if kind != 1 => {
                let name = match kind {
                    2 => "bpe",
                    3 => "word",
                    4 => "char",
                    _ => "unknown",
                };
                return Err(format!("it is of type {name}, not unigram{WAY_OUT}"));
            }
            (24, Value::Varint(1)) => {
                return Err(format!("spaces are suffixes of its pieces{WAY_OUT}"));
            }
            (35, Value::Varint(1)) => return Err(format!("it falls back to bytes{WAY_OUT}")),
            _ => {}
        }
    }
    Ok(())
}

fn parse_normalizer(message: &[u8]) -> std::result::Result<Normalizer, String> {
    let mut map: &[u8] = b"";
    let mut switches = Switches::default();
    for field in Fields::new(message) {
        match field.map_err(|_| "the normalisation settings are damaged")? {
            (2, Value::Bytes(bytes)) => map = bytes,
            (3, Value::Varint(on)) => switches.add_dummy_prefix = on != 0,
            (4, Value::Varint(on)) => switches.remove_extra_whitespaces = on != 0,
            (5, Value::Varint(on)) => switches.escape_whitespaces = on != 0,
            _ => {}
        }
    }
    Ok(Normalizer::new(map, switches)?)
}
