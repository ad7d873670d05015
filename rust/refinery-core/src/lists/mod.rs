//! Signals that need lists of the user: bad words and blocked URLs.
//!
//! The lists are other people's data, so none is part of refinery; a pipeline names the files, and
//! their content has a fingerprint that names what is computed with them. A family of lists is
//! loaded once, is shared by all threads, and has the same table of signals as a family of
//! [`crate::signal`].

pub mod bad_words;
pub mod entries;
pub mod host;
pub mod url;

use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3Default;

use crate::signal::SignalSpec;
use crate::{Error, Result};

/// A family of signals that are computed with lists.
pub struct ListFamily {
    /// Name in plans and presets, such as `datatrove.url`.
    pub name: &'static str,
    /// The key of `annotate:` that names the lists.
    pub key: &'static str,
    /// Where the definitions come from, with version.
    pub source: &'static str,
    /// The signals, in the order of their values.
    pub signals: &'static [SignalSpec],
}

/// Every family with lists, in the order of their columns.
pub static LIST_FAMILIES: &[&ListFamily] = &[&bad_words::FAMILY, &url::FAMILY];

impl ListFamily {
    /// The column of one of this family's signals.
    pub fn column(&self, signal: &SignalSpec) -> String {
        format!("{}.{}", self.name, signal.name)
    }
}

/// Reads lists and names their content.
#[derive(Default)]
struct Reader {
    hasher: Xxh3Default,
}

impl Reader {
    /// The text of a list. `name` is what the list is for, `missing` where it can be had.
    fn read(&mut self, name: &'static str, path: &Path, missing: &str) -> Result<String> {
        let content = std::fs::read(path).map_err(|source| absent(name, path, missing, source))?;
        let text = String::from_utf8(content).map_err(|e| Error::Parameter {
            name,
            message: format!(
                "{}: not UTF-8 text (byte {})",
                path.display(),
                e.utf8_error().valid_up_to()
            ),
        })?;
        // With the length before it no text can pass for two others.
        self.hasher.update(&(text.len() as u64).to_le_bytes());
        self.hasher.update(text.as_bytes());
        Ok(text)
    }

    /// Names what was read and `how` it is used: equal for equal lists only.
    fn fingerprint(&mut self, how: &str) -> String {
        self.hasher.update(how.as_bytes());
        format!("{:032x}", self.hasher.digest128())
    }
}

fn absent(name: &'static str, path: &Path, missing: &str, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::NotFound {
        return Error::Parameter {
            name,
            message: format!("no such file: {}; {missing}", path.display()),
        };
    }
    Error::Io {
        path: PathBuf::from(path),
        source,
    }
}

/// The lines of a list as Python reads them: cut at LF, CR and CR LF.
fn lines(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(['\n', '\r'])
}

#[cfg(test)]
mod testing {
    use std::path::{Path, PathBuf};

    /// A folder of files that is removed with the value.
    pub struct Folder(PathBuf);

    impl Folder {
        /// A new folder named after `test`, with (name, content) files.
        pub fn new(test: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("refinery-{}-{test}", std::process::id()));
            for (name, content) in files {
                let file = path.join(name);
                std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
                std::fs::write(file, content).expect("a file");
            }
            Self(path)
        }

        pub fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
