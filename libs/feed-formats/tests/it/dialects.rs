//! Texts as spreadsheets, shops and programs write them.

use crate::support::{NamedResult, read_as, read_with};
use feed_formats::{Error, NameFilter, Options};
use std::io::Cursor;

fn read(bytes: impl AsRef<[u8]>) -> Vec<NamedResult> {
    read_as(None, Cursor::new(bytes.as_ref().to_vec())).unwrap()
}

/// Returns the values of each record, or `!` and the line of a malformed one.
fn shown(records: &[NamedResult]) -> Vec<String> {
    let show = |record: &NamedResult| match record {
        Ok(record) => {
            let texts = record.values.iter().map(|(name, _)| record.text(name));
            texts.collect::<Vec<_>>().join("|")
        }
        Err(malformed) => format!("!{}", malformed.line),
    };
    records.iter().map(show).collect()
}

#[test]
fn the_delimiter_is_detected_or_named_by_the_first_line() {
    for text in [
        "id,name\n1,Lamp\n",
        "id;name\n1;Lamp\n",
        "id\tname\n1\tLamp\n",
        "id|name\n1|Lamp\n",
        "sep=;\nid;name\n1;Lamp\n",
        "\"sep=^\"\r\nid^name\r\n1^Lamp\r\n",
        "SEP=,\nid,name\n1,Lamp",
    ] {
        assert_eq!(shown(&read(text)), ["1|Lamp"], "{text}");
    }
    let line = read("sep=;\nid;name\n1;Lamp\n")[0].as_ref().unwrap().line;
    assert_eq!((line, shown(&read("sep\nLamp\n"))), (3, vec!["Lamp".to_owned()]));
}

#[test]
fn rows_are_padded_and_separators_at_their_ends_dropped() {
    let text = "id,name,price,\n1,Mug,5,\n2,Cup\n3,Jug,7,,,\n4,Pot,a,b,c\n5\n";
    assert_eq!(shown(&read(text)), ["1|Mug|5", "2|Cup", "3|Jug|7", "!5", "5"]);
}

#[test]
fn blank_rows_and_further_headers_are_no_rows() {
    let text = "id,name\n1,Mug\n,\n , \n\"\",\"\"\nid,name\n2,Cup\n";
    assert_eq!(shown(&read(text)), ["1|Mug", "2|Cup"]);
    assert_eq!(shown(&read("name\nname\n")), ["name"], "a product may have that name");
}

#[test]
fn a_file_of_tabs_is_quoted_only_if_every_quote_is_closed() {
    let text = "id\tname\tprice\n1\t\"65 inch\" TV stand\t120\n3\t19\" arm\t45\n\
                4\t\"Loft desk\t200\n5\tShelf 36\" wide\t80\n6\tBench \"oak\t90\n";
    let expected = [
        "1|\"65 inch\" TV stand|120",
        "3|19\" arm|45",
        "4|\"Loft desk|200",
        "5|Shelf 36\" wide|80",
        "6|Bench \"oak|90",
    ];
    assert_eq!(shown(&read(text)), expected);
    let quoted = "id\tname\n1\t\"a\tb\"\n2\t\"c \"\"d\"\"\"\n";
    assert_eq!(shown(&read(quoted)), ["1|a\tb", "2|c \"d\""]);
}

#[test]
fn a_row_that_swallowed_another_is_refused_and_the_other_read() {
    let expected = ["!2", "5|Shelf 36\" wide|80", "6|Bench|90"];
    let text = "id,name,price\n4,\"Loft desk,200\n5,Shelf 36\" wide,80\n6,Bench,90\n";
    assert_eq!(shown(&read(text)), expected);
    let closed = "id,name,price\n4,\"Loft desk,200\n5,Shelf 36\",80\n6,Bench,90\n";
    let records = read(closed);
    assert_eq!(shown(&records), ["!2", "5|Shelf 36\"|80", "6|Bench|90"]);
    let malformed = records[0].as_ref().unwrap_err();
    assert!(malformed.reason.contains("takes the next row"), "{malformed:?}");
    let text = "id,name,price\n1,\"Apron,\nwashed\",39\n";
    assert_eq!(shown(&read(text)), ["1|Apron,\nwashed|39"]);
}

#[test]
fn quotes_are_escaped_as_the_file_does_or_stray() {
    let escaped = "id,name\n1,\"the \\\"big\\\" lamp, red\"\n2,\"a \\\\ b\"\n";
    assert_eq!(shown(&read(escaped)), ["1|the \"big\" lamp, red", "2|a \\ b"]);
    let stray = "id,name,price\n1,\"19\" arm\",45\n2,\"27\" arm,50\n";
    assert_eq!(shown(&read(stray)), ["1|19\" arm|45", "2|\"27\" arm|50"]);
}

