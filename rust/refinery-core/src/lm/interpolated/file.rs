//! A model with its alphabet, and the file that holds both.
//!
//! Layout, all numbers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `RFNGRAM\0` |
//! | 4 x 4 | version (1), order, symbols of the alphabet, bytes of the tokenizer (0: symbols are bytes) |
//! | 4 | number of n-grams |
//! | 16 | XXH3-128 of the 28 bytes before it and the body |
//! | rest | the body as one zstd frame: the tokenizer as JSON; the contexts of all n-grams, their last symbols, their counts, 4 bytes each |
//!
//! A context is the number of an earlier n-gram from 1 on, or 0 for none; the alphabet's size
//! stands for the mark that begins a document. Weights are computed when the file is read, so nothing
//! in it can be inconsistent with the counts. Reading checks everything, and memory grows
//! with what was read, never with what the header claims.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::super::table::{Inserted, Table};
use super::counts::{Counts, Entry};
use super::{Interpolated, MAX_ORDER, MAX_SYMBOLS, Symbol};
use crate::fasttext::math::exp;
use crate::tokens::{TokenScratch, Tokenizer};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"RFNGRAM\0";
const VERSION: u32 = 1;
const HEADER: usize = 8 + 5 * 4;
/// Largest tokenizer read; those of 200,000 tokens take a tenth.
const MAX_TOKENIZER_BYTES: u32 = 256 << 20;
/// Level of zstd: higher ones gain a few percent.
const LEVEL: i32 = 3;
/// Largest window of a frame, as zstd itself accepts by default.
const MAX_WINDOW_LOG: u32 = 27;

/// An interpolated model, its alphabet and its counts, shared by all threads.
pub struct NgramModel {
    model: Interpolated,
    tokenizer: Arc<Tokenizer>,
    content: Vec<u8>,
    fingerprint: u128,
}

impl NgramModel {
    /// The model of counts over the tokens of `tokenizer`.
    ///
    /// # Errors
    /// [`Error::Parameter`] where a file could not hold the tokenizer, as it cannot an embedded one.
    pub fn new(counts: Counts, tokenizer: Arc<Tokenizer>) -> Result<Self> {
        let json = tokenizer.to_json()?;
        let (order, n_symbols) = counts.shape();
        let (entries, table) = counts.finish();
        let content = content(order, n_symbols, &json, &entries);
        Ok(Self {
            model: Interpolated::new(order, n_symbols, &entries, table),
            tokenizer,
            fingerprint: xxh3_128(&content),
            content,
        })
    }

    /// The model alone.
    pub fn model(&self) -> &Interpolated {
        &self.model
    }

    /// Memory of the model, without the tokenizer's.
    pub fn n_bytes(&self) -> usize {
        self.model.n_bytes() + self.content.len()
    }

    /// What makes its symbols out of text.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Names the model's content: 32 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", self.fingerprint)
    }

    /// Perplexity of a text per token, NaN where it has none.
    pub fn perplexity(&self, text: &str, scratch: &mut TokenScratch, ids: &mut Vec<Symbol>) -> f64 {
        ids.clear();
        self.tokenizer.encode(text, scratch, ids);
        if ids.is_empty() {
            return f64::NAN;
        }
        exp(self.model.nats(ids, 0) / ids.len() as f64)
    }

    /// Writes the model's file.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let (header, body) = self.content.split_at(HEADER);
        let written = std::fs::File::create(path).and_then(|mut file| {
            file.write_all(header)?;
            file.write_all(&self.fingerprint.to_le_bytes())?;
            file.write_all(&zstd::bulk::compress(body, LEVEL)?)?;
            file.sync_all()
        });
        written.map_err(|source| Error::Io {
            path: path.to_path_buf(),
            source,
        })
    }

    /// Reads the file of a model.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read; [`Error::Model`] where it is damaged, of another version,
    /// or no such file.
    pub fn load(path: &Path) -> Result<Self> {
        let file = std::fs::read(path).map_err(|source| Error::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&file).map_err(|message| Error::Model {
            path: path.to_path_buf(),
            message: format!("not a usable n-gram model: {message}"),
        })
    }

    fn parse(file: &[u8]) -> std::result::Result<Self, String> {
        let header = Header::parse(file)?;
        let hash = file.get(HEADER..HEADER + 16).ok_or("it is truncated")?;
        let mut content = file[..HEADER].to_vec();
        header.read_body(&file[HEADER + 16..], &mut content)?;
        let mut hasher = Xxh3::new();
        hasher.update(&content);
        let fingerprint = hasher.digest128();
        if fingerprint.to_le_bytes() != hash {
            return Err("its hash differs: it is damaged".into());
        }
        let (json, columns) = content[HEADER..].split_at(header.tokenizer_bytes as usize);
        let tokenizer = if json.is_empty() {
            Tokenizer::bytes()
        } else {
            Tokenizer::from_json(json).map_err(|e| e.to_string())?
        };
        if tokenizer.n_symbols() != header.n_symbols {
            let n = tokenizer.n_symbols();
            return Err(format!(
                "it says {} symbols, its tokenizer has {n}",
                header.n_symbols
            ));
        }
        let (entries, table) = header.entries(columns)?;
        Ok(Self {
            model: Interpolated::new(header.order as usize, header.n_symbols, &entries, table),
            tokenizer: Arc::new(tokenizer),
            content,
            fingerprint,
        })
    }
}

