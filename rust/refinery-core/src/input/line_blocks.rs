//! Cuts the stream of a line-based file into blocks of whole records: the units of a run.
//!
//! A block ends at the first end of a record at or after each multiple of `block_bytes` of the
//! decompressed file. Where it ends thus depends on the content and `block_bytes` alone, never on
//! the size of a read, the compression or the number of threads. A block is named by the hash of
//! its bytes, so a unit's result can be found again by content.
//!
//! Cutting is sequential and cheap (find line ends, hash); parsing is not done here. One pass
//! suffices: whoever holds a [`BlockStream`] hands its blocks to workers as they come. A second
//! pass, over some of the blocks, is [`BlockStream::read_known`].
//!
//! Memory: one block, plus `max_row_bytes` where a row crosses its end. A longer row is dropped
//! while it is read; only its place, length and beginning are kept.

use memchr::{memchr, memchr2};
use xxhash_rust::xxh3::Xxh3;

use super::compression::Stream;
use super::reasons::CHANGED;
use crate::{Error, Result};

/// Bytes asked of the decompressor at a time. No result depends on it.
const READ_BYTES: usize = 256 << 10;
/// Bytes of a row shown in quarantine.
pub const EXCERPT_BYTES: usize = 256;

/// A block's place and name. Fixed by the content of the file and `block_bytes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// First byte in the decompressed file.
    pub offset: u64,
    /// Length in bytes, line ends, blank lines and oversized rows included.
    pub length: u64,
    /// Number of the first record: its place among the records of the file, from 0. A blank line
    /// is no record and has no number.
    pub first_row: u64,
    /// Number of records, those that will be quarantined included.
    pub n_rows: u64,
    /// xxh3-128 of the bytes, and for CSV of the delimiter and the header before them.
    pub fingerprint: u128,
}

/// A row longer than the limit, of which only this is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oversized {
    /// Index in the block's bytes of the record that follows it.
    pub at: usize,
    /// Its record number in the file.
    pub row: u64,
    /// Its length in bytes, line end included.
    pub length: u64,
    /// Its first [`EXCERPT_BYTES`].
    pub excerpt: Vec<u8>,
}

/// A block with its bytes, ready to be parsed on any thread.
#[derive(Clone, Debug)]
pub struct RawBlock {
    /// Its place and name.
    pub block: Block,
    /// Its records, without the oversized ones.
    pub bytes: Vec<u8>,
    /// The records left out of `bytes`.
    pub oversized: Vec<Oversized>,
}

/// Finds ends of records in a stream that arrives in pieces.
#[derive(Clone, Debug)]
pub enum Splitter {
    /// A record is a line.
    Lines {
        /// Only white space so far.
        is_blank: bool,
    },
    /// A record may hold line ends inside quotes.
    Csv {
        /// The field separator.
        delimiter: u8,
        /// Where in the grammar the last byte left us.
        state: CsvState,
        /// Nothing but the line end so far.
        is_blank: bool,
    },
}

/// Where a CSV reader stands between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvState {
    /// Before the first byte of a field: only here does a quote open a quoted field.
    FieldStart,
    /// In a field without quotes.
    Plain,
    /// Between quotes, where delimiters and line ends are text.
    Quoted,
    /// After a quote in a quoted field: its end, or the first half of a doubled quote.
    QuoteSeen,
}

impl Splitter {
    /// A splitter of plain lines.
    pub const fn lines() -> Self {
        Self::Lines { is_blank: true }
    }

    /// A splitter of CSV records.
    pub const fn csv(delimiter: u8) -> Self {
        Self::Csv {
            delimiter,
            state: CsvState::FieldStart,
            is_blank: true,
        }
    }

    /// Index just past the record that ends in `bytes`, `None` where it goes on.
    pub fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Lines { is_blank } => {
                let end = memchr(b'\n', bytes).map(|i| i + 1);
                if *is_blank {
                    *is_blank = bytes[..end.unwrap_or(bytes.len())]
                        .iter()
                        .all(|b| is_space(*b));
                }
                end
            }
            Self::Csv {
                delimiter,
                state,
                is_blank,
            } => {
                let end = find_csv_end(bytes, *delimiter, state);
                let record = &bytes[..end.unwrap_or(bytes.len())];
                *is_blank = *is_blank && record.iter().all(|b| matches!(b, b'\r' | b'\n'));
                end
            }
        }
    }

    /// Starts a record; true if the one before was more than a blank line.
    pub fn start_record(&mut self) -> bool {
        match self {
            Self::Lines { is_blank } => !std::mem::replace(is_blank, true),
            Self::Csv {
                state, is_blank, ..
            } => {
                *state = CsvState::FieldStart;
                !std::mem::replace(is_blank, true)
            }
        }
    }
}

