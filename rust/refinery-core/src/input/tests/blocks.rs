//! Where blocks are cut, that they can be read again, and how records are numbered.

use proptest::prelude::*;

use super::super::line_blocks::{Block, BlockStream, Splitter};
use super::*;

fn cut_with_reads_of(file: &LineFile, size: usize) -> Vec<RawBlock> {
    let stream: BlockStream = file.stream().unwrap().with_read_size(size);
    stream.map(Result::unwrap).collect()
}

/// The slow twin: ends of blocks of lines, from the definition.
fn line_ends(content: &[u8], block_bytes: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    for (i, byte) in content.iter().enumerate() {
        let start = ends.last().copied().unwrap_or(0);
        if *byte == b'\n' && i + 1 >= (start / block_bytes + 1) * block_bytes {
            ends.push(i + 1);
        }
    }
    if ends.last().copied().unwrap_or(0) < content.len() {
        ends.push(content.len());
    }
    ends
}

/// Lines that are short, blank, long or broken.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => "[a-z{}\":,]{0,12}",
        1 => "[ \t\r]{0,3}",
        1 => "\\{\"text\":\"[a-z\"\\\\n]{0,20}\"\\}\r?",
    ];
    let lines = prop::collection::vec(line, 0..30);
    (lines, any::<bool>()).prop_map(|(lines, is_ended)| {
        let content = lines.join("\n").into_bytes();
        if is_ended {
            [content, b"\n".to_vec()].concat()
        } else {
            content
        }
    })
}

proptest! {
    #[test]
    fn test_blocks_join_to_the_content_and_end_where_the_definition_says(
        content in content(), block_bytes in 1_u64..60, read in 1_usize..40,
    ) {
        let options = Options { block_bytes, ..jsonl() };
        let (file, _guard) = open(".jsonl", &content, options.clone()).unwrap();
        let blocks = cut_with_reads_of(&file, read);
        let joined: Vec<u8> = blocks.iter().flat_map(|b| b.bytes.clone()).collect();
        prop_assert_eq!(&joined, &content);
        let ends: Vec<usize> =
            blocks.iter().map(|b| (b.block.offset + b.block.length) as usize).collect();
        prop_assert_eq!(ends, line_ends(&content, block_bytes as usize));
        let found: Vec<Block> = blocks.iter().map(|b| b.block.clone()).collect();
        prop_assert_eq!(&file.blocks().unwrap(), &found);
        let (packed, _guard) = open(".jsonl.gz", &gzip(&content), options).unwrap();
        prop_assert_eq!(&packed.blocks().unwrap(), &found);
    }

    #[test]
    fn test_rows_too_large_are_left_out_whatever_the_size_of_a_read(
        content in content(), max_row_bytes in 1_u64..25, read in 1_usize..40,
    ) {
        let options = Options { block_bytes: 50, max_row_bytes, ..jsonl() };
        let (file, _guard) = open(".jsonl", &content, options).unwrap();
        let whole: Vec<RawBlock> = file.stream().unwrap().map(Result::unwrap).collect();
        let pieces = cut_with_reads_of(&file, read);
        let limit = max_row_bytes as usize;
        let lines = content.split_inclusive(|b| *b == b'\n');
        let records: Vec<&[u8]> =
            lines.filter(|l| !l.iter().all(u8::is_ascii_whitespace)).collect();
        let too_large: Vec<u64> =
            (0..).zip(&records).filter(|(_, r)| r.len() > limit).map(|(i, _)| i).collect();
        let mut found = Vec::new();
        for (a, b) in whole.iter().zip(&pieces) {
            prop_assert_eq!((&a.block, &a.bytes, &a.oversized), (&b.block, &b.bytes, &b.oversized));
            found.extend(a.oversized.iter().map(|o| o.row));
            for (row, record) in a.records(Splitter::lines()) {
                prop_assert_eq!(record, records[row as usize]);
            }
        }
        prop_assert_eq!(whole.len(), pieces.len());
        prop_assert_eq!(found, too_large);
    }

    #[test]
    fn test_any_block_reads_again_the_same(content in content(), block_bytes in 1_u64..60) {
        for (ending, packed) in [(".jsonl", content.clone()), (".jsonl.zst", zstd_frame(&content))] {
            let options = Options { block_bytes, max_row_bytes: 20, ..jsonl() };
            let (file, _guard) = open(ending, &packed, options).unwrap();
            let blocks: Vec<RawBlock> = file.stream().unwrap().map(Result::unwrap).collect();
            let mut stream = file.stream().unwrap();
            for raw in blocks.iter().step_by(2) {
                let again = stream.read_known(&raw.block).unwrap();
                prop_assert_eq!((&again.block, &again.bytes), (&raw.block, &raw.bytes));
                prop_assert_eq!(&again.oversized, &raw.oversized);
                prop_assert_eq!(&file.read(&raw.block).unwrap().bytes, &raw.bytes);
            }
        }
    }

    #[test]
    fn test_no_bytes_panic_and_every_line_that_is_not_blank_is_a_row(
        content in prop::collection::vec(prop_oneof![
            any::<u8>(), Just(b'\n'), Just(b'"'), Just(b'{'), Just(b'}'), Just(b','), Just(b':'),
        ], 0..400),
        block_bytes in 1_u64..100,
        max_row_bytes in 1_u64..100,
    ) {
        let options = Options { block_bytes, max_row_bytes, ..jsonl() };
        if let Ok(rows) = rows(".jsonl", &content, options.clone()) {
            let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
            let is_blank = |line: &&[u8]| line.iter().all(|b| b" \t\r".contains(b));
            let n = content.split(|b| *b == b'\n').filter(|l| !is_blank(l)).count();
            prop_assert_eq!(rows.texts.len() + rows.bad.len(), n);
        }
        let headed = [b"text,b\n", &content[..]].concat();
        let options = Options { format: Format::Csv { delimiter: b',' }, ..options };
        let (file, _guard) = open(".csv", &headed, options.clone()).unwrap();
        let n_rows: u64 = file.blocks().unwrap().iter().map(|b| b.n_rows).sum();
        let rows = rows(".csv", &headed, options).unwrap();
        prop_assert_eq!((rows.texts.len() + rows.bad.len()) as u64, n_rows);
    }
}

