//! What KL3M's metrics look at: how often each character and each token stands in a text, and how
//! many words it has. Classes of characters are sums of the former.

use super::pairs;

/// Counters that are reused.
pub struct Tally {
    tokens: Vec<u32>,
    seen: Vec<u32>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            tokens: vec![0; 1 << 20],
            seen: Vec::new(),
        }
    }
}

impl Tally {
    /// Entropy of the bytes and of the tokens, and the number of words.
    pub fn entropies(&mut self, text: &[u8], ids: &[u32]) -> [f64; 3] {
        // Four tables: equal bytes in a row do not wait for each other.
        let mut bytes = [[0_u32; 256]; 4];
        for (i, &byte) in text.iter().enumerate() {
            bytes[i % 4][byte as usize] += 1;
        }
        let byte_counts = (0..256).map(|b| bytes.iter().map(|table| table[b]).sum());
        let of_bytes = entropy(byte_counts, text.len());
        self.seen.clear();
        for &id in ids {
            let count = &mut self.tokens[id as usize & 0xf_ffff];
            if *count == 0 {
                self.seen.push(id & 0xf_ffff);
            }
            *count += 1;
        }
        let tokens = &mut self.tokens;
        let counts = self
            .seen
            .iter()
            .map(|&id| std::mem::take(&mut tokens[id as usize]));
        let mut n_words = 0;
        pairs::words(text, &mut n_words);
        [of_bytes, entropy(counts, ids.len()), n_words as f64]
    }
}

fn entropy(counts: impl Iterator<Item = u32>, n: usize) -> f64 {
    let sum: f64 = counts
        .filter(|&count| count > 0)
        .map(|count| f64::from(count) * f64::from(count).log2())
        .sum();
    (n as f64).log2() - sum / n as f64
}
