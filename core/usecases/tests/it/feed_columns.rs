//! Records of every layout are read as rows.

use akin_ports::{
    FeedBatch, FeedItem, FeedLayout, FeedList, FeedObject, FeedValue, UnreadableRecord,
    UnreadableValue,
};
use akin_usecases::{ColumnMap, RowReader};

const COLUMNS: FeedLayout = FeedLayout::Columns { line: Some(1) };

fn text(text: &str) -> FeedValue {
    FeedValue::Text(text.to_owned())
}

fn list(items: &[&str]) -> FeedValue {
    let items: Vec<_> = items.iter().map(|item| text(item)).collect();
    FeedValue::List(Box::new(FeedList { text: "[..]".to_owned(), items }))
}

fn object(members: Vec<(&str, FeedValue)>) -> FeedValue {
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    FeedValue::Object(Box::new(FeedObject { text: "{..}".to_owned(), members }))
}

fn batch(layout: FeedLayout, values: Vec<(&str, FeedValue)>) -> FeedBatch {
    let names: Vec<_> = values.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut batch = FeedBatch::new(layout, names.into());
    batch.push_record(7, values.into_iter().map(|(_, value)| value).enumerate());
    batch
}

/// Reads one record of these values.
fn read(layout: FeedLayout, values: Vec<(&str, FeedValue)>) -> FeedItem {
    let mut reader = RowReader::new(ColumnMap::default());
    reader.read(&batch(layout, values)).unwrap().remove(0)
}

#[test]
fn a_header_that_does_not_describe_products_is_an_error_with_its_line() {
    for (names, map, message) in [
        (["title", "Name"], "", "\"title\" (number 1) and \"Name\" (number 2)"),
        (["product", "price"], "", "found \"product\", \"price\""),
        (["name", "price"], "cost=actual_price", "names \"cost\", which is not in the header"),
    ] {
        let map = if map.is_empty() { ColumnMap::default() } else { map.parse().unwrap() };
        let values = names.map(|name| (name, text("x"))).to_vec();
        let error = RowReader::new(map).read(&batch(COLUMNS, values)).unwrap_err().to_string();
        assert!(error.starts_with("line 1: ") && error.contains(message), "{error}");
    }
}

#[test]
fn columns_are_resolved_for_the_names_of_each_batch() {
    let mut reader = RowReader::new(ColumnMap::default());
    for values in [vec![("name", text("Ball"))], vec![("x", text("y")), ("title", text("Ball"))]] {
        let rows = reader.read(&batch(FeedLayout::Keys, values)).unwrap();
        assert_eq!(rows[0].as_ref().unwrap().name, "Ball");
    }
}

#[test]
fn the_filter_selects_the_columns_that_are_read() {
    let filter = RowReader::new("cost=actual_price,id=".parse().unwrap()).column_filter();
    for (name, is_selected) in
        [("Title", true), ("g:image link", true), ("cost", true), ("color", false), ("", false)]
    {
        assert_eq!(filter.selects(name), is_selected, "{name:?}");
    }
}

#[test]
fn nested_values_become_texts() {
    let price = object(vec![("amount", text("5")), ("currency", text("EUR"))]);
    let attributes = object(vec![("size", list(&["1", "2"])), ("color", text("red"))]);
    let row = read(
        FeedLayout::Keys,
        vec![
            ("name", text("Pan")),
            ("category", list(&["Home", "Kitchen", "Pans"])),
            ("image", list(&["a.jpg", "b.jpg"])),
            ("price", price),
            ("attributes", attributes),
        ],
    );
    let row = row.unwrap();
    assert_eq!((&*row.main_category, &*row.sub_category), ("Home", "Kitchen > Pans"));
    assert_eq!((&*row.image, &*row.actual_price), ("a.jpg", "5 EUR"));
    assert_eq!(row.attributes, "size: 1, 2; color: red");
}

#[test]
fn a_nested_value_in_a_text_column_refuses_the_row() {
    let refused = read(FeedLayout::Keys, vec![("name", object(Vec::new()))]).unwrap_err();
    assert_eq!((refused.line, &*refused.field, &*refused.value), (7, "name", "{..}"));
    assert_eq!(refused.row.unwrap().name, "{..}");
}

#[test]
fn an_unreadable_value_refuses_the_row_and_is_kept_for_correction() {
    let (beginning, text_) = ("&x;".to_owned(), "A&x;B".to_owned());
    let value = UnreadableValue { beginning, text: text_, reason: "bad".to_owned() };
    let values = vec![("brand", FeedValue::Unreadable(Box::new(value))), ("name", text("Ball"))];
    let refused = read(FeedLayout::Elements, values).unwrap_err();
    assert_eq!((&*refused.field, &*refused.value, &*refused.reason), ("brand", "&x;", "bad"));
    let row = refused.row.unwrap();
    assert_eq!((&*row.brand, &*row.name, row.line), ("A&x;B", "Ball", 7));
}

#[test]
fn an_unreadable_record_is_a_refused_row() {
    let (beginning, reason) = ("x,y".to_owned(), "too short".to_owned());
    let records = vec![Err(UnreadableRecord { line: 3, beginning, reason })];
    let batch = FeedBatch { records, ..FeedBatch::new(FeedLayout::Keys, [].into()) };
    let rows = RowReader::new(ColumnMap::default()).read(&batch).unwrap();
    let refused = rows[0].as_ref().unwrap_err();
    assert_eq!((refused.line, &*refused.field, &*refused.value), (3, "", "x,y"));
    assert_eq!((&*refused.reason, &refused.row), ("too short", &None));
}

#[test]
fn a_second_value_of_a_field_refuses_the_row_unless_elements_repeat_it() {
    let twice = |layout, name| read(layout, vec![(name, text("a")), (name, text("b"))]);
    assert_eq!(twice(FeedLayout::Keys, "name").unwrap_err().field, "name");
    assert_eq!(twice(FeedLayout::Elements, "name").unwrap_err().field, "name");
    assert_eq!(twice(FeedLayout::Keys, "link").unwrap_err().field, "link");
    assert_eq!(twice(FeedLayout::Elements, "link").unwrap().link, "a");
}