#[test]
fn test_a_file_that_changed_is_noticed() {
    let (file, guard) = open(".jsonl", b"{\"text\":\"a\"}\n", jsonl()).unwrap();
    let block = file.blocks().unwrap().remove(0);
    for content in ["{\"text\":\"b\"}\n", "{\"text\":\"a\"}\n ", "{", ""] {
        std::fs::write(&guard.0, content).unwrap();
        // A longer last line is another line; what follows a line end is another block.
        let expected = content.starts_with("{\"text\":\"a\"}\n");
        assert_eq!(file.read(&block).is_ok(), expected, "{content:?}");
        if !expected {
            assert_eq!(file_reason(file.read(&block)), "changed");
        }
    }
}

#[test]
fn test_blocks_of_a_compressed_stream_out_of_order_are_a_parameter_error() {
    let options = Options {
        block_bytes: 4,
        ..jsonl()
    };
    let (file, _guard) = open(".jsonl.gz", &gzip(b"1111\n2222\n3333\n"), options).unwrap();
    let blocks = file.blocks().unwrap();
    let mut stream = file.stream().unwrap();
    stream.read_known(&blocks[1]).unwrap();
    assert!(matches!(
        stream.read_known(&blocks[0]),
        Err(Error::Parameter { .. })
    ));
}

#[test]
fn test_row_numbers_count_records_over_blocks_blank_lines_and_bad_rows() {
    let content =
        b"\xef\xbb\xbf{\"text\":\"a\"}\r\n\r\n \t\nbad\n{\"text\":\"b\"}\n\n{\"text\":\"c\"}";
    for block_bytes in [1, 20, 1000] {
        let rows = rows(
            ".jsonl",
            content,
            Options {
                block_bytes,
                ..jsonl()
            },
        )
        .unwrap();
        let texts = [(0, "a"), (2, "b"), (3, "c")].map(|(row, text)| (row, text.to_owned()));
        assert_eq!(rows.texts, texts);
        assert_eq!(rows.bad, [(1, "malformed_record".to_owned())]);
    }
}

#[test]
fn test_a_csv_header_is_part_of_the_fingerprint() {
    let fingerprint = |content: &[u8]| {
        let (file, _guard) = open(".csv", content, csv()).unwrap();
        file.blocks().unwrap()[0].fingerprint
    };
    assert_ne!(fingerprint(b"text,b\n1,2\n"), fingerprint(b"b,text\n1,2\n"));
}

#[test]
fn test_options_out_of_range_are_refused() {
    let cases = [
        Options {
            block_bytes: 0,
            ..jsonl()
        },
        Options {
            max_row_bytes: 0,
            ..jsonl()
        },
        Options {
            max_row_bytes: 1 << 32,
            ..jsonl()
        },
        Options {
            max_expansion: Some(0),
            ..jsonl()
        },
        Options {
            format: Format::Csv { delimiter: b'"' },
            ..jsonl()
        },
        Options {
            format: Format::Csv { delimiter: 0xe9 },
            ..jsonl()
        },
    ];
    for options in cases {
        assert!(matches!(
            open(".jsonl", b"", options),
            Err(Error::Parameter { .. })
        ));
    }
}
