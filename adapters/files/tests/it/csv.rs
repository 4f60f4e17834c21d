//! CSV as shops write it.

use crate::support::{error_of, items_of, read, rows_of};
use akin_files::FeedFile;
use akin_ports::{ColumnFilter, FeedSource};
use std::io::Write;

#[tokio::test]
async fn every_column_arrives_in_its_field() {
    let header = "product_id,name,main_category,sub_category,brand,description,attributes,\
                  image,link,ratings,no_of_ratings,discount_price,actual_price";
    let row = &rows_of(&format!("{header}\na,b,c,d,e,f,g,h,i,j,k,l,m\n")).await[0];
    assert_eq!(row.texts().concat(), "abcdefghijklm");
    assert_eq!(row.line, 2);
}

#[tokio::test]
async fn columns_are_found_in_any_order_by_any_of_their_names() {
    let row = &rows_of("\u{feff}Unnamed: 0, PRICE ,\"Category\",,Title\n7,₹5,toys,x,Ball").await[0];
    assert_eq!((&*row.name, &*row.main_category), ("Ball", "toys"));
    assert_eq!(row.actual_price, "₹5");
}

#[tokio::test]
async fn a_byte_order_mark_before_a_quoted_name_is_dropped() {
    assert_eq!(rows_of("\u{feff}\"name\",brand\r\nBall,Acme\r\n").await[0].name, "Ball");
}

#[tokio::test]
async fn a_byte_order_mark_in_a_row_is_text() {
    let rows = rows_of("\u{feff}name\n\u{feff}Ball\n\u{feff}Bat\n").await;
    assert_eq!((&*rows[0].name, &*rows[1].name), ("\u{feff}Ball", "\u{feff}Bat"));
}

#[tokio::test]
async fn the_delimiter_is_detected_from_the_header() {
    for text in ["name;price\nBall, red;1,50", "name\tprice\nBall, red\t1,50"] {
        let row = &rows_of(text).await[0];
        assert_eq!((&*row.name, &*row.actual_price), ("Ball, red", "1,50"));
    }
    assert_eq!(rows_of("name\nBall; red").await[0].name, "Ball; red");
}

#[tokio::test]
async fn quoted_fields_may_have_separators_line_ends_and_quotes() {
    let rows = rows_of("name,brand\n\"a \"\"big\"\",\nball\",Acme\r\n5\" nail,x\n").await;
    assert_eq!(rows[0].name, "a \"big\",\nball");
    assert_eq!(rows[1].name, "5\" nail");
}

#[tokio::test]
async fn the_line_of_a_row_is_where_it_begins() {
    let rows = rows_of("\n\r\nname\r\n\r\n\"a\nb\r\nc\"\nd\n\n\ne\rf\r\rg").await;
    let lines: Vec<_> = rows.iter().map(|row| (row.line, &*row.name)).collect();
    assert_eq!(lines, [(5, "a\nb\r\nc"), (8, "d"), (11, "e"), (12, "f"), (14, "g")]);
}

#[tokio::test]
async fn a_row_that_is_too_wide_is_refused_with_both_counts() {
    let items = items_of("name,brand\na\nb,c,d\ne,f").await;
    assert_eq!(items[0].as_ref().unwrap().name, "a");
    let refused = items[1].as_ref().unwrap_err();
    assert_eq!((refused.line, &*refused.value), (3, "b,c,d"));
    assert!(refused.reason.contains("has 3 fields, the header has 2"), "{refused:?}");
    assert_eq!(items[2].as_ref().unwrap().name, "e");
}

#[tokio::test]
async fn invalid_utf8_in_a_name_refuses_only_its_row() {
    let text = b"name,brand\nCaf\xe9 au lait,\xc3\xa9\xc3\xa9\xc3\xa9\ny,\xff\n\0,z\nball,Acme\n";
    let items = read(text.as_slice()).await.unwrap();
    let refused: Vec<_> = items.iter().filter_map(|item| item.as_ref().err()).collect();
    assert_eq!(
        (refused[0].line, &*refused[0].field, &*refused[0].value),
        (2, "name", "Caf� au lait")
    );
    assert!(refused[0].reason.contains("byte 4 of the value (E9 20 61 75)"), "{refused:?}");
    assert_eq!((refused[1].line, &*refused[1].field), (4, "name"));
    assert!(refused[1].reason.contains("NUL"), "{refused:?}");
    let brandless = items[1].as_ref().unwrap();
    assert_eq!((&*brandless.name, &*brandless.brand), ("y", ""));
    assert_eq!(items[3].as_ref().unwrap().name, "ball");
}

#[tokio::test]
async fn invalid_utf8_in_an_unread_column_is_ignored() {
    let items = read(b"name,color\nball,\xff\n".as_slice()).await.unwrap();
    assert_eq!(items[0].as_ref().unwrap().name, "ball");
}