/// White space of JSON: a line of nothing else is no record.
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn find_csv_end(bytes: &[u8], delimiter: u8, state: &mut CsvState) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() {
        match *state {
            CsvState::Plain => {
                at += memchr2(delimiter, b'\n', &bytes[at..]).unwrap_or(bytes.len() - at);
                if at == bytes.len() {
                    return None;
                }
            }
            CsvState::Quoted => match memchr(b'"', &bytes[at..]) {
                Some(i) => {
                    *state = CsvState::QuoteSeen;
                    at += i + 1;
                    continue;
                }
                None => return None,
            },
            CsvState::FieldStart | CsvState::QuoteSeen => {}
        }
        let byte = bytes[at];
        at += 1;
        *state = match byte {
            b'\n' => return Some(at),
            b'"' if *state != CsvState::Plain => CsvState::Quoted,
            b if b == delimiter => CsvState::FieldStart,
            _ => CsvState::Plain,
        };
    }
    None
}

/// A block under construction.
struct Draft {
    bytes: Vec<u8>,
    digest: Xxh3,
    oversized: Vec<Oversized>,
    /// Index in `bytes` where the record that is still open begins.
    record_start: usize,
    record_length: u64,
    /// What is kept of the open record once it is too long.
    dropping: Option<Vec<u8>>,
    length: u64,
    n_rows: u64,
}

impl Draft {
    fn new(capacity: usize, digest: Xxh3) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
            digest,
            oversized: Vec::new(),
            record_start: 0,
            record_length: 0,
            dropping: None,
            length: 0,
            n_rows: 0,
        }
    }

    /// Takes `piece`, which belongs to the open record.
    fn extend(&mut self, piece: &[u8], max_row_bytes: u64) {
        self.record_length += piece.len() as u64;
        if self.dropping.is_some() {
            return;
        }
        self.bytes.extend_from_slice(piece);
        if self.record_length > max_row_bytes {
            // No more than is held whatever the size of the pieces: the excerpt is a result.
            let length = EXCERPT_BYTES.min(max_row_bytes as usize);
            let end = self.bytes.len().min(self.record_start + length);
            self.dropping = Some(self.bytes[self.record_start..end].to_vec());
            self.bytes.truncate(self.record_start);
        }
    }

    fn end_record(&mut self, is_record: bool, first_row: u64) {
        let dropped = self.dropping.take();
        if let (Some(excerpt), true) = (dropped, is_record) {
            self.oversized.push(Oversized {
                at: self.bytes.len(),
                row: first_row + self.n_rows,
                length: self.record_length,
                excerpt,
            });
        }
        self.n_rows += u64::from(is_record);
        self.record_start = self.bytes.len();
        self.record_length = 0;
    }
}

/// How a stream is cut.
#[derive(Clone, Debug)]
pub struct Cut {
    /// Finds the records.
    pub splitter: Splitter,
    /// Where the first block may begin: after a byte order mark and a header.
    pub data_start: u64,
    /// A block ends at the first record that ends at or after a multiple of this.
    pub block_bytes: u64,
    /// A longer row is quarantined unread.
    pub max_row_bytes: u64,
    /// What the fingerprints start from: for CSV the delimiter and the header.
    pub salt: Vec<u8>,
}

/// The blocks of a file, in order.
pub struct BlockStream {
    stream: Stream,
    cut: Cut,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Place in the decompressed file of `buffer[start]`.
    position: u64,
    next_row: u64,
    is_failed: bool,
}

impl BlockStream {
    /// Cuts `stream`, which stands at its beginning.
    ///
    /// # Errors
    /// As [`Stream::read`].
    pub fn new(mut stream: Stream, cut: Cut) -> Result<Self> {
        stream.advance_to(cut.data_start)?;
        let position = cut.data_start;
        let buffer = vec![0; READ_BYTES];
        Ok(Self {
            stream,
            cut,
            buffer,
            start: 0,
            end: 0,
            position,
            next_row: 0,
            is_failed: false,
        })
    }

    /// Reads with pieces of `size` bytes. Only a test has a reason to.
    #[cfg(test)]
    #[must_use]
    pub fn with_read_size(mut self, size: usize) -> Self {
        self.buffer = vec![0; size];
        self
    }

    /// The next block, `None` at the end of the file. After an error there is no next block.
    ///
    /// # Errors
    /// As [`Stream::read`].
    pub fn next_block(&mut self) -> Result<Option<RawBlock>> {
        if self.is_failed {
            return Ok(None);
        }
        let multiple = self.position / self.cut.block_bytes + 1;
        let boundary = multiple.saturating_mul(self.cut.block_bytes);
        let block = self.cut_until(boundary, self.next_row);
        self.is_failed = block.is_err();
        Ok(block?.inspect(|raw| self.next_row += raw.block.n_rows))
    }

