//! Records of every layout are read as rows.

use akin_ports::{
    FeedBatch, FeedItem, FeedLayout, FeedList, FeedObject, FeedRow, FeedValue, RefusedRow,
    UnreadableRecord, UnreadableValue,
};
use akin_usecases::{ColumnMap, RowReader};

const COLUMNS: FeedLayout = FeedLayout::Columns { line: Some(1) };

fn text(text: &str) -> FeedValue {
    FeedValue::Text(text.to_owned())
}

fn number(number: &str) -> FeedValue {
    FeedValue::Number(number.to_owned())
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
    for (name, is_selected) in [
        ("Title", true),
        ("g:image link", true),
        ("cost", true),
        ("color", true),
        ("shelf", false),
        ("", false),
    ] {
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

/// Reads one record of these values, and returns the row and what was left out.
fn read_all(layout: FeedLayout, values: Vec<(&str, FeedValue)>) -> (FeedRow, Vec<RefusedRow>) {
    let mut reader = RowReader::new(ColumnMap::default());
    let row = reader.read(&batch(layout, values)).unwrap().remove(0).unwrap();
    (row, reader.take_left_out())
}

#[test]
fn an_object_gives_its_name_its_address_or_its_pairs() {
    let named = |name: &str| object(vec![("id", number("9")), ("name", text(name))]);
    let listed = |items: Vec<FeedValue>| {
        FeedValue::List(Box::new(FeedList { text: "[..]".to_owned(), items }))
    };
    let material = object(vec![("name", text("Material")), ("options", list(&["Copper", "Tin"]))]);
    let size = object(vec![("name", text("Size")), ("value", number("3"))]);
    let picture = object(vec![("id", number("1")), ("src", text("k1.jpg"))]);
    let (row, left_out) = read_all(
        FeedLayout::Keys,
        vec![
            ("name", text("Kettle")),
            ("category", listed(vec![named("Kettles"), named("Sale")])),
            ("image", listed(vec![picture.clone(), picture])),
            ("brand", named("Hearthside")),
            ("attributes", listed(vec![material, size])),
            ("ratings", object(vec![("rate", number("4.5")), ("count", number("7"))])),
        ],
    );
    assert_eq!(left_out, []);
    assert_eq!(
        (&*row.main_category, &*row.image, &*row.brand),
        ("Kettles", "k1.jpg", "Hearthside")
    );
    assert_eq!((&*row.attributes, &*row.ratings), ("Material: Copper, Tin; Size: 3", "4.5"));
    let paths = vec![list(&["Music", "Strings"]), list(&["Accessories"])];
    let values = vec![("name", text("Ukulele strings")), ("category", listed(paths))];
    let row = read_all(FeedLayout::Keys, values).0;
    assert_eq!((&*row.main_category, &*row.sub_category), ("Music", "Strings"));
}

#[test]
fn a_number_has_a_decimal_point_whatever_its_digits() {
    for (written, expected) in
        [("12.125", "12.1250"), ("19.990000000000002", "19.990000000000002"), ("1299", "1299")]
    {
        let values = vec![("name", text("Pen")), ("price", number(written))];
        let row = read(FeedLayout::Keys, values).unwrap();
        assert_eq!(row.actual_price, expected);
    }
    let price = object(vec![("amount", number("12.125")), ("currency", text("EUR"))]);
    let row = read(FeedLayout::Keys, vec![("name", text("Pen")), ("price", price)]).unwrap();
    assert_eq!(row.actual_price, "12.1250 EUR");
    let row = read(FeedLayout::Keys, vec![("name", text("Pen")), ("price", text("12.125"))]);
    assert_eq!(row.unwrap().actual_price, "12.125");
}

#[test]
fn an_unreadable_name_refuses_the_row() {
    let refused = read(FeedLayout::Keys, vec![("name", object(Vec::new()))]).unwrap_err();
    assert_eq!((refused.line, &*refused.field, &*refused.value), (7, "name", "{..}"));
    assert!(!refused.is_kept);
    assert_eq!(refused.row.unwrap().name, "{..}");
}

#[test]
fn an_optional_value_that_is_unreadable_is_left_out_and_kept_for_correction() {
    let (beginning, text_) = ("&x;".to_owned(), "A&x;B".to_owned());
    let value = UnreadableValue { beginning, text: text_, reason: "bad".to_owned() };
    let values = vec![("brand", FeedValue::Unreadable(Box::new(value))), ("name", text("Ball"))];
    let (row, left_out) = read_all(FeedLayout::Elements, values);
    assert_eq!((&*row.brand, &*row.name), ("", "Ball"));
    let [note] = &left_out[..] else { panic!("{left_out:?}") };
    assert!(note.is_kept);
    assert_eq!((&*note.field, &*note.value, &*note.reason), ("brand", "&x;", "bad"));
    let row = note.row.as_ref().unwrap();
    assert_eq!((&*row.brand, &*row.name, row.line), ("A&x;B", "Ball", 7));
}

#[test]
fn a_blank_record_of_a_table_is_no_row() {
    let mut reader = RowReader::new(ColumnMap::default());
    let mut blank = batch(COLUMNS, vec![("name", text(" ")), ("brand", text("\t"))]);
    blank.push_record(8, []);
    assert_eq!(reader.read(&blank).unwrap(), []);
    blank.push_record(9, [(1, text("Lumo"))]);
    assert_eq!(reader.read(&blank).unwrap().len(), 1, "whose name is missing");
    // An object whose keys are not read is told.
    let row = read(FeedLayout::Keys, vec![("name", text(""))]);
    assert_eq!(row.map(|row| row.line), Ok(7));
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
fn of_several_values_of_a_field_the_first_of_the_best_name_counts() {
    for layout in [COLUMNS, FeedLayout::Keys, FeedLayout::Elements] {
        let twice = |name| {
            read(layout, vec![("name", text("a")), (name, text("b")), (name, text("c"))]).unwrap()
        };
        assert_eq!(twice("name").name, "a");
        assert_eq!(twice("link").link, "b");
        assert_eq!(twice("attributes").attributes, "b; c");
        let ids = vec![("title", text("38")), ("id", text("1")), ("Name", text("Felt slippers"))];
        let row = read(layout, [ids, vec![("product_id", text("9001"))]].concat()).unwrap();
        assert_eq!((&*row.name, &*row.product_id), ("Felt slippers", "9001"));
    }
}