#[tokio::test]
async fn an_open_quote_refuses_only_its_row() {
    let items = items_of("name,brand\na,b\n\"c,d\ne,f\ng,h").await;
    let refused = items[1].as_ref().unwrap_err();
    assert_eq!((refused.line, &*refused.value), (3, "\"c,d\ne,f\ng,h"));
    assert!(refused.reason.contains("not closed"), "{refused:?}");
    let names: Vec<_> = items.iter().flatten().map(|row| (row.line, &*row.name)).collect();
    assert_eq!(names, [(2, "a"), (4, "e"), (5, "g")]);
}

#[tokio::test]
async fn an_endless_field_is_skipped() {
    let filler = "ball,Acme\n".repeat(400_000);
    let items = items_of(&format!("name,brand\n\"a,b\n{filler}\"c\",d\n")).await;
    assert_eq!(items.len(), 400_002);
    assert!(items[0].as_ref().unwrap_err().reason.contains("1024 KiB"), "{:?}", items[0]);
    assert!(items[1..].iter().all(Result::is_ok));
    assert_eq!(items.last().unwrap().as_ref().unwrap().line, 400_003);
}

#[tokio::test]
async fn an_endless_line_is_skipped() {
    for filler in ["x".repeat(20 << 20), "x,".repeat(10 << 20), "xyzw".repeat(300_000)] {
        let items = items_of(&format!("name,brand\n{filler}\nball,Acme\n")).await;
        assert!(items[0].is_err());
        assert_eq!(items[1].as_ref().unwrap().line, 3);
        assert_eq!(items.len(), 2);
    }
}

#[tokio::test]
async fn rows_that_never_end_are_parsed_once() {
    // Every line would begin a record without end, so following each would take hours.
    let text = format!("name,brand\n\"{}", "\",\"\n".repeat(1 << 20));
    assert!(items_of(&text).await.len() > 1_000);
}

#[tokio::test]
async fn a_header_alone_is_a_feed_without_rows() {
    for text in ["name", "name\n", "\u{feff}name,brand\r\n\r\n"] {
        assert_eq!(items_of(text).await, []);
    }
}

#[tokio::test]
async fn an_empty_feed_is_an_error() {
    for text in ["", "\u{feff}", "\n\r\n"] {
        let error = error_of(text.as_bytes()).await;
        assert!(error.contains("the file is empty"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_name_column_is_reported_with_the_columns_found() {
    let error = error_of(b"\nproduct,price\nx,1\n").await;
    for part in ["line 2", "`name` (or `title`)", "\"product\", \"price\"", "no_of_ratings"] {
        assert!(error.contains(part), "{part:?} is missing: {error}");
    }
}

#[tokio::test]
async fn of_two_columns_for_one_field_the_better_known_counts_unless_it_is_blank() {
    let rows = rows_of("TITLE,Name,price,Name\nx,y,1,z\nx,,1,\nx,,1,z\n").await;
    assert_eq!(rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), ["y", "x", "z"]);
}

#[tokio::test]
async fn a_header_with_an_open_quote_is_refused() {
    for text in [format!("name,\"brand\n{}", "a,b\n".repeat(50_000)), "name,\"x\na,b".to_owned()] {
        let error = error_of(text.as_bytes()).await;
        assert!(error.contains("close its quotes"), "{error}");
    }
}

#[tokio::test]
async fn unsupported_files_are_refused_by_name() {
    for (bytes, what) in [
        (b"\x1f\x8b\x08\0".as_slice(), "gzip"),
        (b"\x28\xb5\x2f\xfd\x04", "zstd"),
        (b"BZh9", "bzip2"),
        (b"PK\x03\x04\x14", "zip"),
        (b"PAR1\x15", "Parquet"),
    ] {
        let error = error_of(bytes).await;
        assert!(error.contains(what), "{error}");
    }
}

#[tokio::test]
async fn a_file_reports_its_progress() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = format!("name\n{}", "ball\n".repeat(2_500));
    file.write_all(text.as_bytes()).unwrap();
    let source = FeedFile::new(file.path().to_owned(), None);
    let mut feed = source.open(&ColumnFilter::default(), None).await.unwrap().into_feed().unwrap();
    assert_eq!(feed.name(), file.path().display().to_string());
    let mut read = Vec::new();
    while let Some(batch) = feed.next_batch().await.unwrap() {
        read.push((batch.records.len(), feed.progress().read));
    }
    assert_eq!(read, [(1_000, 5_005), (1_000, 10_005), (500, 12_505)]);
    assert_eq!(feed.progress().total, Some(12_505));
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.csv");
    for (path, what) in [(missing.as_path(), "cannot open"), (folder.path(), "is a directory")] {
        let source = FeedFile::new(path.to_owned(), None);
        let error = source.open(&ColumnFilter::default(), None).await.unwrap_err().report();
        assert!(error.contains(what) && error.contains(&path.display().to_string()), "{error}");
    }
}
