use crate::{Currency, Price};
use std::fmt;
use std::str::FromStr;

/// What a currency costs in another, fixed: `INR=HKD:0.094` says that a rupee is 0.094 Hong Kong
/// dollars. Exact to nine decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeRate {
    from: Currency,
    to: Currency,
    /// The factor is `digits` / 10^`decimals`.
    digits: u64,
    decimals: u32,
}

/// The text is no rate; says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rate as in INR=HKD:0.094: {text:?}: {reason}")]
pub struct InvalidExchangeRate {
    text: String,
    reason: &'static str,
}

/// The most decimals of a factor.
const DECIMALS: usize = 9;

impl ExchangeRate {
    /// The currency it converts.
    pub fn from(self) -> Currency {
        self.from
    }

    /// The currency it converts into.
    pub fn to(self) -> Currency {
        self.to
    }

    /// What `price` is in the other currency, to the nearest coin, half a coin up. `None`: it is
    /// in another currency than this rate converts, or too large.
    pub fn convert(self, price: Price) -> Option<Price> {
        if price.currency() != self.from {
            return None;
        }
        let coins = u128::from(price.minor()).checked_mul(u128::from(self.digits))?;
        let coins = coins.checked_mul(10_u128.pow(self.to.decimals()))?;
        let unit = 10_u128.pow(self.decimals + self.from.decimals());
        let minor = u64::try_from((coins + unit / 2) / unit).ok()?;
        i64::try_from(minor).ok()?;
        Some(Price::from_minor(minor, self.to))
    }
}

impl FromStr for ExchangeRate {
    type Err = InvalidExchangeRate;

    fn from_str(text: &str) -> Result<Self, InvalidExchangeRate> {
        let error = |reason| InvalidExchangeRate { text: text.to_owned(), reason };
        let (from, rest) =
            text.split_once('=').ok_or_else(|| error("no `=` between currencies"))?;
        let (to, factor) = rest.split_once(':').ok_or_else(|| error("no `:` before the factor"))?;
        let currency = |code: &str| {
            Currency::new(code.trim())
                .map_err(|_| error("a currency is not a code of three letters"))
        };
        let (whole, fraction) = factor.trim().split_once('.').unwrap_or((factor.trim(), ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return Err(error("the factor is not a number"));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(error("the factor has more than nine decimals"));
        }
        let digits =
            format!("{whole}{fraction}").parse().map_err(|_| error("the factor is too large"))?;
        let (from, to) = (currency(from)?, currency(to)?);
        if digits == 0 || from == to {
            return Err(error("a currency does not turn into nothing, or into itself"));
        }
        let decimals = u32::try_from(fraction.len()).unwrap_or_default();
        Ok(Self { from, to, digits, decimals })
    }
}

/// As it is written: `INR=HKD:0.094`.
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
    fn a_price_is_converted_to_the_nearest_coin() {
        let rupees = |minor| Price::from_minor(minor, Currency::INR);
        let hong_kong = |minor| Some(Price::from_minor(minor, Currency::HKD));
        assert_eq!(rate("INR=HKD:0.094").convert(rupees(61_750)), hong_kong(5_805));
        assert_eq!(rate("inr = hkd : 0.05").convert(rupees(110)), hong_kong(6));
        let yen = Currency::new("JPY").unwrap();
        assert_eq!(rate("JPY=HKD:0.05").convert(Price::from_minor(1_200, yen)), hong_kong(6_000));
        assert_eq!(rate("INR=JPY:1.8").convert(rupees(150)), Some(Price::from_minor(3, yen)));
    }

    #[test]
    fn another_currency_and_too_much_are_not_converted() {
        let rate = rate("INR=HKD:1000000");
        assert_eq!(rate.convert(Price::from_minor(1, Currency::USD)), None);
        assert_eq!(rate.convert(Price::from_minor(u64::MAX / 2, Currency::INR)), None);
    }

    #[test]
    fn what_is_no_rate_is_refused() {
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
        fn a_rate_that_was_printed_is_read_as_it_was(whole in 0_u32.., fraction in 1_u32..1_000_000_000) {
            let rate = rate(&format!("INR=HKD:{whole}.{fraction:09}"));
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    }
}
