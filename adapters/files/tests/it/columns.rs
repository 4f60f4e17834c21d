//! Columns give fields, by the names that shops use.

use crate::support::{Options, RowFeed, read_with, rows_of, table};
use akin_contracts::feed::Written;
use akin_files::Format;
use akin_ports::FeedRow;
use akin_usecases::REFUSAL_COLUMNS;
use std::io::Cursor;

fn options(map: &str) -> Options {
    Options { map: map.parse().unwrap(), ..Options::default() }
}

async fn mapped(map: &str, text: &str) -> Vec<FeedRow> {
    let items = read_with(&options(map), Cursor::new(text.as_bytes().to_vec())).await.unwrap();
    items.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn google_columns_are_read_in_any_format() {
    let row = &rows_of(
        "id\ttitle\timage link\tprice\tsale price\tproduct type\n\
         1\tPan\tp.jpg\t12 USD\t9 USD\tHome > Kitchen > Pans\n",
    )
    .await[0];
    assert_eq!((&*row.product_id, &*row.name, &*row.image), ("1", "Pan", "p.jpg"));
    assert_eq!((&*row.actual_price, &*row.discount_price), ("12 USD", "9 USD"));
    assert_eq!((&*row.main_category, &*row.sub_category), ("Home", "Kitchen > Pans"));
}

#[tokio::test]
async fn akins_own_field_name_wins_unless_it_is_blank() {
    let rows = rows_of(
        "id,product_id,name,product_type,main_category,sub_category\n\
         1,2,a,X > Y,Home > Bath,\n3,,b,X > Y,,Z\n4,,c,X > Y,,\n",
    )
    .await;
    let read: Vec<_> = rows
        .iter()
        .map(|row| [&*row.product_id, &*row.main_category, &*row.sub_category])
        .collect();
    assert_eq!(read, [["2", "Home > Bath", ""], ["3", "X > Y", "Z"], ["4", "X", "Y"]]);
}

#[tokio::test]
async fn a_map_assigns_columns_to_fields_in_every_format() {
    let map = "cost=actual_price,Long name=name,id=,color=attributes,size=attributes";
    let expected = |row: &FeedRow| {
        assert_eq!((&*row.name, &*row.actual_price, &*row.product_id), ("Ball", "5", ""));
        assert_eq!(row.attributes, "color: red; size: M");
    };
    let csv = "id,long name,cost,price,color,size\n7,Ball,5,9,red,M\n";
    let json =
        "{\"id\":7,\"long_name\":\"Ball\",\"cost\":5,\"price\":9,\"color\":\"red\",\"size\":\"M\"}";
    let xml = "<rss><item><g:id>7</g:id><long_name>Ball</long_name><g:cost>5</g:cost>\
               <price>9</price><g:color>red</g:color><g:size>M</g:size></item></rss>";
    for text in [csv, json, xml] {
        expected(&mapped(map, text).await[0]);
    }
}

#[tokio::test]
async fn a_mapped_column_that_is_missing_in_the_header_is_named() {
    let rows = [Written::Row(FeedRow { name: "a".to_owned(), ..FeedRow::default() })];
    for bytes in [table(&rows).csv(b','), table(&rows).parquet()] {
        let bytes = Cursor::new(bytes);
        let error = read_with(&options("costs=actual_price"), bytes).await.unwrap_err().report();
        assert!(
            error.contains("names \"costs\", which is not in the header; found \"product_id\""),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_row_with_an_unreadable_value_is_kept_for_correction() {
    let csv = b"name,brand,price\nBall,Caf\xe9 \xc3\xa9\xc3\xa9,5\n".to_vec();
    let json = br#"{"name":"Ball","brand":{"is":"Caf"},"price":5}"#.to_vec();
    let xml = "<rss><item><title>Ball</title><brand>Caf&nosuch;</brand><price>5</price>\
               </item></rss>";
    let brands = ["Caf\u{fffd} éé", "{\"is\":\"Caf\"}", "Caf&nosuch;"];
    for (bytes, brand) in [csv, json, xml.as_bytes().to_vec()].into_iter().zip(brands) {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let mut feed = RowFeed::start(&Options::default(), Cursor::new(bytes));
        let items = feed.next_rows().await.unwrap().unwrap();
        assert_eq!(items[0].as_ref().unwrap().brand, "", "{shown}");
        let refused = feed.reader.take_left_out().remove(0);
        assert!(refused.is_kept);
        let row = refused.row.as_ref().unwrap();
        assert_eq!((&*refused.field, row.line), ("brand", refused.line), "{shown}");
        assert_eq!((&*row.name, &*row.actual_price), ("Ball", "5"), "{shown}");
        assert_eq!(row.brand, brand);
    }
}

#[tokio::test]
async fn a_map_does_not_apply_to_a_file_of_refused_rows() {
    let columns = FeedRow::COLUMNS.iter().chain(&REFUSAL_COLUMNS);
    let columns: Vec<_> = columns.copied().collect();
    let mut values = vec![""; columns.len()];
    (values[1], values[2], values[12]) = ("Ball", "Home > Bath", "5");
    (values[21], values[22], values[23]) = ("shop.csv", "7", "ratings: bad");
    let text = format!("{}\n{}\n", columns.join(","), values.join(","));
    let map = "cost=actual_price,feed=brand,line=attributes,main_category=";
    let older = text.replace("currency,converted_by,", "").replace(",,,shop", ",shop");
    assert_eq!(older.len() + "currency,converted_by,,,".len(), text.len());
    for text in [text.clone(), older, text.replace(',', ";"), format!("\u{feff}{text}")] {
        let row = &mapped(map, &text).await[0];
        let texts: Vec<_> = row.named_texts().collect();
        let expected = [("name", "Ball"), ("main_category", "Home > Bath"), ("actual_price", "5")];
        assert_eq!(texts, expected);
    }
    let without = text.replace("refused", "remarks");
    let items = read_with(&options(map), Cursor::new(without.into_bytes())).await;
    assert!(items.unwrap_err().report().contains("names \"cost\""));
}

#[tokio::test]
async fn a_column_in_a_structure_is_mapped_by_its_path() {
    let row = &mapped("maker.brand=brand", "name,maker.brand\nBall,Lumo\n").await[0];
    assert_eq!(row.brand, "Lumo");
}

#[tokio::test]
async fn another_format_read_as_csv_has_no_name_column() {
    let rows = [Written::Row(FeedRow { name: "Ball".to_owned(), ..FeedRow::default() })];
    for bytes in [table(&rows).json_lines(), table(&rows).rss()] {
        let options = Options { format: Some(Format::Csv), ..Options::default() };
        let error = read_with(&options, Cursor::new(bytes)).await.unwrap_err().report();
        assert!(error.contains("expected `name` (or `title`)"), "{error}");
    }
}

#[tokio::test]
async fn a_parquet_file_read_as_csv_is_an_error() {
    let row = FeedRow { name: "Ball".to_owned(), ..FeedRow::default() };
    let bytes = table(&vec![Written::Row(row); 50]).parquet();
    let options = Options { format: Some(Format::Csv), ..Options::default() };
    assert!(read_with(&options, Cursor::new(bytes)).await.is_err());
}
