//! Python's `str.lower()` into a reused buffer.

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
fn ascii_prefix(bytes: &[u8]) -> usize {
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
    use super::lower_into;

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
