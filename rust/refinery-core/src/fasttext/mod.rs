//! fastText inference: reads the files that the reference library writes, gives its numbers.

use std::path::Path;

use crate::Result;

/// A supervised model, shared by all threads.
pub struct Model {}

/// Buffers of one thread.
#[derive(Default)]
pub struct ModelScratch {}

impl Model {
    /// Loads a `.bin` or `.ftz` file; refuses anything malformed.
    pub fn load(path: &Path) -> Result<Self> {
        let _ = path;
        Ok(Self {})
    }

    /// The labels, prefix included, in the file's order.
    pub fn labels(&self) -> &[String] {
        &[]
    }

    /// Probability of every label for `text`, in the order of [`Model::labels`].
    pub fn predict(&self, text: &str, scratch: &mut ModelScratch, probabilities: &mut Vec<f32>) {
        let _ = (text, scratch);
        probabilities.clear();
    }
}
