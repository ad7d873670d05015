//! Fault matrix C: containers that are cut, damaged, concatenated or not what they are called.

use super::*;

const LINES: &[u8] = b"{\"text\":\"one\"}\n{\"text\":\"two\"}\n{\"text\":\"three\"}\n";

fn many_lines(n: usize) -> Vec<u8> {
    (0..n)
        .flat_map(|i| format!("{{\"text\":\"document {i} {}\"}}\n", i * 7919).into_bytes())
        .collect()
}

#[test]
fn test_gzip_cut_anywhere_is_truncated() {
    let whole = gzip(&many_lines(500));
    for cut in (whole.len() - 20..whole.len()).chain([whole.len() / 2, 11, 2, 1, 0]) {
        assert_eq!(
            file_reason(rows(".jsonl.gz", &whole[..cut], jsonl())),
            "truncated",
            "{cut}"
        );
    }
}

#[test]
fn test_zstd_cut_anywhere_is_truncated() {
    let whole = zstd_frame(&many_lines(500));
    for cut in (whole.len() - 20..whole.len()).chain([whole.len() / 2, 5, 3, 0]) {
        assert_eq!(
            file_reason(rows(".jsonl.zst", &whole[..cut], jsonl())),
            "truncated",
            "{cut}"
        );
    }
}

#[test]
fn test_a_thousand_gzip_members_with_empty_ones_between_give_all_rows() {
    let member = |i| {
        [
            gzip(format!("{{\"text\":\"{i}\"}}\n").as_bytes()),
            gzip(b""),
        ]
        .concat()
    };
    let content: Vec<u8> = (0..1000).flat_map(member).collect();
    let rows = rows(".jsonl.gz", &content, jsonl()).unwrap();
    assert_eq!(rows.texts.len(), 1000);
    assert_eq!(rows.texts[999], (999, "999".into()));
}

#[test]
fn test_zero_padding_after_the_last_gzip_member_is_allowed_and_other_bytes_are_not() {
    let padded = [gzip(LINES), vec![0; 600]].concat();
    assert_eq!(rows(".jsonl.gz", &padded, jsonl()).unwrap().texts.len(), 3);
    let garbage = [gzip(LINES), b"garbage after the end".to_vec()].concat();
    assert_eq!(file_reason(rows(".jsonl.gz", &garbage, jsonl())), "corrupt");
}

#[test]
fn test_wrong_gzip_checksum_or_length_is_corrupt_and_names_the_member() {
    let first = gzip(LINES);
    for from_end in [8, 4] {
        let mut content = [first.clone(), gzip(LINES)].concat();
        let at = content.len() - from_end;
        content[at] ^= 1;
        let error = rows(".jsonl.gz", &content, jsonl())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("corrupt: gzip member at byte {}:", first.len())),
            "{error}"
        );
    }
}

#[test]
fn test_wrong_zstd_checksum_is_corrupt() {
    let mut content = zstd_frame(LINES);
    *content.last_mut().unwrap() ^= 1;
    assert_eq!(
        file_reason(rows(".jsonl.zst", &content, jsonl())),
        "corrupt"
    );
}

#[test]
fn test_zstd_frames_and_skippable_frames_give_all_rows() {
    let skippable = b"\x5a\x2a\x4d\x18\x04\x00\x00\x00\xde\xad\xbe\xef".to_vec();
    let frames = [
        skippable.clone(),
        zstd_frame(LINES),
        skippable,
        zstd_frame(b""),
        zstd_frame(LINES),
    ];
    assert_eq!(
        rows(".jsonl.zst", &frames.concat(), jsonl())
            .unwrap()
            .texts
            .len(),
        6
    );
}

#[test]
fn test_zstd_that_needs_a_dictionary_or_a_huge_window_is_unsupported() {
    let dictionary = many_lines(200);
    let mut encoder =
        zstd::stream::write::Encoder::with_dictionary(Vec::new(), 1, &dictionary).unwrap();
    encoder.write_all(LINES).unwrap();
    let raw_dictionary = encoder.finish().unwrap();
    // A dictionary without an id cannot be told from damage.
    let reason = file_reason(rows(".jsonl.zst", &raw_dictionary, jsonl()));
    assert!(["corrupt", "unsupported"].contains(&reason), "{reason}");
    // Magic, descriptor, a window of 2^30, one last empty raw block.
    let window = b"\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00";
    assert_eq!(
        file_reason(rows(".jsonl.zst", window, jsonl())),
        "unsupported"
    );
    // Magic, descriptor with a dictionary id of one byte, a window, id 7, one empty block.
    let named = b"\x28\xb5\x2f\xfd\x01\x00\x07\x01\x00\x00";
    assert_eq!(
        file_reason(rows(".jsonl.zst", named, jsonl())),
        "unsupported"
    );
}

