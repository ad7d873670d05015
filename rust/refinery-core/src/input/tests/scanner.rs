//! The scanner against `serde_json`, which is slower here and right.

use proptest::prelude::*;
use serde_json::Value;

use super::super::json_scan::{MAX_DEPTH, Scanner};
use super::super::reasons::{Fault, Reason};

fn scan(text: &str) -> Result<String, Fault> {
    let mut scanner = Scanner::new(text);
    let value = scanner.value(&mut Vec::new())?;
    scanner.end()?;
    Ok(value.text.to_owned())
}

/// Text near to JSON: most of it is not.
fn near_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just(" "),
        Just("\""),
        Just("\"a\""),
        Just("\"b\\n\""),
        Just("\\u00e9"),
        Just("\\ud83d\\ude00"),
        Just("\\"),
        Just("\"\\u0041\""),
        Just("true"),
        Just("false"),
        Just("null"),
        Just("nul"),
        Just("-"),
        Just("0"),
        Just("01"),
        Just("12"),
        Just("-1.5e+3"),
        Just("."),
        Just("1."),
        Just("e"),
        Just("\u{7f}"),
        Just("\t"),
        Just("\u{1}"),
        Just("é"),
        Just("\u{2028}"),
    ];
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn test_accepts_what_serde_json_accepts(text in near_json()) {
        let expected = serde_json::from_str::<Value>(&text);
        match scan(&text) {
            Ok(_) => {
                let is_huge = |e: &serde_json::Error| e.to_string().contains("out of range");
                let is_right = expected.as_ref().map_or_else(is_huge, |_| true);
                prop_assert!(is_right, "{text:?}: {expected:?}");
            }
            // `serde_json` keeps the last of two equal keys, and refuses whatever else we refuse:
            // a backslash before a pair of surrogates leaves the second one alone.
            Err(fault) if fault.reason == Reason::DuplicateKey => {}
            Err(fault) => {
                let is_known = matches!(fault.reason, Reason::MalformedRecord | Reason::BadEscape);
                prop_assert!(is_known && expected.is_err(), "{text:?}: {fault:?}");
            }
        }
    }

    #[test]
    fn test_strings_decode_as_serde_json_decodes_them(value in any::<String>()) {
        let plain = serde_json::to_string(&value).unwrap();
        let units = value.encode_utf16().map(|u| format!("\\u{u:04x}")).collect::<String>();
        for text in [plain, format!("\"{units}\"")] {
            let decoded = Scanner::new(&text).string().unwrap().decode();
            prop_assert_eq!(decoded.as_ref(), value.as_str());
        }
    }
}

#[test]
fn test_numbers_of_any_size_are_numbers() {
    for text in [
        "0",
        "-0",
        "1e999",
        "-1E-999",
        "123456789012345678901234567890",
        "0.1e+01",
    ] {
        assert_eq!(scan(text).as_deref(), Ok(text));
    }
    for text in [
        "+1", "01", ".5", "1.", "1e", "1e+", "-", "0x1", "NaN", "Infinity",
    ] {
        assert_eq!(
            scan(text).unwrap_err().reason,
            Reason::MalformedRecord,
            "{text}"
        );
    }
}

#[test]
fn test_nesting_is_bounded_however_deep() {
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert!(scan(&nested(MAX_DEPTH)).is_ok());
    for n in [MAX_DEPTH + 1, 200, 200_000, 10_000_000] {
        assert_eq!(
            scan(&"[".repeat(n)).unwrap_err().reason,
            Reason::TooDeep,
            "{n}"
        );
        let objects = "{\"a\":".repeat(n.min(200_000));
        assert_eq!(scan(&objects).unwrap_err().reason, Reason::TooDeep, "{n}");
    }
}

#[test]
fn test_a_message_says_where_and_what() {
    let fault = scan("{\"a\": 1 \"b\"}").unwrap_err();
    assert_eq!(fault.message, "expected ',' or '}', found '\"' at byte 8");
    assert_eq!(
        scan("{\"a\"").unwrap_err().message,
        "expected ':', found the end at byte 4"
    );
}
