//! Fault matrix D: rows of JSON Lines, and the types of what is carried.

use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use proptest::prelude::*;

use super::super::records::excerpt;
use super::super::shape::Schema;
use super::*;

#[test]
fn test_every_bad_row_has_its_reason() {
    let keys: Vec<String> = (0..10_001).map(|i| format!("\"k{i}\":0")).collect();
    let wide = format!("{{\"text\":\"a\",\"id\":1,\"o\":{{{}}}}}", keys.join(","));
    let deep = format!("{{\"text\":\"a\",\"id\":1,\"o\":{}}}", "[".repeat(200));
    let cases: &[(&[u8], &str)] = &[
        (br#"{"text":"a","id":1"#, "malformed_record"),
        (br#"{"text":"a","id":1}}"#, "malformed_record"),
        (br#"{"text":"a","id":1,}"#, "malformed_record"),
        (br#"{'text':'a','id':1}"#, "malformed_record"),
        (br#"{"text":"a","id":NaN}"#, "malformed_record"),
        (br#"{"text":"a\x41","id":1}"#, "malformed_record"),
        (br#"{"text":"a\u12g4","id":1}"#, "malformed_record"),
        (b"{\"text\":\"a\tb\",\"id\":1}", "malformed_record"),
        (b"{\"text\":\"a\0b\",\"id\":1}", "malformed_record"),
        (b"text", "malformed_record"),
        (b"{\"text\":\"a\xff\",\"id\":1}", "invalid_utf8"),
        (b"{\"text\":\"a\xed\xa0\x80\",\"id\":1}", "invalid_utf8"),
        (br#"{"text":"x\ud800y","id":1}"#, "bad_escape"),
        (br#"{"text":"x\ud800","id":1}"#, "bad_escape"),
        (br#"{"text":"x\udc00","id":1}"#, "bad_escape"),
        (br#"{"text":"x\ud800\u0041","id":1}"#, "bad_escape"),
        (br#"{"text":"a","id":1,"other":["\udfff"]}"#, "bad_escape"),
        (br#"{"text":"a","id":1,"text":"b"}"#, "duplicate_key"),
        (br#"{"text":"a","id":1,"te\u0078t":"b"}"#, "duplicate_key"),
        (br#"{"text":"a","id":1,"o":{"k":1,"k":1}}"#, "duplicate_key"),
        (deep.as_bytes(), "too_deep"),
        (wide.as_bytes(), "too_large"),
        (br#"["text"]"#, "not_an_object"),
        (br#""text""#, "not_an_object"),
        (b"7", "not_an_object"),
        (b"null", "not_an_object"),
        (br#"{"id":1}"#, "missing_text"),
        (br#"{"Text":"a","id":1}"#, "missing_text"),
        (br#"{"text":null,"id":1}"#, "null_text"),
        (br#"{"text":5,"id":1}"#, "text_is_number"),
        (br#"{"text":true,"id":1}"#, "text_is_bool"),
        (br#"{"text":["a"],"id":1}"#, "text_is_list"),
        (br#"{"text":{"a":1},"id":1}"#, "text_is_object"),
        (br#"{"text":"a"}"#, "missing_id"),
        (br#"{"text":"a","id":null}"#, "null_id"),
        (br#"{"text":"a","id":true}"#, "bad_id"),
        (br#"{"text":"a","id":[1]}"#, "bad_id"),
        (br#"{"text":"a","id":{}}"#, "bad_id"),
    ];
    for (line, reason) in cases {
        let rows = rows(".jsonl", line, jsonl_with_id()).unwrap();
        assert_eq!(rows.only_reason(), *reason, "{}", line.escape_ascii());
    }
    let found: std::collections::BTreeSet<_> = cases.iter().map(|(_, r)| *r).collect();
    assert_eq!(found.len(), super::super::reasons::Reason::ALL.len());
}

#[test]
fn test_odd_text_is_kept_exactly() {
    let long = "long ".repeat(200_000);
    let cases: Vec<(String, String)> = vec![
        (r"".into(), String::new()),
        (r"   ".into(), "   ".into()),
        (r"a\u0000b".into(), "a\0b".into()),
        (r"\u0000".into(), "\0".into()),
        (r#"\"\\\/\b\f\n\r\t"#.into(), "\"\\/\u{8}\u{c}\n\r\t".into()),
        (r"\ud83d\ude00".into(), "😀".into()),
        ("a\u{2028}b\u{85}c".into(), "a\u{2028}b\u{85}c".into()),
        ("e\u{301} שלום 👩‍👩‍👧".into(), "e\u{301} שלום 👩‍👩‍👧".into()),
        (r"crlf\r\nline".into(), "crlf\r\nline".into()),
        ("\u{feff}bom".into(), "\u{feff}bom".into()),
        (long.clone(), long),
    ];
    for (raw, text) in cases {
        let line = format!(" {{ \"id\" : 1 , \"text\" : \"{raw}\" }} \r\n");
        let rows = rows(".jsonl", line.as_bytes(), jsonl_with_id()).unwrap();
        assert_eq!(rows.only_text(), text);
    }
}

#[test]
fn test_ids_are_cast_by_their_own_text_and_sources_may_be_anything() {
    let content = br#"{"text":"","id":"x\n","source":"web"}
{"text":"","id":1,"source":null}
{"text":"","id":1.0}
{"text":"","id":12345678901234567890123,"source":7}
{"text":"","id":"","source":[1, 2]}"#;
    let mut options = jsonl_with_id();
    options.columns.source = Some("source".into());
    options.columns.url = Some("source".into());
    let rows = rows(".jsonl", content, options).unwrap();
    assert_eq!(rows.ids, ["x\n", "1", "1.0", "12345678901234567890123", ""]);
    assert_eq!(rows.urls, rows.sources);
    let sources: Vec<Option<&str>> = rows.sources.iter().map(Option::as_deref).collect();
    assert_eq!(
        sources,
        [Some("web"), None, None, Some("7"), Some("[1, 2]")]
    );
}

#[test]
fn test_one_bad_line_of_a_thousand_costs_one_row() {
    for bad in [&b"{\"text\":"[..], b"{\"text\":\"\xc3\"}"] {
        let good = |i| format!("{{\"text\":\"{i}\"}}").into_bytes();
        let lines: Vec<Vec<u8>> = (0..1000)
            .map(|i| if i == 50 { bad.to_vec() } else { good(i) })
            .collect();
        let rows = rows(".jsonl", &lines.join(&b'\n'), jsonl()).unwrap();
        assert_eq!(
            (rows.texts.len(), rows.bad.len(), rows.bad[0].0),
            (999, 1, 50)
        );
    }
}

#[test]
fn test_an_excerpt_is_short_and_safe_to_print() {
    assert_eq!(
        excerpt(b"a\\b\t\x1b[31m\0\xffz\r\n"),
        r"a\\b\t\u{1b}[31m\u{0}\xffz\r"
    );
    assert_eq!(excerpt("é\u{202e}x".as_bytes()), "é\\u{202e}x");
    assert_eq!(excerpt(&[b'x'; 1000]).len(), 256);
    let split = [vec![b'x'; 255], "é".as_bytes().to_vec()].concat();
    assert!(excerpt(&split).ends_with("x\\xc3"));
}

/// The schema of records that are all good, whose text is the column `text`.
fn schema_of(lines: &str) -> String {
    let (file, _guard) = open(".jsonl", lines.as_bytes(), jsonl()).unwrap();
    let mut schema = Schema::default();
    for raw in file.stream().unwrap() {
        schema
            .merge(file.parse(&raw.unwrap()).unwrap().schema)
            .unwrap();
    }
    schema.to_json()
}

/// The type of `v` over records with these values.
fn type_of(values: &[&str]) -> String {
    let lines: Vec<String> = values
        .iter()
        .map(|v| format!("{{\"text\":\"\",\"v\":{v}}}\n"))
        .collect();
    let json = schema_of(&lines.concat());
    let json = json.strip_prefix(r#"[["text","string"],["v","#).unwrap();
    json.strip_suffix("]]").unwrap().to_owned()
}

#[test]
fn test_types_of_carried_columns() {
    let deep = format!("{}1{}", "[".repeat(20), "]".repeat(20));
    let keys: Vec<String> = (0..1001).map(|i| format!("\"{i}\":0")).collect();
    let wide = format!("{{{}}}", keys.join(","));
    let cases: &[(&[&str], &str)] = &[
        (&["null"], r#""null""#),
        (&["null", "true"], r#""bool""#),
        (&["1", "-9007199254740992"], r#""int53""#),
        (&["1", "9007199254740993"], r#""int64""#),
        (
            &["9223372036854775807", "-9223372036854775808"],
            r#""int64""#,
        ),
        (&["1", "1.5"], r#""float64""#),
        (&["1e3", "9007199254740992"], r#""float64""#),
        (&["1e3", "9007199254740993"], r#""json""#),
        (&["9223372036854775808"], r#""json""#),
        (&["1e999"], r#""json""#),
        (&["true", "1"], r#""json""#),
        (&["\"a\"", "1"], r#""json""#),
        (&["\"a\"", "null", "\"b\""], r#""string""#),
        (&["[]"], r#"{"list":"null"}"#),
        (
            &["[]", "[1,null]", "null", "[0.5]"],
            r#"{"list":"float64"}"#,
        ),
        (&["[1]", "[\"a\"]"], r#"{"list":"json"}"#),
        (&["[1]", "{}"], r#""json""#),
        (&["{}"], r#"{"struct":[]}"#),
        (
            &[r#"{"b":1}"#, r#"{"a":[{"x":true}],"b":2.5}"#],
            r#"{"struct":[["b","float64"],["a",{"list":{"struct":[["x","bool"]]}}]]}"#,
        ),
        (&[&wide], r#""json""#),
    ];
    for (values, expected) in cases {
        assert_eq!(type_of(values), *expected, "{values:?}");
    }
    assert_eq!(type_of(&[&deep]).matches("list").count(), 16);
}

#[test]
fn test_columns_come_in_order_of_first_appearance_and_bad_rows_add_none() {
    let lines = r#"{"b":1,"text":""}
{"only":"here","text":null}
{"a":1,"text":"","b":2}
"#;
    assert_eq!(
        schema_of(lines),
        r#"[["b","int53"],["text","string"],["a","int53"]]"#
    );
}

#[test]
fn test_more_columns_than_the_limit_is_a_schema_error() {
    let line = |i| format!("{{\"text\":\"\",\"k{i}\":0}}\n");
    let lines: String = (0..10_000).map(line).collect();
    assert!(matches!(
        rows(".jsonl", lines.as_bytes(), jsonl()),
        Err(Error::Schema { .. })
    ));
}

fn decode(content: &str, wanted: &[u64], schema: &str) -> Result<RecordBatch, Error> {
    let (file, _guard) = open(".jsonl", content.as_bytes(), jsonl())?;
    let raw = file.stream()?.next_block()?.unwrap();
    file.decode(&raw, wanted, &Schema::from_json(schema)?)
}

#[test]
fn test_decoding_gives_every_column_of_the_chosen_rows() {
    let content = r#"{"text":"a","n":1,"m":1,"l":[1,null],"s":{"x":1},"e":{},"u":null}
{"text":"no"}
{"text":"b\u0000","n":2.5,"m":{"k": [1, "z"]},"l":null,"s":{"y":"w"}}
{"text":"c","m":null,"s":null}
"#;
    let schema = schema_of(content);
    let batch = decode(content, &[0, 2, 3], &schema).unwrap();
    let expected = Schema::from_json(&schema).unwrap().arrow();
    assert_eq!(batch.schema().as_ref(), &expected);
    assert_eq!(
        expected.field_with_name("u").unwrap().data_type(),
        &DataType::LargeUtf8
    );
    let options = arrow_cast::display::FormatOptions::new().with_null("-");
    let shown: Vec<Vec<String>> = batch
        .columns()
        .iter()
        .map(|column| {
            let format = arrow_cast::display::ArrayFormatter::try_new(column, &options).unwrap();
            (0..column.len())
                .map(|i| format.value(i).to_string())
                .collect()
        })
        .collect();
    let expected = [
        ["a", "b\0", "c"],
        ["1.0", "2.5", "-"],
        ["1", r#"{"k": [1, "z"]}"#, "-"],
        ["[1, -]", "-", "-"],
        ["{x: 1, y: -}", "{x: -, y: w}", "-"],
        ["{}", "-", "-"],
        ["-", "-", "-"],
    ];
    assert_eq!(shown, expected);
}

#[test]
fn test_decoding_loses_nothing_silently() {
    let content = "{\"text\":\"a\",\"n\":1.5}\n[1]\n{\"text\":\"a\",\"text\":\"b\"}\n";
    let text_only = r#"[["text","string"]]"#;
    let schema = |n| format!(r#"[["text","string"],["n","{n}"]]"#);
    assert_eq!(
        decode(content, &[0], &schema("float64"))
            .unwrap()
            .num_rows(),
        1
    );
    for (wanted, schema) in [
        (0, text_only.to_owned()),
        (0, schema("int53")),
        (0, schema("string")),
        (1, schema("json")),
        (2, schema("json")),
    ] {
        let result = decode(content, &[wanted], &schema);
        assert!(
            matches!(result, Err(Error::Schema { .. })),
            "{wanted} {schema} {result:?}"
        );
    }
    for wanted in [&[3][..], &[1, 0], &[0, 0]] {
        let result = decode(content, wanted, text_only);
        assert!(matches!(result, Err(Error::Parameter { .. })), "{wanted:?}");
    }
}

#[test]
fn test_a_row_too_large_cannot_be_decoded() {
    let (file, _guard) = open(
        ".jsonl",
        b"{\"text\":\"long\"}\n",
        Options {
            max_row_bytes: 5,
            ..jsonl()
        },
    )
    .unwrap();
    let raw = file.stream().unwrap().next_block().unwrap().unwrap();
    let result = file.decode(&raw, &[0], &Schema::default());
    assert!(matches!(result, Err(Error::Schema { .. })), "{result:?}");
}

#[test]
fn test_a_schema_that_is_none_is_a_parameter_error() {
    for text in [
        "",
        "{}",
        "[1]",
        r#"[["a"]]"#,
        r#"[["a","int"]]"#,
        r#"[["a","null"],["a","null"]]"#,
        r#"[["a",{"map":"null"}]]"#,
    ] {
        assert!(
            matches!(Schema::from_json(text), Err(Error::Parameter { .. })),
            "{text}"
        );
    }
}

/// Any JSON value, small.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        (-9i8..9).prop_map(|n| n.to_string()),
        Just("0.5".to_owned()),
        Just("\"s\"".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::btree_map("[abc]", inner, 0..3).prop_map(|m| {
                let members: Vec<String> = m.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn test_merging_schemas_is_associative_and_each_decodes_its_records(
        values in prop::collection::vec(json(), 3..6),
    ) {
        let line = |v: &String| format!("{{\"text\":\"\",\"v\":{v}}}\n");
        let schema = |lines: &str| Schema::from_json(&schema_of(lines)).unwrap();
        let all: String = values.iter().map(line).collect();
        let parts: Vec<Schema> = values.iter().map(|v| schema(&line(v))).collect();
        let mut left = Schema::default();
        parts.iter().for_each(|p| left.merge(p.clone()).unwrap());
        let mut right = parts[parts.len() - 1].clone();
        for part in parts.iter().rev().skip(1) {
            let mut merged = part.clone();
            merged.merge(right).unwrap();
            right = merged;
        }
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(&left, &schema(&all));
        let rows: Vec<u64> = (0..values.len() as u64).collect();
        let batch = decode(&all, &rows, &left.to_json()).unwrap();
        prop_assert_eq!(batch.num_rows(), values.len());
    }
}
