mod details;
mod none;
mod numbers;

use crate::Pricing;
use akin_entities::{DetailField, InvalidProductId, Product, ProductId, clean_text, hash_parts};
use akin_ports::{FeedRow, RefusedRow};
use none::is_none;
use numbers::NumericFields;

/// The number of characters of a refused value that a message repeats.
const SHOWN: usize = 80;

/// Turns a row into a product. Only a row that names no product is refused, and returned whole, as it was
/// read; an optional value that cannot be read is left out.
///
/// Words for "none" (`n/a`, `null`, `-`) mean that there is no value. A rating count that is not a number is
/// other text of the shop ("Only 2 left in stock."), and means the same.
pub fn normalize(row: FeedRow, pricing: &Pricing) -> Result<Product, RefusedRow> {
    read(row, pricing, &mut Vec::new()).map_err(|refused| refused.0)
}

/// Does the same, adds what it leaves out to `left_out`, and returns the product id of a refused row if it
/// has a valid one.
pub(crate) fn read(
    row: FeedRow,
    pricing: &Pricing,
    left_out: &mut Vec<RefusedRow>,
) -> Result<Product, Box<(RefusedRow, Option<ProductId>)>> {
    let id = product_id(&row);
    if is_nameless(&row.name) {
        let invalid = InvalidValue::new("name", &row.name, "a product needs a name".to_owned());
        return Err(Box::new((invalid.refuse(row), id.ok())));
    }
    let id = match id {
        Ok(id) => id,
        Err(error) => {
            let invalid = InvalidValue::new("product_id", &row.product_id, error.to_string());
            return Err(Box::new((invalid.refuse(row), None)));
        }
    };
    let (numbers, unread) = NumericFields::read(&row, pricing);
    left_out.extend(unread.into_iter().map(|value| value.leave_out(&row)));
    let (details, unread) = details::read(&row);
    left_out.extend(unread.map(|value| value.leave_out(&row)));
    let mut images = details::addresses(&row.images);
    let image_url = match address(row.image) {
        blank if blank.is_empty() && !images.is_empty() => images.remove(0),
        image_url => image_url,
    };
    images.retain(|image| *image != image_url);
    let details = details.with(DetailField::Images, images);
    Ok(Product {
        id,
        rating: numbers.rating,
        rating_count: numbers.rating_count,
        discount_price: numbers.discount_price,
        actual_price: numbers.actual_price,
        converted_by: numbers.converted_by,
        name: clean_text(row.name),
        main_category: text(row.main_category),
        sub_category: text(row.sub_category),
        brand: text(row.brand),
        description: text(row.description),
        attributes: text(row.attributes),
        details,
        image_url,
        link: address(row.link),
    })
}

/// A value that cannot be read.
struct InvalidValue {
    field: &'static str,
    value: String,
    reason: String,
}

impl InvalidValue {
    fn new(field: &'static str, value: &str, reason: String) -> Self {
        let value = value.chars().take(SHOWN).collect();
        Self { field, value, reason }
    }

    /// Returns the refusal of `row`.
    fn refuse(self, row: FeedRow) -> RefusedRow {
        let Self { field, value, reason } = self;
        RefusedRow {
            line: row.line,
            is_kept: false,
            field: field.to_owned(),
            value,
            reason,
            row: Some(Box::new(row)),
        }
    }

    /// Returns the note that `row` was kept without the value.
    fn leave_out(self, row: &FeedRow) -> RefusedRow {
        RefusedRow { is_kept: true, ..self.refuse(row.clone()) }
    }
}

/// Returns whether a name has no text besides markup and blanks.
fn is_nameless(name: &str) -> bool {
    // A name that begins with a letter or digit needs no further check.
    let is_plain = name.trim_start().starts_with(|first: char| first.is_ascii_alphanumeric());
    !is_plain && clean_text(name.to_owned()).is_empty()
}

/// Returns the shop's own id, else the ASIN in the link, else a hash of the link or the name. Never
/// the row number: reordering a feed would change every product. A row with none of them identifies
/// no product.
fn product_id(row: &FeedRow) -> Result<ProductId, InvalidProductId> {
    let (id, link) = (row.product_id.trim(), row.link.trim());
    if !id.is_empty() {
        return ProductId::new(id);
    }
    if let Some(asin) = asin(link) {
        return ProductId::new(asin);
    }
    let source = if link.is_empty() { row.name.trim() } else { link };
    if source.is_empty() {
        return ProductId::new(source);
    }
    let hash = u128::from_be_bytes(hash_parts([source]));
    ProductId::new(format!("{hash:032x}"))
}

/// Returns the ten capital letters and digits of a `/dp/XXXXXXXXXX` link.
fn asin(link: &str) -> Option<&str> {
    let (_, rest) = link.split_once("/dp/")?;
    let end = rest.find(['/', '?', '#', '&']).unwrap_or(rest.len());
    let asin = &rest[..end];
    let is_asin = asin.len() == 10
        && asin.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    is_asin.then_some(asin)
}

