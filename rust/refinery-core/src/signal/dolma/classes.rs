//! Character classes of the `regex` module that Dolma's taggers use, which are not those of `str`.

use std::sync::LazyLock;

use crate::text::chars::CharTable;

/// `\w`: alphabetic, marks, decimal digits, connectors and joiners.
pub const WORD: u8 = 1;
/// `\s`: the property `White_Space`; unlike `str.isspace` without U+001C to U+001F.
pub const SPACE: u8 = 1 << 1;
/// `[[:punct:]]`: punctuation and symbols that are not alphabetic.
pub const PUNCT: u8 = 1 << 2;
/// The four blocks that `not_alphanum_paragraph_v1` counts as emoji.
pub const EMOJI: u8 = 1 << 3;

static TABLE: LazyLock<CharTable> = LazyLock::new(|| {
    CharTable::new(
        &[
            (WORD, r"\w"),
            (SPACE, r"\s"),
            (PUNCT, r"[[\p{P}\p{S}]--\p{Alphabetic}]"),
            (
                EMOJI,
                r"[\x{2600}-\x{27BF}\x{1F300}-\x{1F64F}\x{1F680}-\x{1F6FF}]",
            ),
        ],
        &[],
    )
});

/// The table of the classes above, for loops that look up many characters.
pub fn table() -> &'static CharTable {
    &TABLE
}
