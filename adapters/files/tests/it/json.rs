//! JSON Lines as shops write it.

use crate::support::{error_of, items_of, rows_of};

#[tokio::test]
async fn numbers_keep_their_digits_and_null_is_blank() {
    let row = &rows_of(
        "{\"id\": 12345678901234567890123, \"title\": \"Ball\", \"price\": 19.90, \"ratings\": 4.0, \
         \"no_of_ratings\": 1e3, \"brand\": null, \"color\": {\"any\": [1]}}",
    )
    .await[0];
    assert_eq!(row.product_id, "12345678901234567890123");
    assert_eq!((&*row.actual_price, &*row.ratings, &*row.no_of_ratings), ("19.90", "4.0", "1000"));
    assert_eq!((&*row.name, &*row.brand), ("Ball", ""));
}

#[tokio::test]
async fn prices_and_attributes_may_be_objects() {
    let row = &rows_of(
        "{\"name\": \"Ball\", \"price\": {\"amount\": 12.50, \"currency\": \"USD\"}, \
         \"sale_price\": {\"value\": \"9\", \"currencyCode\": \"EUR\"}, \
         \"attributes\": {\"color\": \"red\", \"sizes\": [1, 2], \"none\": null}}",
    )
    .await[0];
    assert_eq!((&*row.actual_price, &*row.discount_price), ("12.50 USD", "9 EUR"));
    assert_eq!(row.attributes, "color: red; sizes: 1, 2");
}

#[tokio::test]
async fn lists_are_joined_and_a_category_is_a_path() {
    let row = &rows_of(
        "{\"name\": \"Pan\", \"category\": [\"Home\", \"Kitchen\", \"Pans\"], \
         \"image\": [\"a.jpg\", \"b.jpg\"], \"attributes\": [\"steel\", \"28 cm\"]}",
    )
    .await[0];
    assert_eq!((&*row.main_category, &*row.sub_category), ("Home", "Kitchen > Pans"));
    assert_eq!((&*row.image, &*row.attributes), ("a.jpg", "steel; 28 cm"));
}

#[tokio::test]
async fn a_malformed_line_is_refused_by_line_and_field() {
    let items = items_of(
        "{\"name\": \"a\"}\n\n{\"name\": \"b\",}\nnonsense\n[1]\n{\"name\": {\"x\": 1}}\n\
         {\"name\": \"c\", \"title\": \"d\"}\n{\"name\": \"e\\u0000\"}\n{\"name\": \"f\"} {}\n\
         {\"price\": {\"usd\": 3}}\n  {\"name\": \"g\"}  ",
    )
    .await;
    let refused: Vec<_> = items.iter().filter_map(|item| item.as_ref().err()).collect();
    let told: Vec<_> = refused.iter().map(|row| (row.line, &*row.field)).collect();
    assert_eq!(told, [(3, ""), (4, ""), (5, ""), (6, "name"), (8, "name"), (9, "")]);
    assert!(refused[0].reason.contains("trailing comma, at byte 14"), "{refused:?}");
    let names: Vec<_> = items.iter().flatten().map(|row| (row.line, &*row.name)).collect();
    assert_eq!(names, [(1, "a"), (7, "c"), (10, ""), (11, "g")]);
}

#[tokio::test]
async fn invalid_utf8_refuses_only_its_line() {
    let bytes =
        b"{\"name\": \"\xc3\xa9\xc3\xa9\"}\n{\"name\": \"caf\xe9\"}\n{\"name\": \"b\"}".as_slice();
    let items = crate::support::read(bytes).await.unwrap();
    assert!(items[1].as_ref().unwrap_err().reason.contains("not UTF-8"), "{items:?}");
    assert_eq!(items[2].as_ref().unwrap().name, "b");
}

#[tokio::test]
async fn deep_nesting_refuses_only_its_line() {
    let deep = format!("{{\"x\": {}}}", "[".repeat(100_000));
    let items = items_of(&format!("{{\"name\": \"a\"}}\n{deep}\n{{\"name\": \"b\"}}")).await;
    assert!(items[1].is_err() && items[2].is_ok(), "{items:?}");
    let known = format!("{{\"name\": {}}}", "[".repeat(100_000));
    assert!(items_of(&known).await[0].is_err());
}

#[tokio::test]
async fn a_field_and_a_line_that_are_too_long_are_skipped() {
    let long = |size: usize| format!("{{\"name\": \"{}\"}}", "x".repeat(size));
    let text = format!("{}\n{}\n{{\"name\": \"b\"}}", long(2 << 20), long(20 << 20));
    let items = items_of(&text).await;
    assert!(items[0].as_ref().unwrap_err().reason.contains("1024 KiB"));
    assert!(items[1].as_ref().unwrap_err().reason.contains("8 MiB"));
    assert_eq!((items[2].as_ref().unwrap().line, items.len()), (3, 3));
}

#[tokio::test]
async fn an_array_of_objects_is_read() {
    let rows = rows_of("[\n {\"name\": \"a [}\\\"\"} ,{\"name\": \"b\",\n \"x\": [{}]}\n]\n").await;
    let names: Vec<_> = rows.iter().map(|row| (row.line, &*row.name)).collect();
    assert_eq!(names, [(2, "a [}\""), (2, "b")]);
    assert!(rows_of("[]").await.is_empty());
}

#[tokio::test]
async fn an_array_that_is_cut_off_or_followed_by_text_is_an_error_with_its_line() {
    for (text, line, said) in [
        ("[{\"name\": \"a\"},\n{\"name\"", 2, "cut off"),
        ("[{\"name\": \"a\"}\n", 2, "expected a comma"),
        ("[{\"name\": \"a\"}]\n x", 2, "after the array"),
        ("[{\"name\": \"a\"},\n 3]", 2, "expected an object"),
        ("[{\"name\": \"a\"},\n", 2, "cut off"),
    ] {
        let error = error_of(text.as_bytes()).await;
        assert!(error.contains(said) && error.contains(&format!("line {line}")), "{text}: {error}");
    }
}
