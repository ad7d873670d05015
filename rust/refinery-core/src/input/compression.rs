//! Containers of text: plain, gzip, zstd; opened by name, checked by content.
//!
//! A file's extension says what it should be and its first bytes what it is; where they differ
//! the file is refused, so that a web page saved as `.gz` is never read as rows. Damage is told
//! apart from truncation, both from an error of the operating system. Nothing is held but the
//! decoder's window (gzip 32 KiB, zstd at most 128 MiB), so a bomb costs time, not memory; time
//! is bounded by `max_expansion` where one is set.
//!
//! Not here: lines, rows, encodings of characters.
//!
//! ```no_run
//! use refinery_core::input::compression::Stream;
//! let mut stream = Stream::open("part.jsonl.gz".as_ref(), None)?;
//! let mut buffer = [0; 4096];
//! let n = stream.read(&mut buffer)?;
//! # Ok::<(), refinery_core::Error>(())
//! ```

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use super::reasons::{CORRUPT, TOO_EXPANDED, TRUNCATED, UNSUPPORTED, WRONG_FORMAT};
use crate::{Error, Result};

/// Bytes read from the file at a time.
const FILE_BUFFER: usize = 128 << 10;
/// Largest zstd window: 2^27 bytes, what the `zstd` program itself accepts without being asked.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Below this many bytes out the expansion is not judged: small files of one repeated line are
/// honest and expand a thousandfold.
const EXPANSION_GRACE: u64 = 64 << 20;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: any part can be read by seeking.
    None,
    /// gzip, any number of members.
    Gzip,
    /// Zstandard, any number of frames.
    Zstd,
}

impl Compression {
    /// What the extension says: `.gz`, `.zst`, anything else is plain.
    pub fn of_name(path: &Path) -> Self {
        let extension = path.extension().map(OsStr::to_ascii_lowercase);
        match extension.as_ref().and_then(|e| e.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// The name used in messages and in Python.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// First bytes of what is found in the place of text, and its name. Long enough that no header
/// of a CSV file starts like one.
const MAGICS: [(&[u8], &str); 12] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PAR1\x15", "Parquet"),
    (b"ARROW1\0\0", "Arrow IPC"),
    (b"Obj\x01", "Avro"),
    (b"PK\x03\x04", "zip"),
    (b"BZh91AY&SY", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"%PDF-", "PDF"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];
const ZSTD_MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
const GZIP_MAGIC: &[u8] = b"\x1f\x8b";

/// The name of a binary or marked-up format that `head` opens, `None` where it may be text.
fn foreign_format(head: &[u8]) -> Option<&'static str> {
    let magic = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, name)) = magic {
        return Some(name);
    }
    if is_skippable_frame(head) {
        return Some("zstd");
    }
    let text = head.trim_ascii_start();
    let opens = |tag: &[u8]| {
        text.get(..tag.len())
            .is_some_and(|t| t.eq_ignore_ascii_case(tag))
    };
    (opens(b"<!doctype") || opens(b"<html") || opens(b"<?xml")).then_some("an HTML or XML page")
}

/// zstd frames that carry no data start with `5? 2a 4d 18`.
fn is_skippable_frame(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The file, with the number of compressed bytes the decoder has taken.
struct Input {
    reader: BufReader<File>,
    consumed: u64,
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buf)?;
        self.consumed += n as u64;
        Ok(n)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.reader.consume(n);
        self.consumed += n as u64;
    }
}

/// gzip members one after the other. Written out rather than left to flate2's own reader of
/// several members so that an error can say in which member it is, and zero padding after the
/// last one is allowed as the `gzip` program allows it.
struct GzipMembers {
    /// `None` only while one member's decoder is exchanged for the next.
    decoder: Option<GzDecoder<Input>>,
    member_start: u64,
}

impl GzipMembers {
    fn new(input: Input) -> Self {
        Self {
            decoder: Some(GzDecoder::new(input)),
            member_start: 0,
        }
    }

    /// Starts the next member; false at the end of the file.
    fn next_member(&mut self) -> io::Result<bool> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(false);
        };
        skip_zeros(decoder.get_mut())?;
        if decoder.get_mut().fill_buf()?.is_empty() {
            return Ok(false);
        }
        self.member_start = decoder.get_ref().consumed;
        self.decoder = self.decoder.take().map(|d| GzDecoder::new(d.into_inner()));
        Ok(true)
    }
}

