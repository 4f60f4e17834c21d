use super::InvalidValue;
use super::none::is_none;
use crate::Pricing;
use akin_entities::{Currency, ExchangeRate, Price, Rating};
use akin_ports::FeedRow;

/// The numeric fields of a row.
#[derive(Debug, Default)]
pub(super) struct NumericFields {
    pub(super) rating: Option<Rating>,
    pub(super) rating_count: Option<u64>,
    pub(super) discount_price: Option<Price>,
    pub(super) actual_price: Option<Price>,
    pub(super) converted_by: Option<ExchangeRate>,
}

/// Reads the numeric fields of a row.
struct NumberReader<'a> {
    row: &'a FeedRow,
    pricing: &'a Pricing,
    /// The values that could not be read.
    unread: Vec<InvalidValue>,
}

/// The words of numbers of ratings.
const RATINGS: [&str; 4] = ["ratings", "rating", "reviews", "review"];

impl NumericFields {
    /// Reads the numbers of a row, and returns them with the values that could not be read.
    pub(super) fn read(row: &FeedRow, pricing: &Pricing) -> (Self, Vec<InvalidValue>) {
        let mut reader = NumberReader { row, pricing, unread: Vec::new() };
        let rating = reader.rating();
        let numbers = Self { rating, rating_count: count(&row.no_of_ratings), ..reader.prices() };
        (numbers, reader.unread)
    }
}

impl NumberReader<'_> {
    /// Notes a value that could not be read.
    fn optional<T>(
        &mut self,
        field: &'static str,
        text: &str,
        read: Result<T, String>,
    ) -> Option<T> {
        read.map_err(|reason| self.unread.push(InvalidValue::new(field, text, reason))).ok()
    }

    fn rating(&mut self) -> Option<Rating> {
        let text = value(&self.row.ratings)?;
        self.optional("ratings", text, Rating::parse(text).map_err(|error| error.to_string()))
    }

    fn prices(&mut self) -> NumericFields {
        let [discounted, regular] =
            [value(&self.row.discount_price), value(&self.row.actual_price)];
        if discounted.is_none() && regular.is_none() {
            return NumericFields::default();
        }
        let text = value(&self.row.currency).unwrap_or_default();
        let currency = self.pricing.currency(text);
        let Some(currency) = self.optional("currency", text, currency) else {
            return NumericFields::default();
        };
        let (discount_price, rate) = self.price("discount_price", discounted, currency);
        let (actual_price, other) = self.price("actual_price", regular, currency);
        NumericFields {
            discount_price: discount_price.filter(|price| is_sale(*price, actual_price)),
            actual_price,
            converted_by: rate.or(other).or_else(|| self.earlier_rate()),
            ..NumericFields::default()
        }
    }

    /// Reads a price, and the rate by which it was converted.
    fn price(
        &mut self,
        field: &'static str,
        text: Option<&str>,
        currency: Currency,
    ) -> (Option<Price>, Option<ExchangeRate>) {
        let Some(text) = text else { return (None, None) };
        let price = self.optional(field, text, self.pricing.read(text, currency));
        price.map_or((None, None), |(price, rate)| (Some(price), rate))
    }

    /// Parses the rate by which the prices were converted before they came into this feed.
    fn earlier_rate(&mut self) -> Option<ExchangeRate> {
        let text = value(&self.row.converted_by)?;
        self.optional("converted_by", text, rate(text))
    }
}

fn rate(text: &str) -> Result<ExchangeRate, String> {
    text.parse::<ExchangeRate>().map_err(|error| error.to_string())
}

/// Returns the text of an optional number; `None` if it says that there is none.
fn value(text: &str) -> Option<&str> {
    let text = text.trim();
    // Some shops print the beginning of a button where there is no rating.
    (!is_none(text) && text != "Get").then_some(text)
}

/// Returns whether a discounted price is a price: shops write 0 where there is no sale, and leave an old sale
/// above a new price.
fn is_sale(discounted: Price, regular: Option<Price>) -> bool {
    let is_possible = regular.is_none_or(|regular| {
        regular.currency() != discounted.currency() || discounted.minor() <= regular.minor()
    });
    discounted.minor() > 0 && is_possible
}

/// Parses a number of ratings such as `1,234`, `(17.0)` or `12 ratings`; `None` for anything else.
fn count(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    let text = RATINGS.iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text).trim_end();
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
