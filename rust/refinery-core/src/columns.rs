//! Checks and hashes over plain columns: what may become a document, and seeded randomness.

use arrow_array::cast::AsArray;
use arrow_array::types::ByteArrayType;
use arrow_array::{Array, GenericByteArray, StringArray};
use arrow_schema::DataType;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::{Error, Result};

/// What is wrong with each value as a text: `null_text`, `invalid_utf8`, `too_large` (more than
/// `max_bytes`), or null where nothing is.
///
/// Takes binary columns, because a column that is called a string is only then known to be UTF-8.
pub fn check_texts(column: &dyn Array, max_bytes: usize) -> Result<StringArray> {
    match column.data_type() {
        DataType::Binary => Ok(check_bytes(column.as_binary::<i32>(), max_bytes)),
        DataType::LargeBinary => Ok(check_bytes(column.as_binary::<i64>(), max_bytes)),
        DataType::BinaryView => {
            let views = column.as_binary_view();
            Ok(views
                .iter()
                .map(|value| verdict(value, max_bytes))
                .collect())
        }
        other => Err(Error::Schema {
            column: "text".into(),
            message: format!("expected a binary column, found {other}"),
        }),
    }
}

fn check_bytes<T>(column: &GenericByteArray<T>, max_bytes: usize) -> StringArray
where
    T: ByteArrayType<Native = [u8]>,
{
    column
        .iter()
        .map(|value| verdict(value, max_bytes))
        .collect()
}

fn verdict(value: Option<&[u8]>, max_bytes: usize) -> Option<&'static str> {
    match value {
        None => Some("null_text"),
        Some(bytes) if bytes.len() > max_bytes => Some("too_large"),
        Some(bytes) if simdutf8::basic::from_utf8(bytes).is_err() => Some("invalid_utf8"),
        Some(_) => None,
    }
}

/// Hash of a document's id under a seed (XXH3-64): sampling and random choices use nothing else,
/// so that they depend on neither order nor number of threads.
pub fn hash_id(id: &str, seed: u64) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::BinaryArray;

    #[test]
    fn each_fault_has_its_reason() {
        let column = BinaryArray::from_opt_vec(vec![
            Some(b"fine".as_slice()),
            None,
            Some(b"bad \xff".as_slice()),
            Some(b"longer than ten".as_slice()),
            Some(b"".as_slice()),
        ]);
        let found = check_texts(&column, 10).expect("binary");
        let found: Vec<_> = found.iter().collect();
        let expected = [
            None,
            Some("null_text"),
            Some("invalid_utf8"),
            Some("too_large"),
            None,
        ];
        assert_eq!(found, expected);
    }
}