fn skip_zeros(input: &mut Input) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let zeros = buffer.iter().take_while(|b| **b == 0).count();
        if zeros == 0 {
            return Ok(());
        }
        input.consume(zeros);
    }
}

impl Read for GzipMembers {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = match &mut self.decoder {
                Some(decoder) => decoder.read(buf)?,
                None => 0,
            };
            if n > 0 || buf.is_empty() || !self.next_member()? {
                return Ok(n);
            }
        }
    }
}

enum Decoder {
    Plain(Input),
    Gzip(Box<GzipMembers>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Input>>),
}

impl Decoder {
    fn consumed(&self) -> u64 {
        match self {
            Self::Plain(input) => input.consumed,
            Self::Gzip(members) => members.decoder.as_ref().map_or(0, |d| d.get_ref().consumed),
            Self::Zstd(decoder) => decoder.get_ref().consumed,
        }
    }
}

/// A file as the bytes inside it.
pub struct Stream {
    path: PathBuf,
    decoder: Decoder,
    produced: u64,
    max_expansion: Option<u64>,
    is_finished: bool,
}

impl Stream {
    /// Opens a regular file and checks that it is what its name says.
    ///
    /// `max_expansion` bounds bytes out by bytes in, once 64 MiB are out; `None` is no bound.
    ///
    /// # Errors
    /// [`Error::Io`] where the system refuses or the path is no regular file (a pipe or device
    /// could hang or never end); [`Error::BadFile`] `wrong_format` or `truncated`.
    pub fn open(path: &Path, max_expansion: Option<u64>) -> Result<Self> {
        let io_error = |source| Error::Io {
            path: path.into(),
            source,
        };
        if !std::fs::metadata(path).map_err(io_error)?.is_file() {
            return Err(io_error(io::Error::new(
                ErrorKind::InvalidInput,
                "not a regular file",
            )));
        }
        let file = File::open(path).map_err(io_error)?;
        let mut input = Input {
            reader: BufReader::with_capacity(FILE_BUFFER, file),
            consumed: 0,
        };
        let head = fill(&mut input).map_err(io_error)?;
        let compression = Compression::of_name(path);
        check_container(compression, head).map_err(|(reason, message)| Error::BadFile {
            path: path.into(),
            reason,
            message,
        })?;
        let decoder = match compression {
            Compression::None => Decoder::Plain(input),
            Compression::Gzip => Decoder::Gzip(Box::new(GzipMembers::new(input))),
            Compression::Zstd => Decoder::Zstd(Box::new(zstd_decoder(input).map_err(io_error)?)),
        };
        Ok(Self {
            path: path.into(),
            decoder,
            produced: 0,
            max_expansion,
            is_finished: false,
        })
    }

