//! Pieces by hand, and beside the automata of the `bpe-openai` crate.

use proptest::prelude::*;

use super::*;

fn ours(text: &str, pattern: Pattern) -> Vec<&str> {
    Pieces::new(text, pattern)
        .map(|(start, end)| &text[start..end])
        .collect()
}

fn twin(text: &str, pattern: Pattern) -> Vec<&str> {
    let twin = match pattern {
        Pattern::Cl100k => bpe_openai::cl100k_base(),
        Pattern::O200k => bpe_openai::o200k_base(),
    };
    twin.split(text).collect()
}

fn assert_equal_to_twins(text: &str) {
    for pattern in [Pattern::Cl100k, Pattern::O200k] {
        assert_eq!(ours(text, pattern), twin(text, pattern), "{pattern:?}");
    }
}

fn assert_pieces(pattern: Pattern, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(twin(text, pattern), *expected, "twin on {text:?}");
        assert_eq!(ours(text, pattern), *expected, "{text:?}");
    }
}

#[test]
fn pieces_of_cl100k_by_hand() {
    let cases: [(&str, &[&str]); 16] = [
        ("", &[]),
        ("Hello world", &["Hello", " world"]),
        (
            "don't DON'T we'LL",
            &["don", "'t", " DON", "'T", " we", "'LL"],
        ),
        ("'street", &["'s", "treet"]),
        ("'\u{17f}x 'x", &["'\u{17f}", "x", " '", "x"]),
        ("12345 67", &["123", "45", " ", "67"]),
        ("a  b", &["a", " ", " b"]),
        ("a   ", &["a", "   "]),
        ("a \t 1", &["a", " \t", " ", "1"]),
        ("a \n\n  b", &["a", " \n\n", " ", " b"]),
        ("x!!\r\n\ny", &["x", "!!\r\n\n", "y"]),
        (" ?? \n", &[" ??", " \n"]),
        ("(a) \u{a0}b", &["(a", ")", " ", "\u{a0}b"]),
        ("é٣x\u{301}y", &["é", "٣", "x", "\u{301}y"]),
        ("\0\0a\u{1c}", &["\0\0", "a", "\u{1c}"]),
        ("日本語。😀 \u{2028}", &["日本語", "。😀", " \u{2028}"]),
    ];
    assert_pieces(Pattern::Cl100k, &cases);
}

#[test]
fn pieces_of_o200k_by_hand() {
    let cases: [(&str, &[&str]); 12] = [
        ("Hello world", &["Hello", " world"]),
        ("camelCase HTTPServer", &["camel", "Case", " HTTPServer"]),
        ("don't DON'T we'LL", &["don't", " DON'T", " we'LL"]),
        ("'street", &["'street"]),
        ("a'\u{17f}b", &["a'\u{17f}", "b"]),
        ("https://a/b\n", &["https", "://", "a", "/b", "\n"]),
        ("(/\n/\nx", &["(/\n/\n", "x"]),
        // Letters without case are head and tail: the capital goes to the next word.
        ("日本A 日本a", &["日本", "A", " 日本a"]),
        // A mark alone, before capitals, and before a small letter.
        (
            "\u{301} \u{301}A \u{301}a",
            &["\u{301}", " \u{301}", "A", " \u{301}a"],
        ),
        ("-\u{301}A", &["-\u{301}", "A"]),
        ("a \n\n  b", &["a", " \n\n", " ", " b"]),
        ("12345 67", &["123", "45", " ", "67"]),
    ];
    assert_pieces(Pattern::O200k, &cases);
}

#[test]
fn words_of_every_length_end_where_they_end() {
    for n in 0..40 {
        let (lower, upper) = ("a".repeat(n), "A".repeat(n));
        for end in ["", " ", "é", "1", "A", "[", "{", "@", "`"] {
            assert_equal_to_twins(&format!("{upper}{lower}{end} {lower}{end}b"));
        }
    }
}

#[test]
fn every_character_in_every_neighbourhood_splits_as_the_twin() {
    // Joined into few texts, because a call of the twin has a fixed cost.
    for around in [
        ["a", "a"],
        ["A", "A"],
        [" ", " "],
        ["1", "!"],
        ["'", "s"],
        ["\n", " "],
        ["", "\r"],
        ["-", "/"],
    ] {
        let mut text = String::new();
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            text.push_str(around[0]);
            text.push(c);
            text.push_str(around[1]);
            if text.len() > 1 << 16 {
                assert_equal_to_twins(&text);
                text.clear();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn random_text_splits_as_the_twin(text in "\\PC{0,60}") {
        assert_equal_to_twins(&text);
    }

    #[test]
    fn text_of_awkward_characters_splits_as_the_twin(
        text in "[ \t\r\n'sStTrReEvVlLmMdDxX0-9!.,/\u{0}\u{1c}\u{85}\u{a0}\u{17f}\u{1c5}\u{212a}\u{301}\u{2b0}\u{2028}\u{3000}éÉß٣Ⅷ日😀]{0,40}",
    ) {
        assert_equal_to_twins(&text);
    }
}