/// Returns a text without markup; an empty one for a word for "none".
fn text(text: String) -> String {
    if is_none(&text) { String::new() } else { clean_text(text) }
}

/// Trims an address. Keeps the allocation if there is nothing to trim, as in nearly every row.
fn address(text: String) -> String {
    match text.trim() {
        trimmed if is_none(trimmed) => String::new(),
        trimmed if trimmed.len() == text.len() => text,
        trimmed => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::{Currency, Price};
    use proptest::prelude::*;

    fn row(change: impl FnOnce(&mut FeedRow)) -> FeedRow {
        let mut row = FeedRow { line: 7, name: "Tripod".to_owned(), ..FeedRow::default() };
        change(&mut row);
        row
    }

    fn read(change: impl FnOnce(&mut FeedRow)) -> Result<Product, RefusedRow> {
        normalize(row(change), &Pricing::unconverted(Currency::INR))
    }

    #[test]
    fn the_shops_own_id_comes_before_the_asin() {
        let link = "https://shop.example/x/dp/B09W9BWVYG/ref=1?qid=2";
        let both = read(|row| (row.product_id, row.link) = ("17".into(), link.into()));
        assert_eq!(both.unwrap().id.as_str(), "17");
        assert_eq!(read(|row| row.link = link.into()).unwrap().id.as_str(), "B09W9BWVYG");
    }

    #[test]
    fn without_id_and_asin_the_link_or_the_name_makes_the_id() {
        let by_link = read(|row| row.link = "https://shop.example/tripod".into()).unwrap().id;
        let renamed = read(|row| {
            (row.name, row.link) = ("Stand".into(), "https://shop.example/tripod".into());
        });
        assert_eq!(by_link, renamed.unwrap().id);
        assert_eq!(by_link.as_str().len(), 32);
        assert_ne!(by_link, read(|_| ()).unwrap().id);
    }

    #[test]
    fn a_rating_that_is_none_keeps_the_product() {
        for text in ["", " ", "Get"] {
            let product = read(|row| {
                row.ratings = text.into();
                row.no_of_ratings = "Only 2 left in stock.".into();
            });
            let product = product.unwrap();
            assert_eq!((product.rating, product.rating_count), (None, None));
        }
    }

    #[test]
    fn a_number_of_ratings_is_read_as_shops_write_it() {
        for (text, count) in [
            ("12,345", Some(12_345)),
            ("(1,23,456)", Some(123_456)),
            ("12.345", Some(12_345)),
            ("17.0", Some(17)),
            ("1.2K", None),
            ("3.5", None),
            ("1,234 ratings", Some(1_234)),
            ("1 review", Some(1)),
            ("", None),
        ] {
            let rated = read(|row| row.no_of_ratings = text.into()).unwrap();
            assert_eq!(rated.rating_count, count, "{text}");
        }
    }

    #[test]
    fn texts_are_freed_of_markup_and_links_stay_as_they_are() {
        let product = read(|row| {
            row.name = "<b>Tripod</b> &amp; bag".into();
            row.description = "<p>Stands</p><p>still</p>".into();
            row.link = "https://shop.example/?a=1&amp;b=<2>".into();
        });
        let product = product.unwrap();
        assert_eq!((&*product.name, &*product.description), ("Tripod & bag", "Stands still"));
        assert_eq!(product.link, "https://shop.example/?a=1&amp;b=<2>");
        assert_eq!(read(|row| row.name = "<br>".into()).unwrap_err().field, "name");
    }

    /// Reads a row, and returns the product and what was left out.
    fn read_all(change: impl FnOnce(&mut FeedRow)) -> (Product, Vec<RefusedRow>) {
        let mut left_out = Vec::new();
        let pricing = Pricing::unconverted(Currency::INR);
        let product = super::read(row(change), &pricing, &mut left_out).unwrap();
        (product, left_out)
    }

    #[test]
    fn an_optional_value_that_cannot_be_read_is_left_out_with_line_and_field() {
        for (field, value) in [
            ("actual_price", "call us"),
            ("ratings", "11"),
            ("discount_price", "soon"),
            ("converted_by", "twice"),
        ] {
            let (product, left_out) = read_all(|row| {
                row.actual_price = "30".into();
                let texts = row.named_texts().map(|(name, text)| (name, text.to_owned()));
                let texts = texts.filter(|(name, _)| *name != field).collect::<Vec<_>>();
                *row = FeedRow::from_texts(7, texts.into_iter().chain([(field, value.to_owned())]));
            });
            assert_eq!((product.rating, product.discount_price), (None, None), "{field}");
            assert_eq!(product.actual_price.is_some(), field != "actual_price");
            let [note] = &left_out[..] else { panic!("{field}: {left_out:?}") };
            assert_eq!(
                (note.line, note.is_kept, &*note.field, &*note.value),
                (7, true, field, value)
            );
            let whole = note.row.as_deref().unwrap();
            assert_eq!(whole.named_texts().find(|(name, _)| *name == field), Some((field, value)));
        }
        assert_eq!(read(|row| row.name = " \n".into()).unwrap_err().field, "name");
        assert_eq!(read(|row| row.product_id = "x".repeat(999)).unwrap_err().value.len(), SHOWN);
    }

    #[test]
    fn a_word_for_none_is_no_value_and_needs_no_note() {
        for none in ["n/a", "N/A", "-", "–", "null", "None", "NaN", "Get", "#N/A"] {
            let (product, left_out) = read_all(|row| {
                (row.actual_price, row.discount_price) = (none.into(), none.into());
                (row.ratings, row.no_of_ratings) = (none.into(), none.into());
                row.currency = none.into();
            });
            assert_eq!(product, Product::new(product.id.clone(), "Tripod"));
            assert_eq!(left_out, [], "{none}");
        }
        let texts = read_all(|row| (row.brand, row.image) = ("nan".into(), "NULL".into())).0;
        assert_eq!((&*texts.brand, &*texts.image_url), ("", ""));
        assert_eq!(read_all(|row| row.name = "Null".into()).0.name, "Null");
    }

    #[test]
    fn an_unknown_currency_leaves_the_prices_out() {
        let (product, left_out) = read_all(|row| {
            (row.actual_price, row.currency) = ("5".into(), "shells".into());
        });
        assert_eq!((product.price(), left_out.len(), &*left_out[0].field), (None, 1, "currency"));
        let (product, left_out) = read_all(|row| row.currency = "shells".into());
        assert_eq!((product.price(), left_out), (None, Vec::new()), "there is no price");
    }

    #[test]
    fn a_refused_row_is_returned_unchanged() {
        let long = "x".repeat(999);
        for (id, name, price) in
            [("17", " <br> ", "₹1,299 "), (&long, "<b>Lamp</b> ", ""), ("17", " ", "call us")]
        {
            let stood = row(|row| {
                (row.product_id, row.name) = (id.to_owned(), name.to_owned());
                row.actual_price = price.to_owned();
            });
            let refused = read(|row| *row = stood.clone()).unwrap_err();
            assert_eq!(refused.row.as_deref(), Some(&stood), "{}", refused.field);
        }
    }

    #[test]
    fn a_row_without_id_link_and_name_identifies_no_product() {
        let about = |row| {
            let pricing = Pricing::unconverted(Currency::INR);
            super::read(row, &pricing, &mut Vec::new()).unwrap_err().1
        };
        assert_eq!(about(row(|row| row.name = "  ".into())), None);
        let linked = about(row(|row| (row.name, row.link) = (String::new(), "a.example".into())));
        assert!(linked.is_some());
    }

    #[test]
    fn a_sale_of_nothing_or_above_the_price_is_none() {
        for (sale, regular, expected) in [
            ("0.00", "80", None),
            ("0", "", None),
            ("95", "80", None),
            ("80", "80", Some(8_000)),
            ("60", "80", Some(6_000)),
            ("60", "", Some(6_000)),
            ("$60", "₹50", Some(6_000)),
        ] {
            let product = read(|row| {
                (row.discount_price, row.actual_price) = (sale.into(), regular.into());
            });
            let found = product.unwrap().discount_price.map(Price::minor);
            assert_eq!(found, expected, "{sale} of {regular}");
        }
    }

    #[test]
    fn decimals_of_a_price_are_kept() {
        let price = read(|row| row.discount_price = " ₹617.50 ".into()).unwrap().discount_price;
        assert_eq!(price, Some(Price::from_minor(61_750, Currency::INR)));
    }

    proptest! {
        #[test]
        fn any_row_becomes_a_product_with_a_name_or_is_refused_at_its_line(
            fields in prop::array::uniform8(".{0,40}"),
        ) {
            let [name, product_id, link, ratings, no_of_ratings, discount, actual, brand] = fields;
            let row = FeedRow {
                line: 3, name, product_id, link, ratings, no_of_ratings,
                discount_price: discount, actual_price: actual, brand, ..FeedRow::default()
            };
            let pricing = Pricing::unconverted(Currency::USD);
            match normalize(row.clone(), &pricing) {
                Ok(product) => {
                    prop_assert!(!product.name.trim().is_empty());
                    prop_assert_eq!(normalize(row, &pricing).unwrap().id, product.id);
                }
                Err(refused) => {
                    prop_assert_eq!(refused.line, 3);
                    prop_assert_eq!(*refused.row.unwrap(), row);
                }
            }
        }
    }
}
