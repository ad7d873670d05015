//! Lower-casing into a reused buffer: as Python does, and as far as a search for ASCII phrases can tell.

use memchr::memmem;

/// The one character beyond ASCII that lower-cases to an ASCII letter alone: `k`.
const KELVIN: &str = "\u{212a}";

/// Writes `text` into `lower` so that an ASCII phrase is found in it exactly if it is in Python's
/// `text.lower()`; other characters stay as they are.
///
/// Of those only `İ` lower-cases to an ASCII letter, followed by a combining dot: it is in no match
/// of a phrase that does not end in `i`, and no published phrase does.
pub fn lower_ascii(text: &str, lower: &mut String) {
    lower.clear();
    if !text.is_ascii() && memmem::find(text.as_bytes(), KELVIN.as_bytes()).is_some() {
        lower.extend(text.split(KELVIN).flat_map(|part| [part, "k"]));
        lower.pop();
    } else {
        lower.push_str(text);
    }
    lower.make_ascii_lowercase();
}

/// A capital sigma, which becomes `ς` at the end of a word and `σ` elsewhere.
const CAPITAL_SIGMA: char = 'Σ';

/// Replaces `lower` by `text.lower()`.
///
/// The full mapping, of which a character may become several (`İ` is `i` and a combining dot), in
/// the Unicode version of the standard library.
pub fn lower_into(text: &str, lower: &mut String) {
    lower.clear();
    let mut rest = text;
    while !rest.is_empty() {
        let n_ascii = ascii_prefix(rest.as_bytes());
        lower.push_str(&rest[..n_ascii]);
        let at = lower.len() - n_ascii;
        lower[at..].make_ascii_lowercase();
        rest = &rest[n_ascii..];
        let Some(c) = rest.chars().next() else { break };
        if c == CAPITAL_SIGMA {
            // It depends on its neighbours, which only the standard library's own function knows.
            *lower = text.to_lowercase();
            return;
        }
        lower.extend(c.to_lowercase());
        rest = &rest[c.len_utf8()..];
    }
}

/// Number of ASCII bytes that `bytes` begins with.
pub(crate) fn ascii_prefix(bytes: &[u8]) -> usize {
    // A block of ASCII is passed over by looking at all its bytes at once.
    let (blocks, _) = bytes.as_chunks::<32>();
    let from = blocks.iter().take_while(|b| b.is_ascii()).count() * 32;
    let rest = &bytes[from..];
    from + rest
        .iter()
        .position(|b| !b.is_ascii())
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::{lower_ascii, lower_into};

    #[test]
    fn ascii_and_the_kelvin_sign_are_lowered() {
        let mut lower = "left over".to_owned();
        for (text, expected) in [
            ("", ""),
            ("Use COOKIES", "use cookies"),
            ("coo\u{212a}ie\u{212a}", "cookiek"),
            ("ÉİẞΣ", "ÉİẞΣ"),
        ] {
            lower_ascii(text, &mut lower);
            assert_eq!(lower, expected);
        }
    }

    #[test]
    fn lower_is_that_of_python() {
        // Expected values: Python's str.lower().
        let cases = [
            ("", ""),
            ("A-Z_09", "a-z_09"),
            ("ÀÉ und ẞ", "àé und ß"),
            ("\u{212a}elvin İ", "kelvin i\u{307}"),
            ("ΟΔΟΣ ΣΑΣ. Σ", "οδος σας. σ"),
            ("ＡＢ漢字Ж", "ａｂ漢字ж"),
        ];
        let mut lower = String::from("before");
        for (text, expected) in cases {
            lower_into(text, &mut lower);
            assert_eq!(lower, expected, "{text:?}");
        }
        let long = "AbC ".repeat(40) + "É" + &"XyZ".repeat(40);
        lower_into(&long, &mut lower);
        assert_eq!(lower, long.to_lowercase());
    }
}
