//! Signatures in two files without a name: they are unlinked as soon as they are open, so that
//! nothing is left of them however the process ends.
//!
//! * signatures: row-major, as they are stored in annotations.
//! * hashes: for each block of documents, band after band, 8 bytes a document.
//!
//! They are read at given places (`pread`), not mapped: what is resident is what is bounded.

use std::fs::{File, OpenOptions, remove_file};
use std::marker::PhantomData;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::{PrefixCounts, Resident, Shape, Sketches, Value, add_counts, no_counts};
use crate::{Error, Result};

/// Documents of a block: some 8 MB of signatures.
const BLOCK: usize = 1 << 14;

/// Bytes of a hash.
const HASH: usize = size_of::<u64>();

/// Numbers the files of a process.
static SERIAL: AtomicU64 = AtomicU64::new(0);

/// Signatures on disk, written once and then read.
#[derive(Debug)]
pub struct Spilled<V> {
    signatures: Unnamed,
    hashes: Unnamed,
    shape: Shape,
    /// Documents before each block, and at last those of all.
    starts: Vec<usize>,
    counts: PrefixCounts,
    values: PhantomData<V>,
}

impl<V: Value> Spilled<V> {
    /// Two empty files in `folder`.
    ///
    /// # Errors
    /// [`Error::Parameter`] where bands do not divide `num_perm`; [`Error::Io`].
    pub fn create(folder: &Path, shape: Shape) -> Result<Self> {
        shape.check()?;
        Ok(Self {
            signatures: Unnamed::create(folder)?,
            hashes: Unnamed::create(folder)?,
            shape,
            starts: vec![0],
            counts: no_counts(shape.bands),
            values: PhantomData,
        })
    }

    /// Adds documents: their signatures as they are stored, one after the other.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn append(&mut self, stored: &[u8]) -> Result<()> {
        stored
            .chunks(BLOCK * self.width())
            .try_for_each(|run| self.append_block(run))
    }

    fn append_block(&mut self, stored: &[u8]) -> Result<()> {
        let first = Sketches::len(self);
        self.signatures.write_at(stored, first * self.width())?;
        let values: Vec<V> = stored
            .par_chunks_exact(size_of::<V>())
            .map(V::from_stored)
            .collect();
        let block = Resident::new(&values, self.shape)?;
        let mut bytes = Vec::with_capacity(block.len() * self.shape.bands * HASH);
        for band in 0..self.shape.bands {
            block.band_hashes(band, &mut |_, hashes| {
                bytes.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
                Ok(())
            })?;
        }
        self.hashes
            .write_at(&bytes, first * self.shape.bands * HASH)?;
        add_counts(&mut self.counts, &block.prefix_counts());
        self.starts.push(first + block.len());
        Ok(())
    }

    /// Bytes of a signature.
    fn width(&self) -> usize {
        self.shape.num_perm * size_of::<V>()
    }
}

impl<V: Value> Sketches<V> for Spilled<V> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    fn prefix_counts(&self) -> PrefixCounts {
        self.counts.clone()
    }

    fn band_hashes(
        &self,
        band: usize,
        each: &mut dyn FnMut(usize, &[u64]) -> Result<()>,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        for block in self.starts.windows(2) {
            let n = block[1] - block[0];
            bytes.resize(n * HASH, 0);
            let place = block[0] * self.shape.bands + band * n;
            self.hashes.read_at(&mut bytes, place * HASH)?;
            let hashes: Vec<u64> = bytes.chunks(HASH).map(u64::from_stored).collect();
            each(block[0], &hashes)?;
        }
        Ok(())
    }

    fn read(&self, document: u32, into: &mut [V]) -> Result<()> {
        let mut bytes = vec![0; self.width()];
        self.signatures
            .read_at(&mut bytes, document as usize * self.width())?;
        for (value, bytes) in into.iter_mut().zip(bytes.chunks(size_of::<V>())) {
            *value = V::from_stored(bytes);
        }
        Ok(())
    }
}

/// An open file that has no name any more.
#[derive(Debug)]
struct Unnamed {
    file: File,
    /// For messages: where it was made.
    folder: PathBuf,
}

impl Unnamed {
    fn create(folder: &Path) -> Result<Self> {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("tmp-spill-{}-{serial}", std::process::id()));
        let failed = |source| Error::Io {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(failed)?;
        remove_file(&path).map_err(failed)?;
        Ok(Self {
            file,
            folder: folder.to_path_buf(),
        })
    }

    fn write_at(&self, bytes: &[u8], place: usize) -> Result<()> {
        let written = self.file.write_all_at(bytes, place as u64);
        written.map_err(|source| self.failed(source))
    }

    fn read_at(&self, bytes: &mut [u8], place: usize) -> Result<()> {
        let read = self.file.read_exact_at(bytes, place as u64);
        read.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::Io {
            path: self.folder.clone(),
            source,
        }
    }
}
