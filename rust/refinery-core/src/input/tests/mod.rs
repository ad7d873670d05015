//! Tests of the readers through their one door, [`super::LineFile`], on files that are written
//! here byte by byte.

#![allow(
    clippy::unwrap_used,
    clippy::needless_raw_string_hashes,
    clippy::needless_pass_by_value,
    clippy::items_after_statements,
    clippy::naive_bytecount,
    clippy::cast_sign_loss,
    clippy::manual_string_new,
    clippy::needless_for_each,
    clippy::format_collect,
    reason = "tests"
)]

mod blocks;
mod containers;
mod csv_rows;
mod jsonl_rows;
mod scanner;

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;

use super::line_blocks::RawBlock;
use super::records::Parsed;
use super::{Format, LineFile, Options};
use crate::Error;

/// A file that is gone when the test is over.
pub struct TempFile(pub PathBuf);

impl TempFile {
    pub fn new(ending: &str, content: &[u8]) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("refinery-input-{}-{n}{ending}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd_frame(content: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn jsonl() -> Options {
    Options::new(Format::Jsonl)
}

/// JSON Lines with an id column.
pub fn jsonl_with_id() -> Options {
    let mut options = jsonl();
    options.columns.id = Some("id".into());
    options
}

pub fn csv() -> Options {
    Options::new(Format::Csv { delimiter: b',' })
}

pub fn open(ending: &str, content: &[u8], options: Options) -> Result<(LineFile, TempFile), Error> {
    let file = TempFile::new(ending, content);
    LineFile::open(&file.0, options).map(|opened| (opened, file))
}

/// All blocks of `content`, or the first error.
pub fn blocks(ending: &str, content: &[u8], options: Options) -> Result<Vec<RawBlock>, Error> {
    let (file, _guard) = open(ending, content, options)?;
    file.stream()?.collect()
}

/// Every record of `content`: texts with their rows, and bad rows with their reasons.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rows {
    pub texts: Vec<(i64, String)>,
    pub ids: Vec<String>,
    pub sources: Vec<Option<String>>,
    pub urls: Vec<Option<String>>,
    pub bad: Vec<(i64, String)>,
}

impl Rows {
    fn add(&mut self, parsed: &Parsed) {
        let documents = &parsed.documents;
        let numbers = documents["row"].as_primitive::<Int64Type>().values();
        let texts = documents["text"].as_string::<i64>();
        let rows = numbers.iter().zip(texts.iter());
        self.texts
            .extend(rows.map(|(row, text)| (*row, text.unwrap().to_owned())));
        let strings = |name| {
            documents[name]
                .as_string::<i64>()
                .iter()
                .map(|s| s.map(str::to_owned))
        };
        self.ids.extend(strings("id").flatten());
        self.sources.extend(strings("source"));
        self.urls.extend(strings("url"));
        let bad = &parsed.quarantine;
        let numbers = bad["row"].as_primitive::<Int64Type>().values();
        let reasons = bad["reason"].as_string::<i64>();
        let rows = numbers.iter().zip(reasons.iter());
        self.bad
            .extend(rows.map(|(row, reason)| (*row, reason.unwrap().to_owned())));
    }

    /// The one reason of the one record there is.
    pub fn only_reason(&self) -> &str {
        assert_eq!((self.texts.len(), self.bad.len()), (0, 1), "{self:?}");
        &self.bad[0].1
    }

    pub fn only_text(&self) -> &str {
        assert_eq!((self.texts.len(), self.bad.len()), (1, 0), "{self:?}");
        &self.texts[0].1
    }
}

pub fn rows(ending: &str, content: &[u8], options: Options) -> Result<Rows, Error> {
    let (file, _guard) = open(ending, content, options)?;
    let mut rows = Rows::default();
    for raw in file.stream()? {
        rows.add(&file.parse(&raw?)?);
    }
    Ok(rows)
}

/// The reason for which a file is refused.
pub fn file_reason<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::BadFile { reason, .. }) => reason,
        other => panic!("expected a bad file, got {other:?}"),
    }
}