fn content(order: usize, n_symbols: u32, json: &[u8], entries: &[Entry]) -> Vec<u8> {
    let mut content = MAGIC.to_vec();
    let numbers = [
        VERSION,
        order as u32,
        n_symbols,
        json.len() as u32,
        entries.len() as u32,
    ];
    content.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    content.extend(json);
    for column in [
        |e: &Entry| e.context,
        |e: &Entry| e.symbol,
        |e: &Entry| e.count,
    ] {
        content.extend(entries.iter().flat_map(|e| column(e).to_le_bytes()));
    }
    content
}

struct Header {
    order: u32,
    n_symbols: u32,
    tokenizer_bytes: u32,
    n_ngrams: u32,
}

impl Header {
    fn parse(file: &[u8]) -> std::result::Result<Self, String> {
        let header = file.get(..HEADER).ok_or("it is too short")?;
        let (magic, numbers) = header.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err("it does not begin as one".into());
        }
        let mut numbers = numbers.chunks_exact(4).map(number);
        let mut next = || numbers.next().unwrap_or_default();
        let version = next();
        if version != VERSION {
            return Err(format!(
                "its version is {version}; this program reads {VERSION}"
            ));
        }
        let header = Self {
            order: next(),
            n_symbols: next(),
            tokenizer_bytes: next(),
            n_ngrams: next(),
        };
        let is_possible = (1..=MAX_ORDER as u32).contains(&header.order)
            && (1..=MAX_SYMBOLS).contains(&header.n_symbols)
            && header.tokenizer_bytes <= MAX_TOKENIZER_BYTES
            && header.n_ngrams < u32::MAX;
        if is_possible {
            Ok(header)
        } else {
            Err("its header holds an impossible number".into())
        }
    }

    fn body_bytes(&self) -> u64 {
        u64::from(self.tokenizer_bytes) + 12 * u64::from(self.n_ngrams)
    }

    /// Appends the body to `content`; it must be as long as the header says.
    fn read_body(&self, frame: &[u8], content: &mut Vec<u8>) -> std::result::Result<(), String> {
        let damaged = |e: std::io::Error| format!("its body is damaged: {e}");
        let mut decoder = zstd::Decoder::with_buffer(frame).map_err(damaged)?;
        decoder.window_log_max(MAX_WINDOW_LOG).map_err(damaged)?;
        let expected = self.body_bytes();
        let found = decoder
            .take(expected + 1)
            .read_to_end(content)
            .map_err(damaged)?;
        if found as u64 == expected {
            Ok(())
        } else {
            Err(format!(
                "its body is not of {expected} bytes, as its header says"
            ))
        }
    }

    /// The n-grams, each after its context, no longer than the order and listed once.
    fn entries(&self, columns: &[u8]) -> std::result::Result<(Vec<Entry>, Table), String> {
        let n = self.n_ngrams as usize;
        let column = |which: usize| columns[4 * n * which..4 * n * (which + 1)].chunks_exact(4);
        let mut entries = Vec::with_capacity(n);
        let mut lengths = vec![0_u32];
        let mut table = Table::with_room_for(n);
        let rows = column(0).zip(column(1)).zip(column(2));
        for (i, ((context, symbol), count)) in rows.enumerate() {
            let entry = Entry {
                context: number(context),
                symbol: number(symbol),
                count: number(count),
            };
            let is_mark = entry.symbol == self.n_symbols && entry.context == 0;
            let length = lengths
                .get(entry.context as usize)
                .map_or(u32::MAX, |l| l + 1);
            if length > self.order || !(is_mark || entry.symbol < self.n_symbols) {
                return Err(format!("its n-gram {i} is impossible"));
            }
            if table.insert(entry.context, entry.symbol, i as u32 + 1) != Inserted::Yes {
                return Err(format!("its n-gram {i} is listed twice"));
            }
            lengths.push(length);
            entries.push(entry);
        }
        Ok((entries, table))
    }
}

fn number(bytes: &[u8]) -> u32 {
    // The callers cut pieces of four bytes.
    bytes.try_into().map_or(0, u32::from_le_bytes)
}
