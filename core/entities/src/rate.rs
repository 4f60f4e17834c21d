use crate::{Currency, Price};
use std::fmt;
use std::str::FromStr;

/// A fixed exchange rate, exact to nine decimals: with `INR=HKD:0.094` one Indian rupee is 0.094
/// Hong Kong dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeRate {
    from: Currency,
    to: Currency,
    /// The factor is `digits` / 10^`decimals`.
    digits: u64,
    decimals: u32,
}

/// The error for a text that is not an exchange rate, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an exchange rate such as INR=HKD:0.094: {text:?}: {reason}")]
pub struct InvalidExchangeRate {
    text: String,
    reason: &'static str,
}

/// The maximum number of decimals of a factor.
const MAX_DECIMALS: usize = 9;

impl ExchangeRate {
    /// Returns the currency to convert from.
    pub fn from(self) -> Currency {
        self.from
    }

    /// Returns the currency to convert to.
    pub fn to(self) -> Currency {
        self.to
    }

    /// Converts `price`, rounded to the nearest minor unit, half a unit up. `None` if the price is in
    /// another currency than [`ExchangeRate::from`], or too large.
    pub fn convert(self, price: Price) -> Option<Price> {
        if price.currency() != self.from {
            return None;
        }
        let product = u128::from(price.minor()).checked_mul(u128::from(self.digits))?;
        let product = product.checked_mul(10_u128.pow(self.to.decimals()))?;
        let unit = 10_u128.pow(self.decimals + self.from.decimals());
        let minor = u64::try_from((product + unit / 2) / unit).ok()?;
        i64::try_from(minor).ok()?;
        Some(Price::from_minor(minor, self.to))
    }
}

impl FromStr for ExchangeRate {
    type Err = InvalidExchangeRate;

    fn from_str(text: &str) -> Result<Self, InvalidExchangeRate> {
        let error = |reason| InvalidExchangeRate { text: text.to_owned(), reason };
        let (from, rest) =
            text.split_once('=').ok_or_else(|| error("there is no `=` between the currencies"))?;
        let (to, factor) =
            rest.split_once(':').ok_or_else(|| error("there is no `:` before the factor"))?;
        let currency = |code: &str| {
            Currency::new(code.trim())
                .map_err(|_| error("a currency must be a code of three letters"))
        };
        let (whole, fraction) = factor.trim().split_once('.').unwrap_or((factor.trim(), ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return Err(error("the factor is not a number"));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > MAX_DECIMALS {
            return Err(error("the factor has more than nine decimals"));
        }
        let digits =
            format!("{whole}{fraction}").parse().map_err(|_| error("the factor is too large"))?;
        let (from, to) = (currency(from)?, currency(to)?);
        if digits == 0 {
            return Err(error("the factor is zero"));
        }
        if from == to {
            return Err(error("the two currencies are the same"));
        }
        let decimals = u32::try_from(fraction.len()).unwrap_or_default();
        Ok(Self { from, to, digits, decimals })
    }
}

/// Writes the rate as it is parsed: `INR=HKD:0.094`.
impl fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.decimals as usize + 1;
        let digits = format!("{:0>width$}", self.digits);
        let (whole, fraction) = digits.split_at(digits.len() - self.decimals as usize);
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{}={}:{whole}{point}{fraction}", self.from.code(), self.to.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(text: &str) -> ExchangeRate {
        text.parse().unwrap()
    }

    #[test]
    fn a_price_is_converted_to_the_nearest_minor_unit() {
        let rupees = |minor| Price::from_minor(minor, Currency::INR);
        let hong_kong = |minor| Some(Price::from_minor(minor, Currency::HKD));
        assert_eq!(rate("INR=HKD:0.094").convert(rupees(61_750)), hong_kong(5_805));
        assert_eq!(rate("inr = hkd : 0.05").convert(rupees(110)), hong_kong(6));
        let yen = Currency::new("JPY").unwrap();
        assert_eq!(rate("JPY=HKD:0.05").convert(Price::from_minor(1_200, yen)), hong_kong(6_000));
        assert_eq!(rate("INR=JPY:1.8").convert(rupees(150)), Some(Price::from_minor(3, yen)));
    }

    #[test]
    fn another_currency_and_a_result_that_is_too_large_are_not_converted() {
        let rate = rate("INR=HKD:1000000");
        assert_eq!(rate.convert(Price::from_minor(1, Currency::USD)), None);
        assert_eq!(rate.convert(Price::from_minor(u64::MAX / 2, Currency::INR)), None);
    }

    #[test]
    fn a_text_that_is_not_a_rate_is_refused() {
        for text in [
            "",
            "INR",
            "INR=HKD",
            "INR=HKD:",
            "INR=HKD:x",
            "INR=HKD:0",
            "INR=INR:1",
            "IN=HKD:1",
            "INR=HKD:-1",
            "INR=HKD:1e3",
            "INR=HKD:0.0123456789",
            "INR=HKD:99999999999999999999",
        ] {
            assert!(text.parse::<ExchangeRate>().is_err(), "{text:?} should be refused");
        }
    }

    proptest! {
        #[test]
        fn a_printed_rate_is_parsed_back(whole in 0_u32.., fraction in 1_u32..1_000_000_000) {
            let rate = rate(&format!("INR=HKD:{whole}.{fraction:09}"));
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    }
}
