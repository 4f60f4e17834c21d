use crate::currency::Currency;
use crate::{price_phrase, price_text};
use std::fmt;

/// An amount of money, in the minor units of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Price {
    minor: u64,
    currency: Currency,
}

/// The error for a text that is not a price, with the reason. Its caller names the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a price: {reason}")]
pub struct InvalidPrice {
    reason: &'static str,
}

impl Price {
    /// Creates a price from an amount in minor units.
    pub fn from_minor(minor: u64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Parses a price as shops write it: `₹1,24,999.50`, `HK$ 80`, `1.234,56 €`, `from £10`, `99¢`,
    /// `$3.49/ea`, `12.50 EUR incl. VAT`. Of a range it is the least. It is rounded to the coins of its
    /// currency, which is `default` if the text has no sign, code or word for one, or a sign that `default`
    /// shares with other currencies. An ambiguous text is an error.
    pub fn parse(text: &str, default: Currency) -> Result<Self, InvalidPrice> {
        let plain = price_text::split_currency(text, default)
            .and_then(|(number, currency)| Self::of_number(number, currency));
        let price = plain.or_else(|reason| price_phrase::parse(text, default, reason));
        price.map_err(|reason| InvalidPrice { reason })
    }

    /// Parses a number in the notation of any country.
    pub(crate) fn of_number(number: &str, currency: Currency) -> Result<Self, &'static str> {
        let decimals = currency.decimals() as usize;
        let number = price_text::parse_number(number, decimals)?;
        let whole = number.whole.bytes().filter(u8::is_ascii_digit);
        let fraction = number.fraction.bytes().chain(std::iter::repeat(b'0'));
        let mut digits = whole.chain(fraction.take(decimals));
        let minor = digits.try_fold(0_u64, |minor, digit| {
            minor.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        });
        // What a computer adds to a decimal number, as in 19.990000000000002, is no money.
        let next = number.fraction.as_bytes().get(decimals);
        let minor = minor
            .and_then(|minor| minor.checked_add(next.is_some_and(|next| *next >= b'5').into()));
        // Stores keep prices as signed 64-bit integers.
        let minor = minor.filter(|&minor| i64::try_from(minor).is_ok());
        minor.map(|minor| Self { minor, currency }).ok_or("it is too large")
    }

    /// Returns the amount in minor units.
    pub fn minor(self) -> u64 {
        self.minor
    }

    /// Returns the currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Returns the amount in whole currency units, for filters and display; compute in minor units.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 minor units")]
    pub fn amount(self) -> f64 {
        self.minor as f64 / 10_f64.powi(self.currency.decimals().cast_signed())
    }
}

