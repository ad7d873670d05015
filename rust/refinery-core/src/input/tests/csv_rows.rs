//! CSV rows: RFC 4180, odd headers, and the record splitter against `csv-core`.

use arrow_array::RecordBatch;
use csv_core::{ReadRecordResult, ReaderBuilder};
use proptest::prelude::*;

use super::super::shape::Schema;
use super::*;

fn texts(content: &str) -> Vec<String> {
    let rows = rows(".csv", content.as_bytes(), csv()).unwrap();
    assert_eq!(rows.bad, []);
    rows.texts.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn test_quotes_delimiters_and_line_ends_of_rfc_4180() {
    assert_eq!(texts("text,b\na,1\r\nb,2\n\n\r\nc,3"), ["a", "b", "c"]);
    assert_eq!(
        texts("b,text\n1,\"x,\"\"y\"\"\r\nz\"\n2,\n3,\"\"\n"),
        ["x,\"y\"\r\nz", "", ""]
    );
    assert_eq!(texts("text\n 5\" pipe \n\"\"\"\"\n"), [" 5\" pipe ", "\""]);
    assert_eq!(texts("\u{feff}\"text\",b\n\u{2028}\0,é\n"), ["\u{2028}\0"]);
    assert_eq!(texts("\n\r\ntext,b\na,1\n"), ["a"]);
    assert_eq!(texts("text,b"), Vec::<String>::new());
}

#[test]
fn test_bad_csv_rows_have_their_reasons_and_cost_no_other_row() {
    let mut options = csv();
    options.columns.id = Some("id".into());
    options.columns.source = Some("s".into());
    options.columns.url = Some("s".into());
    let content = b"id,text,s\n1,a,x\n2,b\n3,c,y,z\n4,\"d\"e,x\n5,\xff,x\n,f,x\n7,g,\n8,\"open,x\n";
    let rows = rows(".csv", content, options).unwrap();
    assert_eq!(rows.texts, [(0, "a".to_owned()), (6, "g".to_owned())]);
    assert_eq!(rows.ids, ["1", "7"]);
    assert_eq!(rows.sources, [Some("x".to_owned()), None]);
    assert_eq!(rows.urls, rows.sources);
    let reasons: Vec<(i64, &str)> = rows.bad.iter().map(|(i, r)| (*i, r.as_str())).collect();
    let expected = [
        (1, "malformed_record"),
        (2, "malformed_record"),
        (3, "malformed_record"),
        (4, "invalid_utf8"),
        (5, "null_id"),
        (7, "malformed_record"),
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn test_a_csv_row_too_large_is_set_aside_with_its_quoted_line_ends() {
    let content = format!("text,b\na,1\n\"{}\",2\nc,3\n", "long\n".repeat(100));
    let rows = rows(
        ".csv",
        content.as_bytes(),
        Options {
            max_row_bytes: 50,
            ..csv()
        },
    )
    .unwrap();
    assert_eq!(rows.texts, [(0, "a".to_owned()), (2, "c".to_owned())]);
    assert_eq!(rows.bad, [(1, "too_large".to_owned())]);
}

#[test]
fn test_a_bad_header_is_a_schema_error_that_names_what_was_found() {
    let cases: &[(&str, &str)] = &[
        (
            "id,txt,url\n",
            "column text: not in the header, which has \"id\", \"txt\", \"url\"; did you mean \"txt\"?",
        ),
        ("text,a,a\n", "column a: stands twice in the header"),
        (
            "text,\"a\n",
            "column text: the header is no CSV record: field 2: a quote is opened and never closed",
        ),
    ];
    for (content, message) in cases {
        let error = open(".csv", content.as_bytes(), csv())
            .map(drop)
            .unwrap_err();
        assert_eq!(error.to_string(), *message);
    }
    let long = Options {
        max_row_bytes: 10,
        ..csv()
    };
    let content = format!("{}\n", "x".repeat(10_000));
    assert!(matches!(
        open(".csv", content.as_bytes(), long),
        Err(Error::Schema { .. })
    ));
}

#[test]
fn test_the_delimiter_follows_the_name() {
    let of = |name: &str| Format::csv_of_name(name.as_ref());
    assert_eq!(of("a/b.tsv"), Format::Csv { delimiter: b'\t' });
    assert_eq!(of("b.TSV.gz"), Format::Csv { delimiter: b'\t' });
    assert_eq!(of("b.csv.zst"), Format::Csv { delimiter: b',' });
    let rows = rows(".tsv", b"text\tb\na,b\t1\n", Options::new(of("x.tsv"))).unwrap();
    assert_eq!(rows.only_text(), "a,b");
}

fn decode(content: &str, wanted: &[u64], schema: &str) -> Result<RecordBatch, Error> {
    let (file, _guard) = open(".csv", content.as_bytes(), csv())?;
    let raw = file.stream()?.next_block()?.unwrap();
    file.decode(&raw, wanted, &Schema::from_json(schema)?)
}

#[test]
fn test_decoded_columns_keep_their_text() {
    let content = "text,n\na,007\nb,\"1e5\"\nc,\n";
    let schema = r#"[["n","string"],["other","int53"],["text","string"]]"#;
    let batch = decode(content, &[0, 2], schema).unwrap();
    let numbers: Vec<Option<&str>> = batch["n"].as_string::<i64>().iter().collect();
    assert_eq!(numbers, [Some("007"), Some("")]);
    assert_eq!(batch["other"].null_count(), 2);
    // Another file has numbers under that name: both are carried as JSON.
    let mixed = decode(content, &[0], r#"[["text","string"],["n","json"]]"#).unwrap();
    assert_eq!(mixed["n"].as_string::<i64>().value(0), "\"007\"");
    for schema in [
        r#"[["text","string"]]"#,
        r#"[["text","string"],["n","int53"]]"#,
    ] {
        assert!(
            matches!(decode(content, &[0], schema), Err(Error::Schema { .. })),
            "{schema}"
        );
    }
}

/// Records by `csv-core`, which also splits at line feeds and undoubles quotes.
fn csv_core_records(content: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = ReaderBuilder::new()
        .terminator(csv_core::Terminator::Any(b'\n'))
        .build();
    let (mut rest, mut output, mut ends) = (content, vec![0; 1000], vec![0; 100]);
    let mut records = Vec::new();
    let (mut n_out, mut n_ends) = (0, 0);
    loop {
        let (result, read, out, ended) =
            reader.read_record(rest, &mut output[n_out..], &mut ends[n_ends..]);
        rest = &rest[read..];
        n_out += out;
        n_ends += ended;
        match result {
            ReadRecordResult::Record => {
                let starts = std::iter::once(&0).chain(&ends);
                let fields = starts
                    .zip(&ends[..n_ends])
                    .map(|(a, b)| output[*a..*b].to_vec());
                records.push(fields.collect());
                (n_out, n_ends) = (0, 0);
            }
            ReadRecordResult::End => return records,
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn test_rows_are_those_of_csv_core(
        body in "([a\", \n]|\"\"|\"[a,\n]{0,3}\"){0,40}", block_bytes in 1_u64..50,
    ) {
        let content = format!("text,b\n{body}");
        let options = Options { block_bytes, ..csv() };
        let found = rows(".csv", content.as_bytes(), options).unwrap();
        let expected = csv_core_records(content.as_bytes());
        prop_assert_eq!(found.texts.len() + found.bad.len(), expected.len() - 1);
        for (row, text) in &found.texts {
            let record = &expected[*row as usize + 1];
            prop_assert_eq!(record.len(), 2);
            prop_assert_eq!(text.as_bytes(), &record[0][..]);
        }
        // What csv-core reads as two fields and we do not has text after a closing quote, or a
        // quote that is never closed.
        for (row, _) in &found.bad {
            let record = &expected[*row as usize + 1];
            prop_assert!(record.len() != 2 || body.contains('"'));
        }
    }
}
