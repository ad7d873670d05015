//! Content hash of a document, for exact duplicates.

/// 128-bit hash of the text's UTF-8 bytes (XXH3-128, big-endian bytes), unchanged text only.
pub fn content_hash(text: &str) -> [u8; 16] {
    xxhash_rust::xxh3::xxh3_128(text.as_bytes()).to_be_bytes()
}
