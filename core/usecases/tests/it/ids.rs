//! A product keeps its id when its row changes or moves.

use crate::shop::rupees;
use akin_ports::FeedRow;
use akin_usecases::normalize;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z0-9 ]{0,12}",
        "https://shop\\.example/[a-z]{1,4}(/dp/[A-Z0-9]{10}(/ref=[a-z]{1,3})?)?",
        ".{0,20}",
    ]
}

fn id(row: FeedRow) -> Option<String> {
    normalize(row, &rupees()).ok().map(|product| product.id.to_string())
}

proptest! {
    #[test]
    fn an_id_depends_on_neither_the_line_nor_spaces_nor_other_fields(
        product_id in text(), link in text(), name in "[a-z]{1,9}", line in any::<u64>(),
        price in 0..1_000_u32, blanks in " {0,3}",
    ) {
        let row = FeedRow { product_id, link, name, ..FeedRow::default() };
        let moved = FeedRow {
            line,
            product_id: format!("{blanks}{}{blanks}", row.product_id),
            link: format!("{}{blanks}", row.link),
            name: format!("{blanks}{}", row.name),
            actual_price: price.to_string(),
            description: "other".into(),
            ..row.clone()
        };
        prop_assert_eq!(id(moved), id(row.clone()));
        let named = !row.product_id.trim().is_empty() || !row.link.trim().is_empty();
        let renamed = FeedRow { name: format!("{} more", row.name), ..row.clone() };
        prop_assert_eq!(id(renamed) == id(row), named, "a name is an id only where there is no other");
    }

    #[test]
    fn different_links_without_an_asin_are_different_products(
        one in "https://shop\\.example/[a-z]{1,6}", other in "https://shop\\.example/[a-z]{1,6}",
    ) {
        let row = |link: &str| {
            FeedRow { name: "Tripod".into(), link: link.into(), ..FeedRow::default() }
        };
        prop_assert_eq!(id(row(&one)) == id(row(&other)), one == other);
    }
}
