//! Character classes against the Python that runs here, over every code point.
//!
//! Both sides know some version of Unicode; only characters that are assigned in the older of the
//! two, with properties that were not corrected since, can be compared. The corrections are listed.

use std::process::Command;

use refinery_core::text::chars::{
    UNICODE_VERSION, is_alnum, is_alpha, is_decimal, is_digit, is_lower, is_numeric, is_space,
    is_upper,
};

/// Prints the version, then one byte of method results a code point, 0x80 where it is unassigned.
const SCRIPT: &str = r"
import sys, unicodedata
methods = ['isalpha', 'isspace', 'isdecimal', 'isdigit', 'isnumeric', 'isupper', 'islower']
sys.stdout.buffer.write(unicodedata.unidata_version.encode() + b'\n')
row = bytearray()
for i in range(0x110000):
    c = chr(i)
    bits = sum(1 << k for k, m in enumerate(methods) if getattr(c, m)())
    assert c.isalnum() == bool(bits & 0b11101), hex(i)
    row.append(bits | (unicodedata.category(c) == 'Cn') << 7)
sys.stdout.buffer.write(row)
";

/// Modifier letters that became `Lowercase` after Unicode 14 (Python 3.11): by 16 all of them are.
const LOWERCASE_SINCE_14: &[u32] = &[0x10fc, 0xa7f2, 0xa7f3, 0xa7f4, 0xab69];

/// `isnumeric` of a letter comes from Unihan, whose values were revised after Unicode 14.
const NUMERIC_LETTER: u8 = 0b1_0001;

fn ours(c: char) -> u8 {
    let methods = [
        is_alpha, is_space, is_decimal, is_digit, is_numeric, is_upper, is_lower,
    ];
    assert_eq!(
        is_alnum(c),
        is_alpha(c) || is_decimal(c) || is_digit(c) || is_numeric(c)
    );
    methods
        .iter()
        .enumerate()
        .map(|(k, m)| u8::from(m(c)) << k)
        .sum()
}

fn python() -> (u8, Vec<u8>) {
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .output()
        .expect("python3 runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let end = output
        .stdout
        .iter()
        .position(|&b| b == b'\n')
        .expect("a version line");
    let version = std::str::from_utf8(&output.stdout[..end]).expect("ASCII");
    let major = version
        .split('.')
        .next()
        .and_then(|v| v.parse().ok())
        .expect("a version");
    (major, output.stdout[end + 1..].to_vec())
}

#[test]
fn every_assigned_code_point_has_the_classes_of_the_running_python() {
    let (version, theirs) = python();
    assert_eq!(theirs.len(), 0x0011_0000);
    // A newer Python assigns characters that our tables do not know yet.
    let newer = version > UNICODE_VERSION.0;
    let mut compared = 0;
    let mut differing = Vec::new();
    for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
        let expected = theirs[c as usize];
        if expected & 0x80 != 0 || (newer && ours(c) == 0) {
            continue;
        }
        compared += 1;
        let revised = version > 14 && expected | ours(c) == NUMERIC_LETTER;
        if ours(c) != expected && !revised {
            differing.push(c as u32);
        }
    }
    assert!(
        compared > 100_000,
        "only {compared} characters were compared"
    );
    if version == 14 {
        assert_eq!(differing, LOWERCASE_SINCE_14);
    }
    differing.retain(|c| version >= 16 || !LOWERCASE_SINCE_14.contains(c));
    assert_eq!(differing, [0_u32; 0], "Python has Unicode {version}");
}
