//! Words and sentences of JSON strings on stdin, one a line: the other side of a comparison with
//! spaCy that needs no Python extension. With `--hash`, a digest of the words; with `--time`, the speed.

use std::io::{BufRead, BufWriter, Write, stdin, stdout};

use refinery_core::text::Word;
use refinery_core::text::spacy::SpacyWords;

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    s.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let mut out = BufWriter::new(stdout().lock());
    let mut splitter = SpacyWords::default();
    let mut words: Vec<Word> = Vec::new();
    if mode == "--time" {
        let texts: Result<Vec<String>, _> =
            stdin().lock().lines().map(|line| serde_json::from_str(&line.unwrap_or_default())).collect();
        let texts = texts?;
        let bytes: usize = texts.iter().map(String::len).sum();
        for _ in 0..3 {
            let mut splitter = SpacyWords::default();
            let start = cpu();
            let mut n = 0;
            for text in &texts {
                splitter.split(text, &mut words);
                n += words.len();
            }
            let s = cpu() - start;
            writeln!(out, "{bytes} bytes {n} words {:.1} MB/s", bytes as f64 / 1e6 / s)?;
        }
        return Ok(());
    }
    for line in stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        splitter.split(&text, &mut words);
        let n_sentences = splitter.count_sentences(&text);
        let parts: Vec<&str> = words.iter().map(|word| word.text(&text)).collect();
        if mode == "--hash" {
            let hash = xxhash_rust::xxh3::xxh3_64(parts.join("\0").as_bytes());
            writeln!(out, "[{},{hash},{n_sentences}]", parts.len())?;
        } else {
            writeln!(out, "[{},{n_sentences}]", serde_json::to_string(&parts)?)?;
        }
    }
    Ok(())
}
