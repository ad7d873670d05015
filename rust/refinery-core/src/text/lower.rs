//! Lower-casing as far as a search for ASCII phrases can tell.

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
    if memmem::find(text.as_bytes(), KELVIN.as_bytes()).is_some() {
        lower.extend(text.split(KELVIN).flat_map(|part| [part, "k"]));
        lower.pop();
    } else {
        lower.push_str(text);
    }
    lower.make_ascii_lowercase();
}

#[cfg(test)]
mod tests {
    use super::lower_ascii;

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
}