#[test]
fn test_names_that_lie_are_wrong_format_and_the_message_says_what_was_found() {
    let page = b"\n<!DOCTYPE html><html><body>404</body></html>".to_vec();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (".jsonl.gz", zstd_frame(LINES), "expected gzip, found zstd"),
        (
            ".jsonl.gz",
            LINES.to_vec(),
            "expected gzip, found plain text",
        ),
        (".jsonl.gz", page.clone(), "expected gzip, found an HTML"),
        (".jsonl.zst", gzip(LINES), "expected zstd, found gzip"),
        (
            ".jsonl.zst",
            b"\0\x01\x02\x03\x04\x05".to_vec(),
            "found unknown data that starts with \\x00",
        ),
        (".jsonl", gzip(LINES), "expected plain text, found gzip"),
        (
            ".jsonl",
            zstd_frame(LINES),
            "expected plain text, found zstd",
        ),
        (
            ".jsonl",
            b"PAR1\x15\x04rest".to_vec(),
            "expected plain text, found Parquet",
        ),
        (
            ".csv",
            b"PK\x03\x04rest".to_vec(),
            "expected plain text, found zip",
        ),
        (
            ".jsonl",
            b"\xff\xfe{\0".to_vec(),
            "expected plain text, found UTF-16",
        ),
        (".jsonl", page.clone(), "expected plain text, found an HTML"),
        (
            ".jsonl.gz",
            gzip(&page),
            "expected lines of text, found an HTML",
        ),
        (
            ".jsonl.gz",
            gzip(&gzip(LINES)),
            "expected lines of text, found gzip",
        ),
    ];
    for (ending, content, expected) in cases {
        let error = open(ending, &content, jsonl()).map(drop).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(expected), "{ending}: {message}");
        assert_eq!(file_reason::<()>(Err(error)), "wrong_format", "{ending}");
    }
}

#[test]
fn test_empty_text_is_no_rows_whatever_the_container() {
    let contents = [
        (".jsonl", vec![]),
        (".jsonl.gz", gzip(b"")),
        (".jsonl.zst", zstd_frame(b"")),
    ];
    for (ending, content) in contents {
        assert_eq!(
            rows(ending, &content, jsonl()).unwrap(),
            Rows::default(),
            "{ending}"
        );
    }
    assert_eq!(rows(".csv", b"", csv()).unwrap(), Rows::default());
}

#[test]
fn test_what_is_no_regular_file_is_an_error_of_the_system() {
    for path in ["/dev/zero", "/tmp", "/no/such/file.jsonl"] {
        let error = LineFile::open(path.as_ref(), jsonl()).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
}

#[test]
fn test_a_bomb_of_one_line_is_one_row_too_large() {
    let line = vec![b'x'; 1 << 20];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..100 {
        encoder.write_all(&line).unwrap();
    }
    let content = encoder.finish().unwrap();
    let options = Options {
        max_row_bytes: 1 << 20,
        ..jsonl()
    };
    let blocks = blocks(".jsonl.gz", &content, options.clone()).unwrap();
    assert_eq!(blocks.len(), 1);
    assert_eq!(
        (blocks[0].bytes.capacity(), blocks[0].oversized[0].length),
        (0, 100 << 20)
    );
    let options = Options {
        max_expansion: Some(50),
        ..options
    };
    assert_eq!(
        file_reason(rows(".jsonl.gz", &content, options)),
        "too_expanded"
    );
}

#[test]
fn test_any_changed_byte_of_a_container_gives_all_rows_or_a_bad_file() {
    for (ending, whole) in [
        (".jsonl.gz", gzip(LINES)),
        (".jsonl.zst", zstd_frame(LINES)),
    ] {
        for at in 0..whole.len() {
            let mut content = whole.clone();
            content[at] ^= 0x41;
            match rows(ending, &content, jsonl()) {
                Ok(rows) => assert_eq!(rows.texts.len(), 3, "{ending} {at}"),
                Err(error) => assert!(matches!(error, Error::BadFile { .. }), "{error}"),
            }
        }
    }
}