#[test]
fn texts_without_a_mark_are_decoded_by_their_content() {
    let windows = b"id;name;price\nT-1;T\xfcrgriff;12 \x80\n".as_slice();
    assert_eq!(shown(&read(windows)), ["T-1|Türgriff|12 €"]);
    let json = b"{\"name\":\"caf\xe9\"}\n".as_slice();
    assert_eq!(shown(&read(json)), ["café"]);
    let xml = b"<rss><item><title>caf\xe9</title></item></rss>".as_slice();
    assert_eq!(shown(&read(xml)), ["café"]);
    let text = "id\tname\n1\tLamp\n";
    for bytes in [
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ] {
        assert_eq!(shown(&read(bytes)), ["1|Lamp"]);
    }
}

#[test]
fn an_encoding_that_is_given_is_not_guessed() {
    let options =
        |name: &str| Options { encoding: Some(name.parse().unwrap()), ..Options::default() };
    let russian = b"id,name\n1,\xcb\xe0\xec\xef\xe0\n".as_slice();
    let records = read_with(&options("Windows-1251"), russian).unwrap();
    assert_eq!(shown(&records), ["1|Лампа"]);
    let japanese = b"id,name\n1,\x83\x89\x83\x93\x83v\n".as_slice();
    assert_eq!(shown(&read_with(&options("shift_jis"), japanese).unwrap()), ["1|ランプ"]);
    let marked = b"\xef\xbb\xbfid,name\n1,Lamp\n".as_slice();
    let records = read_with(&options("utf-8"), marked).unwrap();
    assert_eq!(records[0].as_ref().unwrap().text("id"), "1");
    let unknown = "martian".parse::<feed_formats::TextEncoding>().unwrap_err().to_string();
    assert!(unknown.contains("\"martian\""), "{unknown}");
}

#[test]
fn json_objects_are_read_in_every_arrangement() {
    let (one, other) = ("{\"id\":1,\"name\":\"a\"}", "{\n \"id\": 2,\n \"name\": \"b\"\n}");
    for text in [
        format!("[{one},{other}]"),
        format!("{one}{other}"),
        format!("{}\n{other}", one.replace(',', ",\n")),
        format!("{{\"products\":[{one},{other}],\"total\":2}}"),
        format!("{{\"data\":{{\"count\":2,\"list\":[\n{one},\n{other}]}}}}\n"),
        format!("{one},\n{},\n", other.replace('\n', "")),
    ] {
        let names = NameFilter::new(|name| name == "id" || name == "name");
        let options = Options { names, ..Options::default() };
        let records = read_with(&options, Cursor::new(text.clone().into_bytes())).unwrap();
        assert_eq!(shown(&records), ["1|a", "2|b"], "{text}");
    }
}

#[test]
fn nan_is_no_number_and_an_empty_object_no_record() {
    let text = "{\"id\":1,\"price\":NaN,\"rating\":-Infinity}\n{}\n{\"id\":2,\"price\":1e1}\n";
    assert_eq!(shown(&read(text)), ["1", "2|10"]);
}

#[test]
fn objects_one_after_another_that_are_cut_off_are_an_error() {
    let text = "{\n\"id\":1\n}\n{\n\"id\"";
    let error = read_as(None, Cursor::new(text)).unwrap_err();
    assert!(matches!(error, Error::Malformed { line: 4, .. }), "{error}");
}

#[test]
fn namespaces_are_read_wherever_they_are_declared() {
    let google = "http://base.google.com/ns/1.0";
    for text in [
        format!(
            "<rss><channel xmlns:goog=\"{google}\"><item><goog:id>1</goog:id></item></channel></rss>"
        ),
        format!("<rss><item><x:id xmlns:x=\"{google}\">1</x:id></item></rss>"),
        format!("<rss xmlns=\"{google}\"><item><id>1</id></item></rss>"),
        format!("<rss><item xmlns:x=\"other\" xmlns:y=\"{google}\"><y:id>1</y:id></item></rss>"),
    ] {
        let records = read(&text);
        let record = records[0].as_ref().unwrap();
        assert_eq!(record.values[0].0, "g:id", "{text}");
    }
    let ended = format!("<rss><item><x:a xmlns:x=\"{google}\">1</x:a><x:b>2</x:b></item></rss>");
    assert_eq!(read(ended)[0].as_ref().unwrap().values[1].0, "x:b");
}
