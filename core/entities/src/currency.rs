use crate::price_words::{choose, currencies};
use iso_currency::Currency as IsoCurrency;
use std::fmt;

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// The error for a text that is not a currency code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code of three letters: {0:?}")]
pub struct InvalidCurrency(String);

impl Currency {
    /// Indian rupee.
    pub const INR: Self = Self(*b"INR");
    /// US dollar.
    pub const USD: Self = Self(*b"USD");
    /// Hong Kong dollar.
    pub const HKD: Self = Self(*b"HKD");

    /// Creates a currency from an ISO 4217 code, in any case.
    pub fn new(code: &str) -> Result<Self, InvalidCurrency> {
        let letters: Option<[u8; 3]> = code.as_bytes().try_into().ok();
        match letters {
            Some(letters) if letters.iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self(letters.map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(InvalidCurrency(code.to_owned())),
        }
    }

    /// Returns the code of three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Returns the currency that a text names by a code in any case, a sign or a name. `default` if it is one
    /// of several with that sign; `None` if the text names none.
    pub fn named(text: &str, default: Self) -> Option<Self> {
        let by_code = Self::new(text).ok().filter(|currency| currency.is_money());
        by_code.or_else(|| choose(currencies(text)?, default))
    }

    /// Returns the number of decimals of an amount (ISO 4217): 2 for most and for what is no currency, 0 for
    /// the yen.
    pub fn decimals(self) -> u32 {
        let exponent = IsoCurrency::from_code(self.code()).and_then(IsoCurrency::exponent);
        exponent.map_or(2, u32::from)
    }

    /// Returns true if the code is that of money (ISO 4217), also of a former currency. The codes of funds,
    /// metals and tests are not.
    pub fn is_money(self) -> bool {
        let currency = IsoCurrency::from_code(self.code());
        currency.is_some_and(|currency| !currency.is_fund() && !currency.is_special())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decimals_are_those_of_stored_prices() {
        let of = |code: &str| Currency::new(code).unwrap().decimals();
        for code in "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(' ') {
            assert_eq!(of(code), 0, "{code}");
        }
        for code in "BHD IQD JOD KWD LYD OMR TND".split(' ') {
            assert_eq!(of(code), 3, "{code}");
        }
        for code in "EUR USD INR HKD GBP MRU MGA XYZ".split(' ') {
            assert_eq!(of(code), 2, "{code}");
        }
    }

    #[test]
    fn a_currency_is_named_by_a_code_a_sign_or_a_name() {
        let named = |text: &str, default: &str| {
            let currency = Currency::named(text, Currency::new(default).unwrap());
            currency.map(|currency| currency.code().to_owned())
        };
        for (text, default, expected) in [
            ("eur", "USD", Some("EUR")),
            ("₹", "USD", Some("INR")),
            ("$", "CAD", Some("CAD")),
            ("Euros", "USD", Some("EUR")),
            ("kr", "USD", None),
            ("shells", "USD", None),
            ("TBD", "USD", None),
        ] {
            assert_eq!(named(text, default).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_code_of_money_is_told_from_other_codes() {
        let is_money = |code: &str| Currency::new(code).unwrap().is_money();
        assert!(["EUR", "inr", "CHF", "HRK"].into_iter().all(is_money));
        assert!(!["TBD", "XAU", "XXX", "XTS", "CHE"].into_iter().any(is_money));
    }
}