/// Writes the amount with all decimals, then the code: `617.50 INR`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals();
        let unit = 10_u64.pow(decimals);
        write!(f, "{}", self.minor / unit)?;
        if decimals > 0 {
            write!(f, ".{:0width$}", self.minor % unit, width = decimals as usize)?;
        }
        write!(f, " {}", self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inr(text: &str) -> Result<Price, InvalidPrice> {
        Price::parse(text, Currency::INR)
    }

    #[test]
    fn decimals_are_kept() {
        assert_eq!(inr("₹617.50"), Ok(Price::from_minor(61_750, Currency::INR)));
        assert_eq!(inr("₹1,299"), Ok(Price::from_minor(129_900, Currency::INR)));
        assert_eq!(inr("₹10.5"), Ok(Price::from_minor(1_050, Currency::INR)));
        assert_eq!(inr("617.50").map(|price| price.to_string()), Ok("617.50 INR".to_owned()));
    }

    #[test]
    fn grouping_of_any_country_is_parsed() {
        for text in [
            "₹1,24,999.5",
            "124,999.50",
            "124.999,50",
            "1,24,999.50",
            "124 999,50",
            "124\u{a0}999.5",
            "124\u{202f}999,50",
            "124'999.50",
            "124’999,5",
            "124999.50",
            "124999,5000",
            "  INR 124,999.50  ",
        ] {
            assert_eq!(inr(text), Ok(Price::from_minor(12_499_950, Currency::INR)), "{text}");
        }
        for (text, whole) in
            [("1,299", 1_299), ("1.234.567", 1_234_567), ("10 000", 10_000), ("₹ 1,299/-", 1_299)]
        {
            assert_eq!(inr(text), Ok(Price::from_minor(whole * 100, Currency::INR)), "{text}");
        }
    }

    #[test]
    fn an_ambiguous_or_invalid_price_is_refused_with_the_reason() {
        for (text, reason) in [
            ("₹1.234", "thousands or decimals"),
            ("12.500", "thousands or decimals"),
            ("KWD 1,234", "thousands or decimals"),
            ("199 kr", "several currencies"),
            ("-3", "negative"),
            ("call us", "no number"),
            ("100 ABC", "not a currency"),
        ] {
            // Whoever reports it names the value.
            let error = inr(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert_eq!(inr("0.500"), inr("0.5"));
        assert_eq!(inr("1234.500"), inr("1234,5"));
        assert_eq!(inr("KWD 1.234").map(Price::minor), Ok(1_234));
    }

    #[test]
    fn a_sign_or_a_code_names_the_currency() {
        assert_eq!(inr("HK$ 80"), Ok(Price::from_minor(8_000, Currency::HKD)));
        assert_eq!(inr("usd 3.10"), Ok(Price::from_minor(310, Currency::USD)));
        assert_eq!(inr("12.90 USD"), Ok(Price::from_minor(1_290, Currency::USD)));
        assert_eq!(inr("$12.90 USD"), inr("12.90 USD"));
        assert_eq!(inr("12,90€").map(|price| price.to_string()), Ok("12.90 EUR".to_owned()));
        assert_eq!(inr("1 234,50 zł").map(|price| price.to_string()), Ok("1234.50 PLN".to_owned()));
        assert_eq!(inr("CHF 25.-").map(|price| price.to_string()), Ok("25.00 CHF".to_owned()));
        assert_eq!(inr("¥1200").map(Price::minor), Ok(1_200));
    }

    #[test]
    fn a_shared_sign_means_the_default_currency() {
        let read = |text, code| {
            let default = Currency::new(code).unwrap();
            Price::parse(text, default).map(|price| price.to_string())
        };
        assert_eq!(read("$80", "HKD"), Ok("80.00 HKD".to_owned()));
        assert_eq!(read("$80 CAD", "HKD"), Ok("80.00 CAD".to_owned()));
        assert_eq!(read("$80", "EUR"), Ok("80.00 USD".to_owned()));
        assert_eq!(read("¥12.50", "CNY"), Ok("12.50 CNY".to_owned()));
        assert_eq!(read("199 kr", "SEK"), Ok("199.00 SEK".to_owned()));
        assert!(read("€80 USD", "EUR").is_err());
    }

    #[test]
    fn a_text_that_is_not_a_price_is_refused() {
        for text in [
            "",
            "₹",
            "₹-3",
            "₹1.2.3",
            "call us",
            "1,2,3",
            "1,",
            "1,,000",
            "1.x",
            "1,234,56",
            "1.24.999,50",
            "1,234.567.890",
            "1 23 456",
            "99999999999999999999",
            "₹9223372036854775807",
            "€",
            "é€",
            "1e5",
            "NaN",
        ] {
            assert!(inr(text).is_err(), "{text:?} should be refused");
        }
    }

    proptest! {
        #[test]
        fn a_printed_price_is_parsed_back(minor in 0..=u64::MAX / 2, code in "[A-Z]{3}") {
            if let Ok(currency) = Currency::new(&code) {
                let price = Price::from_minor(minor, currency);
                let read = Price::parse(&price.to_string(), Currency::INR);
                // The code may belong to no currency.
                prop_assert!(read.is_err() || read == Ok(price));
            }
        }

        #[test]
        fn a_price_parsed_from_any_text_is_printed_and_parsed_back(text in "[0-9.,' $€RsA-Z/-]{0,12}|.{0,8}") {
            if let Ok(price) = Price::parse(&text, Currency::USD) {
                prop_assert_eq!(Price::parse(&price.to_string(), Currency::USD), Ok(price));
            }
        }
    }

    #[test]
    fn the_amount_is_in_whole_currency_units() {
        assert!((inr("₹617.50").unwrap().amount() - 617.5).abs() < f64::EPSILON);
    }
}
