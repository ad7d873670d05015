//! Readers of line-based inputs: containers (plain, gzip, zstd), line blocks, JSON Lines and CSV rows.
