//! A flag that asks long work to stop.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, Result};

/// Whether to stop: set by whoever waits, asked by who works, between steps of about a tenth of a
/// second.
#[derive(Debug, Default)]
pub struct Interrupt {
    is_set: AtomicBool,
}

impl Interrupt {
    /// Asks the work to stop.
    pub fn set(&self) {
        self.is_set.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// [`Error::Interrupted`] where a stop was asked for.
    pub fn check(&self) -> Result<()> {
        if self.is_set.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }
}
