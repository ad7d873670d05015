//! The closed list of reasons for which a row is quarantined or a file is refused.
//!
//! Reasons are data of the output: they are stored under these names, counted by them and
//! documented from this list. A new reason is a new variant here and nowhere else. What is done
//! with a bad row or file (stop, set aside) is not decided here.
//!
//! ```
//! use refinery_core::input::reasons::Reason;
//! assert_eq!(Reason::NullText.name(), "null_text");
//! ```

/// Why a row is quarantined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// See [`Reason::description`], as for every variant.
    MalformedRecord,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// A lone surrogate.
    BadEscape,
    /// One name twice in one object.
    DuplicateKey,
    /// Nested beyond the limit.
    TooDeep,
    /// Larger than a stated limit.
    TooLarge,
    /// A JSON line that holds something else than an object.
    NotAnObject,
    /// No text field.
    MissingText,
    /// Text is null.
    NullText,
    /// Text is a number.
    TextIsNumber,
    /// Text is true or false.
    TextIsBool,
    /// Text is a list.
    TextIsList,
    /// Text is an object.
    TextIsObject,
    /// No id field.
    MissingId,
    /// Id is null.
    NullId,
    /// Id is neither string nor number.
    BadId,
}

impl Reason {
    /// Every reason, in the order in which a row is checked for it.
    pub const ALL: [Self; 16] = [
        Self::TooLarge,
        Self::InvalidUtf8,
        Self::MalformedRecord,
        Self::BadEscape,
        Self::TooDeep,
        Self::DuplicateKey,
        Self::NotAnObject,
        Self::MissingText,
        Self::NullText,
        Self::TextIsNumber,
        Self::TextIsBool,
        Self::TextIsList,
        Self::TextIsObject,
        Self::MissingId,
        Self::NullId,
        Self::BadId,
    ];

    /// The name under which it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MalformedRecord => "malformed_record",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::BadEscape => "bad_escape",
            Self::DuplicateKey => "duplicate_key",
            Self::TooDeep => "too_deep",
            Self::TooLarge => "too_large",
            Self::NotAnObject => "not_an_object",
            Self::MissingText => "missing_text",
            Self::NullText => "null_text",
            Self::TextIsNumber => "text_is_number",
            Self::TextIsBool => "text_is_bool",
            Self::TextIsList => "text_is_list",
            Self::TextIsObject => "text_is_object",
            Self::MissingId => "missing_id",
            Self::NullId => "null_id",
            Self::BadId => "bad_id",
        }
    }

    /// What it means, in one sentence for people.
    pub const fn description(self) -> &'static str {
        match self {
            Self::MalformedRecord => {
                "The row is not JSON, or not a CSV record of the header's width."
            }
            Self::InvalidUtf8 => "The row holds bytes that are not UTF-8.",
            Self::BadEscape => "A string escapes half of a surrogate pair, which is no character.",
            Self::DuplicateKey => {
                "An object holds one key twice, so parsers disagree on its value."
            }
            Self::TooDeep => "Lists and objects are nested deeper than 128 levels.",
            Self::TooLarge => {
                "The row is longer than max_row_bytes, or an object has over 10000 keys."
            }
            Self::NotAnObject => "The row is valid JSON, but no object.",
            Self::MissingText => "The row has no text field.",
            Self::NullText => "The text is null; empty text is a document.",
            Self::TextIsNumber => "The text is a number.",
            Self::TextIsBool => "The text is true or false.",
            Self::TextIsList => "The text is a list.",
            Self::TextIsObject => "The text is an object.",
            Self::MissingId => "An id column is configured and the row has none.",
            Self::NullId => "The id is null, or empty in CSV.",
            Self::BadId => "The id is neither a string nor a number.",
        }
    }
}

/// Why a file as a whole is refused: name and meaning, the `reason` of [`crate::Error::BadFile`].
pub const FILE_REASONS: [(&str, &str); 6] = [
    (
        WRONG_FORMAT,
        "The content is not what the file's name says.",
    ),
    (TRUNCATED, "The compressed stream ends before its end mark."),
    (
        CORRUPT,
        "The compressed stream is damaged or its checksum is wrong.",
    ),
    (
        UNSUPPORTED,
        "The stream needs a dictionary, or a window over 128 MiB.",
    ),
    (
        TOO_EXPANDED,
        "The stream expands beyond the configured ratio.",
    ),
    (CHANGED, "The file is not the one that was read before."),
];
/// The content is not what the file's name says.
pub const WRONG_FORMAT: &str = "wrong_format";
/// The compressed stream ends before its end mark.
pub const TRUNCATED: &str = "truncated";
/// The compressed stream is damaged.
pub const CORRUPT: &str = "corrupt";
/// The compressed stream needs what is not offered.
pub const UNSUPPORTED: &str = "unsupported";
/// The stream expands beyond the configured ratio.
pub const TOO_EXPANDED: &str = "too_expanded";
/// The file is not the one that was read before.
pub const CHANGED: &str = "changed";

/// A fault inside one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The reason it is quarantined for.
    pub reason: Reason,
    /// What was found, with the byte in the record where one is known.
    pub message: String,
}

impl Fault {
    /// A fault with its message.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_names_are_distinct_and_every_reason_is_listed_once() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|r| r.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 16);
        assert!(Reason::ALL.iter().all(|r| r.description().ends_with('.')));
    }
}
