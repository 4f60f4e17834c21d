//! Which columns give which fields, by the names that shops have for them.
#![allow(clippy::unwrap_used, reason = "these are tests, also outside their functions")]

mod common;

use common::{read_with, rows_of, told, written};
use contracts::feed::Written;
use feeds::{Format, Options};
use ports::FeedRow;
use std::io::Cursor;

fn options(map: &str) -> Options {
    Options { map: map.parse().unwrap(), ..Options::default() }
}

async fn mapped(map: &str, text: &str) -> Vec<FeedRow> {
    let items = read_with(&options(map), Cursor::new(text.as_bytes().to_vec())).await.unwrap();
    items.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn googles_columns_are_read_in_any_format() {
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
async fn akins_own_name_of_a_field_comes_before_anothers_unless_it_is_blank() {
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
async fn a_map_gives_columns_of_any_name_their_fields_in_every_format() {
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
async fn a_mapped_column_that_a_header_lacks_is_named() {
    let rows = [Written::Row(FeedRow { name: "a".to_owned(), ..FeedRow::default() })];
    for format in [Format::Csv, Format::Parquet] {
        let bytes = Cursor::new(written::written(format, &rows));
        let error = told(&read_with(&options("costs=actual_price"), bytes).await.unwrap_err());
        assert!(error.contains("\"costs\", which --map names; found \"product_id\""), "{error}");
    }
}