    /// Reads a block that an earlier pass found, skipping what lies before it.
    ///
    /// Blocks must be asked for in order of their offset, unless the file is not compressed.
    ///
    /// # Errors
    /// [`Error::BadFile`] `changed` where it is no longer there, [`Error::Parameter`] where the
    /// order is not kept; else as [`Stream::read`].
    pub fn read_known(&mut self, block: &Block) -> Result<RawBlock> {
        self.seek(block.offset)?;
        let found = self.cut_until(block.offset.saturating_add(block.length), block.first_row)?;
        found
            .filter(|raw| raw.block == *block)
            .ok_or_else(|| self.changed(block))
    }

    fn changed(&self, block: &Block) -> Error {
        let end = block.offset.saturating_add(block.length);
        let message = format!("bytes {}..{end} are not those read before", block.offset);
        Error::BadFile {
            path: self.stream.path().into(),
            reason: CHANGED,
            message,
        }
    }

    fn seek(&mut self, offset: u64) -> Result<()> {
        let buffered = (self.end - self.start) as u64;
        match offset.checked_sub(self.position) {
            Some(ahead) if ahead <= buffered => self.start += ahead as usize,
            None if !self.stream.is_seekable() => {
                return Err(Error::Parameter {
                    name: "block",
                    message: "blocks of a compressed file are read in their order".into(),
                });
            }
            _ => {
                (self.start, self.end) = (0, 0);
                self.stream.advance_to(offset)?;
            }
        }
        self.position = offset;
        Ok(())
    }

    /// Cuts at the first end of a record at or after `boundary`.
    fn cut_until(&mut self, boundary: u64, first_row: u64) -> Result<Option<RawBlock>> {
        self.cut.splitter.start_record();
        let offset = self.position;
        let mut digest = Xxh3::new();
        digest.update(&self.cut.salt);
        // Room for the block and a row across its end, so that the buffer rarely moves.
        let room = boundary.saturating_sub(offset).min(self.cut.block_bytes) as usize;
        let mut draft = Draft::new(room.min(64 << 20) + room / 8, digest);
        loop {
            if self.start == self.end && !self.fill()? {
                if draft.length == 0 {
                    return Ok(None);
                }
                if draft.record_length > 0 {
                    draft.end_record(self.cut.splitter.start_record(), first_row);
                }
                break;
            }
            if self.take(&mut draft, boundary, first_row) {
                break;
            }
        }
        let Draft {
            mut bytes,
            digest,
            oversized,
            length,
            n_rows,
            ..
        } = draft;
        bytes.shrink_to_fit();
        let fingerprint = digest.digest128();
        let block = Block {
            offset,
            length,
            first_row,
            n_rows,
            fingerprint,
        };
        Ok(Some(RawBlock {
            block,
            bytes,
            oversized,
        }))
    }

    fn fill(&mut self) -> Result<bool> {
        self.start = 0;
        self.end = self.stream.read(&mut self.buffer)?;
        Ok(self.end > 0)
    }

    /// Moves what is buffered into `draft`, up to `boundary`; true if the block ends there.
    fn take(&mut self, draft: &mut Draft, boundary: u64, first_row: u64) -> bool {
        let chunk = &self.buffer[self.start..self.end];
        let mut at = 0;
        let mut is_full = false;
        while at < chunk.len() && !is_full {
            let end = self.cut.splitter.find_end(&chunk[at..]);
            let next = end.map_or(chunk.len(), |n| at + n);
            draft.extend(&chunk[at..next], self.cut.max_row_bytes);
            if end.is_some() {
                draft.end_record(self.cut.splitter.start_record(), first_row);
                is_full = self.position + next as u64 >= boundary;
            }
            at = next;
        }
        draft.digest.update(&chunk[..at]);
        draft.length += at as u64;
        self.position += at as u64;
        self.start += at;
        is_full
    }
}

impl Iterator for BlockStream {
    type Item = Result<RawBlock>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().transpose()
    }
}

impl RawBlock {
    /// The records as `(record number, bytes)`, line ends included; blank lines are left out.
    pub fn records(&self, splitter: Splitter) -> Records<'_> {
        let (rest, oversized) = (&self.bytes[..], &self.oversized[..]);
        Records {
            rest,
            at: 0,
            row: self.block.first_row,
            oversized,
            splitter,
        }
    }
}

/// Iterator of [`RawBlock::records`].
pub struct Records<'a> {
    rest: &'a [u8],
    at: usize,
    row: u64,
    oversized: &'a [Oversized],
    splitter: Splitter,
}

impl<'a> Iterator for Records<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some((first, others)) = self.oversized.split_first()
                && first.at <= self.at
            {
                self.oversized = others;
                self.row += 1;
            }
            if self.rest.is_empty() {
                return None;
            }
            let end = self.splitter.find_end(self.rest).unwrap_or(self.rest.len());
            let (record, rest) = self.rest.split_at(end);
            self.rest = rest;
            self.at += end;
            if self.splitter.start_record() {
                self.row += 1;
                return Some((self.row - 1, record));
            }
        }
    }
}
