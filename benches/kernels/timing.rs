//! What the benches of this folder share: texts from a file, and seconds of this thread.

#![allow(dead_code, reason = "each bench uses a part of it")]

use std::io::BufRead;
use std::sync::LazyLock;
use std::time::Instant;

/// The texts of a file of JSON Lines, one object with `text` a line.
pub fn texts(path: &str) -> Vec<String> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let parse = |line: std::io::Result<String>| -> String {
        let row: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        row["text"].as_str().unwrap().to_owned()
    };
    file.lines().map(parse).collect()
}

/// Seconds this thread has run on a processor, where the system tells (Linux): on a busy machine
/// they say more than the wall clock does, which is taken elsewhere.
pub fn processor_seconds() -> f64 {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split_ascii_whitespace().next();
    let told = nanoseconds.and_then(|number| number.parse::<f64>().ok());
    told.map_or_else(|| STARTED.elapsed().as_secs_f64(), |found| found / 1e9)
}

/// Rate of `work`, which handles `n_bytes`, in 10^6 bytes a second of this thread; it is repeated
/// for at least `seconds`, since the system's clock of a thread ticks.
pub fn megabytes_per_second(n_bytes: usize, seconds: f64, mut work: impl FnMut()) -> f64 {
    let before = processor_seconds();
    let mut passes = 0_u32;
    loop {
        work();
        passes += 1;
        let taken = processor_seconds() - before;
        if taken >= seconds {
            return f64::from(passes) * n_bytes as f64 / taken / 1e6;
        }
    }
}