    /// Reads some of the decompressed bytes; zero only at the end of the last member or frame.
    ///
    /// # Errors
    /// [`Error::BadFile`] where the container is damaged, [`Error::Io`] where the system fails.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.is_finished {
            return Ok(0);
        }
        let read = loop {
            let read = match &mut self.decoder {
                Decoder::Plain(input) => input.read(buffer),
                Decoder::Gzip(members) => members.read(buffer),
                Decoder::Zstd(decoder) => decoder.read(buffer),
            };
            match read {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        match read {
            Ok(n) => {
                self.produced += n as u64;
                self.is_finished = n == 0 && !buffer.is_empty();
                self.check_expansion().map(|()| n)
            }
            Err(source) => {
                self.is_finished = true;
                Err(self.read_error(source))
            }
        }
    }

    /// Refuses what is no text, judged by its first decompressed bytes.
    ///
    /// # Errors
    /// [`Error::BadFile`] `wrong_format`, naming what was found.
    pub fn check_text(&self, head: &[u8]) -> Result<()> {
        match foreign_format(head) {
            Some(found) => Err(Error::BadFile {
                path: self.path.clone(),
                reason: WRONG_FORMAT,
                message: format!("expected lines of text, found {found}"),
            }),
            None => Ok(()),
        }
    }

    /// Moves on to byte `offset` of the decompressed bytes; `offset` is not before the place
    /// already reached unless the file is plain. True if it exists.
    ///
    /// # Errors
    /// As [`Stream::read`].
    pub fn advance_to(&mut self, offset: u64) -> Result<bool> {
        if let Decoder::Plain(input) = &mut self.decoder {
            let io_error = |source| Error::Io {
                path: self.path.clone(),
                source,
            };
            let length = input.reader.get_ref().metadata().map_err(io_error)?.len();
            input
                .reader
                .seek(SeekFrom::Start(offset))
                .map_err(io_error)?;
            self.produced = offset;
            self.is_finished = false;
            return Ok(offset <= length);
        }
        let mut scratch = vec![0; FILE_BUFFER];
        while self.produced < offset {
            let left = usize::try_from(offset - self.produced).unwrap_or(usize::MAX);
            let take = left.min(scratch.len());
            if self.read(&mut scratch[..take])? == 0 {
                return Ok(false);
            }
        }
        Ok(self.produced == offset)
    }

    /// Whether any part can be reached without reading what lies before it.
    pub const fn is_seekable(&self) -> bool {
        matches!(self.decoder, Decoder::Plain(_))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn check_expansion(&self) -> Result<()> {
        let Some(limit) = self.max_expansion else {
            return Ok(());
        };
        let consumed = self.decoder.consumed();
        if self.produced <= EXPANSION_GRACE.max(limit.saturating_mul(consumed)) {
            return Ok(());
        }
        let message = format!(
            "{} bytes out of {consumed} compressed bytes, more than {limit} to one",
            self.produced
        );
        Err(Error::BadFile {
            path: self.path.clone(),
            reason: TOO_EXPANDED,
            message,
        })
    }

    /// An error of the decoder is the file's fault, one with an error number the system's.
    fn read_error(&self, source: io::Error) -> Error {
        let path = self.path.clone();
        if source.raw_os_error().is_some() || matches!(self.decoder, Decoder::Plain(_)) {
            return Error::Io { path, source };
        }
        let text = source.to_string();
        let reason = match source.kind() {
            ErrorKind::UnexpectedEof => TRUNCATED,
            // zstd gives no codes through its reader, only its fixed messages.
            _ if text.contains("Dictionary") || text.contains("too much memory") => UNSUPPORTED,
            _ => CORRUPT,
        };
        let place = match &self.decoder {
            Decoder::Gzip(members) => format!("gzip member at byte {}", members.member_start),
            _ => "zstd stream".into(),
        };
        let consumed = self.decoder.consumed();
        let message = format!("{place}: {text} (at compressed byte {consumed})");
        Error::BadFile {
            path,
            reason,
            message,
        }
    }
}

fn zstd_decoder(input: Input) -> io::Result<zstd::stream::read::Decoder<'static, Input>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

fn fill(input: &mut Input) -> io::Result<&[u8]> {
    loop {
        match input.reader.fill_buf() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
            Ok(_) => return Ok(input.reader.buffer()),
        }
    }
}

/// Compares the first bytes with what the name says.
fn check_container(
    expected: Compression,
    head: &[u8],
) -> std::result::Result<(), (&'static str, String)> {
    let is_right = match expected {
        Compression::None => return check_plain(head),
        Compression::Gzip => head.starts_with(GZIP_MAGIC),
        Compression::Zstd => head.starts_with(ZSTD_MAGIC) || is_skippable_frame(head),
    };
    if is_right {
        return Ok(());
    }
    let name = expected.name();
    let is_start = GZIP_MAGIC.starts_with(head) || ZSTD_MAGIC.starts_with(head);
    if is_start || head.is_empty() {
        return Err((
            TRUNCATED,
            format!("expected {name}, found only {} bytes", head.len()),
        ));
    }
    let found = foreign_format(head).map_or_else(|| describe(head), Into::into);
    Err((WRONG_FORMAT, format!("expected {name}, found {found}")))
}

fn check_plain(head: &[u8]) -> std::result::Result<(), (&'static str, String)> {
    match foreign_format(head) {
        Some(found) => Err((WRONG_FORMAT, format!("expected plain text, found {found}"))),
        None => Ok(()),
    }
}

fn describe(head: &[u8]) -> String {
    let start = &head[..head.len().min(16)];
    if start
        .iter()
        .all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
    {
        "plain text".into()
    } else {
        format!("unknown data that starts with {}", start.escape_ascii())
    }
}
