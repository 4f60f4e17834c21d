use crate::Pricing;
use akin_entities::{
    ExchangeRate, InvalidProductId, Price, Product, ProductId, Rating, clean_text, hash_parts,
};
use akin_ports::{FeedRow, RefusedRow};

/// The number of characters of a refused value that a message repeats.
const SHOWN: usize = 80;

/// Turns a row into a product. A refused row is returned whole, as it was read.
///
/// A blank rating, or the "Get" that some shops print instead, means that the product has no
/// rating. A rating count that is not a number is other text of the shop ("Only 2 left in stock."),
/// and means the same.
pub fn normalize(row: FeedRow, pricing: &Pricing) -> Result<Product, RefusedRow> {
    read(row, pricing).map_err(|(refused, _)| refused)
}

/// Does the same, and returns the product id of a refused row if it has a valid one.
pub(crate) fn read(
    row: FeedRow,
    pricing: &Pricing,
) -> Result<Product, (RefusedRow, Option<ProductId>)> {
    let id = product_id(&row);
    if is_nameless(&row.name) {
        let invalid = InvalidValue::new("name", &row.name, "a product needs a name".to_owned());
        return Err((invalid.refuse(row), id.ok()));
    }
    let id = match id {
        Ok(id) => id,
        Err(error) => {
            let invalid = InvalidValue::new("product_id", &row.product_id, error.to_string());
            return Err((invalid.refuse(row), None));
        }
    };
    let numbers = match numbers(&row, pricing) {
        Ok(numbers) => numbers,
        Err(invalid) => return Err((invalid.refuse(row), Some(id))),
    };
    Ok(Product {
        id,
        rating: numbers.rating,
        rating_count: count(&row.no_of_ratings),
        discount_price: numbers.discount_price,
        actual_price: numbers.actual_price,
        converted_by: numbers.converted_by,
        name: clean_text(row.name),
        main_category: clean_text(row.main_category),
        sub_category: clean_text(row.sub_category),
        brand: clean_text(row.brand),
        description: clean_text(row.description),
        attributes: clean_text(row.attributes),
        image_url: trimmed(row.image),
        link: trimmed(row.link),
    })
}

/// The numeric fields of a row.
struct NumericFields {
    rating: Option<Rating>,
    discount_price: Option<Price>,
    actual_price: Option<Price>,
    converted_by: Option<ExchangeRate>,
}

fn numbers(row: &FeedRow, pricing: &Pricing) -> Result<NumericFields, InvalidValue> {
    let rating = match row.ratings.trim() {
        "" | "Get" => None,
        text => {
            let rating = Rating::parse(text);
            Some(rating.map_err(|error| InvalidValue::new("ratings", text, error.to_string()))?)
        }
    };
    let Prices { discount_price, actual_price, converted_by } = prices(row, pricing)?;
    Ok(NumericFields { rating, discount_price, actual_price, converted_by })
}

/// The prices of a row.
#[derive(Default)]
struct Prices {
    discount_price: Option<Price>,
    actual_price: Option<Price>,
    converted_by: Option<ExchangeRate>,
}

fn prices(row: &FeedRow, pricing: &Pricing) -> Result<Prices, InvalidValue> {
    let [discounted, regular] = [row.discount_price.trim(), row.actual_price.trim()];
    if discounted.is_empty() && regular.is_empty() {
        return Ok(Prices::default());
    }
    let text = row.currency.trim();
    let currency =
        pricing.currency(text).map_err(|reason| InvalidValue::new("currency", text, reason))?;
    let price = |field, text: &str| match text {
        "" => Ok((None, None)),
        text => pricing
            .read(text, currency)
            .map(|(price, rate)| (Some(price), rate))
            .map_err(|reason| InvalidValue::new(field, text, reason)),
    };
    let (discount_price, rate) = price("discount_price", discounted)?;
    let (actual_price, other) = price("actual_price", regular)?;
    let discount_price = discount_price.filter(|price| is_sale(*price, actual_price));
    let converted_by = match rate.or(other) {
        Some(rate) => Some(rate),
        None => earlier_rate(&row.converted_by)?,
    };
    Ok(Prices { discount_price, actual_price, converted_by })
}

/// Returns whether a discounted price is a price: shops write 0 where there is no sale, and leave an old sale
/// above a new price.
fn is_sale(discounted: Price, regular: Option<Price>) -> bool {
    let is_possible = regular.is_none_or(|regular| {
        regular.currency() != discounted.currency() || discounted.minor() <= regular.minor()
    });
    discounted.minor() > 0 && is_possible
}

/// Parses the rate by which the prices were converted before they came into this feed.
fn earlier_rate(text: &str) -> Result<Option<ExchangeRate>, InvalidValue> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let rate = text.parse::<ExchangeRate>();
    rate.map(Some).map_err(|error| InvalidValue::new("converted_by", text, error.to_string()))
}

/// A value that makes a row unusable.
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
            field: field.to_owned(),
            value,
            reason,
            row: Some(Box::new(row)),
        }
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

/// Parses a number of ratings such as `1,234` or `(17.0)`; `None` for anything else.
fn count(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    if let Ok(count) = text.parse() {
        return Some(count);
    }
    let text = match text.split_once('.') {
        Some((whole, "0" | "00")) => whole,
        _ => text,
    };
    let is_mark = |c: char| matches!(c, ',' | '.' | ' ' | '\'' | '\u{a0}' | '\u{202f}');
    let mut number = 0_u64;
    for (place, group) in text.split(is_mark).enumerate() {
        // Indian numbers have groups of two digits.
        if place > 0 && !(2..=3).contains(&group.len()) {
            return None;
        }
        for byte in group.bytes() {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            number = number.checked_mul(10)?.checked_add(digit)?;
        }
    }
    (!text.is_empty()).then_some(number)
}

/// Trims a text. Keeps the allocation if there is nothing to trim, as in nearly every row.
fn trimmed(text: String) -> String {
    if text.trim().len() == text.len() { text } else { text.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::Currency;
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

    #[test]
    fn an_unreadable_value_is_refused_with_line_and_field() {
        let refused = read(|row| row.actual_price = "call us".into()).unwrap_err();
        assert_eq!(
            (refused.line, &*refused.field, &*refused.value),
            (7, "actual_price", "call us")
        );
        assert_eq!(read(|row| row.ratings = "11".into()).unwrap_err().field, "ratings");
        assert_eq!(read(|row| row.name = " \n".into()).unwrap_err().field, "name");
        assert_eq!(read(|row| row.product_id = "x".repeat(999)).unwrap_err().value.len(), SHOWN);
    }

    #[test]
    fn a_refused_row_is_returned_unchanged() {
        let long = "x".repeat(999);
        for (id, name, price) in
            [("17", " <br> ", "₹1,299 "), (&long, "<b>Lamp</b> ", ""), ("17", "Lamp", "call us")]
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
        let about = |row| super::read(row, &Pricing::unconverted(Currency::INR)).unwrap_err().1;
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
