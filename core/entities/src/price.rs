use std::fmt;

/// An amount of money, exact to the smallest coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Price {
    minor: u64,
    currency: Currency,
}

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// The text is not a price; says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a price: {text:?}: {reason}")]
pub struct PriceError {
    text: String,
    reason: &'static str,
}

/// The text is no currency code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code of three letters: {0:?}")]
pub struct UnknownCurrency(String);

/// What shops write for a currency. Longer signs come before those they begin with.
const SIGNS: &[(&str, &str)] = &[
    ("HK$", "HKD"),
    ("US$", "USD"),
    ("A$", "AUD"),
    ("C$", "CAD"),
    ("S$", "SGD"),
    ("Rs.", "INR"),
    ("Rs", "INR"),
    ("₹", "INR"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₩", "KRW"),
    ("$", "USD"),
];

impl Currency {
    /// Indian rupee.
    pub const INR: Self = Self(*b"INR");
    /// US dollar.
    pub const USD: Self = Self(*b"USD");
    /// Hong Kong dollar.
    pub const HKD: Self = Self(*b"HKD");

    /// The currency of an ISO 4217 code, in capitals or not.
    pub fn new(code: &str) -> Result<Self, UnknownCurrency> {
        let letters: Option<[u8; 3]> = code.as_bytes().try_into().ok();
        match letters {
            Some(letters) if letters.iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self(letters.map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(UnknownCurrency(code.to_owned())),
        }
    }

    /// The three letters of its code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many decimals its smallest coin has (ISO 4217): 2 for most, 0 for the yen.
    pub fn decimals(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Price {
    /// A price of `minor` smallest coins.
    pub fn from_minor(minor: u64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a price as shops write it: `₹1,24,999.50`, `HK$ 80`, `12.90 EUR`; a number without
    /// sign or code is of the currency `unsigned`.
    pub fn parse(text: &str, unsigned: Currency) -> Result<Self, PriceError> {
        let error = |reason| PriceError { text: text.to_owned(), reason };
        let (number, currency) = split_currency(text.trim(), unsigned);
        let (whole, fraction) = number.rsplit_once('.').unwrap_or((number, ""));
        let decimals = currency.decimals();
        if fraction.trim_end_matches('0').len() > decimals as usize {
            return Err(error("more decimals than the currency has"));
        }
        let mut minor = digits(whole).ok_or_else(|| error("not digits with grouping commas"))?;
        for place in 0..decimals as usize {
            let digit = match fraction.as_bytes().get(place) {
                None => 0,
                Some(digit @ b'0'..=b'9') => u64::from(digit - b'0'),
                Some(_) => return Err(error("not digits behind the point")),
            };
            minor = minor
                .checked_mul(10)
                .and_then(|minor| minor.checked_add(digit))
                .ok_or_else(|| error("too large"))?;
        }
        // The store keeps prices as signed 64-bit numbers.
        if i64::try_from(minor).is_err() {
            return Err(error("too large"));
        }
        Ok(Self { minor, currency })
    }

    /// How many of the smallest coins.
    pub fn minor(self) -> u64 {
        self.minor
    }

    /// The currency it is quoted in.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in whole currency units, for filters and displays; sums belong in coins.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 coins")]
    pub fn amount(self) -> f64 {
        self.minor as f64 / 10_f64.powi(self.currency.decimals().cast_signed())
    }
}

/// The amount with all its decimals, then the code: `617.50 INR`.
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

fn split_currency(text: &str, unsigned: Currency) -> (&str, Currency) {
    for (sign, code) in SIGNS {
        let rest = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign));
        if let (Some(rest), Ok(currency)) = (rest, Currency::new(code)) {
            return (rest.trim(), currency);
        }
    }
    if let Some((code, rest)) = text.split_at_checked(3)
        && let Ok(currency) = Currency::new(code)
    {
        return (rest.trim(), currency);
    }
    if let Some((rest, code)) = text.len().checked_sub(3).and_then(|at| text.split_at_checked(at))
        && let Ok(currency) = Currency::new(code)
    {
        return (rest.trim(), currency);
    }
    (text, unsigned)
}

/// Digits, in groups of two or three (`1,24,999`) or in none.
fn digits(text: &str) -> Option<u64> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    let mut last = None;
    for group in groups {
        if !(2..=3).contains(&group.len()) || first.len() > 3 {
            return None;
        }
        last = Some(group);
    }
    if first.is_empty() || last.is_some_and(|group| group.len() != 3) {
        return None;
    }
    let digits = text.bytes().filter(|&byte| byte != b',');
    digits.into_iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inr(text: &str) -> Result<Price, PriceError> {
        Price::parse(text, Currency::INR)
    }

    #[test]
    fn the_decimal_point_is_kept() {
        assert_eq!(inr("₹617.50"), Ok(Price::from_minor(61_750, Currency::INR)));
        assert_eq!(inr("₹1,299"), Ok(Price::from_minor(129_900, Currency::INR)));
        assert_eq!(inr("₹10.5"), Ok(Price::from_minor(1_050, Currency::INR)));
        assert_eq!(inr("617.50").map(|price| price.to_string()), Ok("617.50 INR".to_owned()));
    }

    #[test]
    fn indian_grouping_is_read() {
        assert_eq!(inr("₹1,24,999"), Ok(Price::from_minor(12_499_900, Currency::INR)));
    }

    #[test]
    fn a_sign_or_a_code_names_the_currency() {
        assert_eq!(inr("HK$ 80"), Ok(Price::from_minor(8_000, Currency::HKD)));
        assert_eq!(inr("usd 3.10"), Ok(Price::from_minor(310, Currency::USD)));
        assert_eq!(inr("12.90 USD"), Ok(Price::from_minor(1_290, Currency::USD)));
        assert_eq!(inr("¥1200").map(Price::minor), Ok(1_200));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "₹",
            "₹1.234",
            "₹-3",
            "₹1.2.3",
            "call us",
            "1,2,3",
            "1,",
            ",1",
            "1,,000",
            "1.x",
            "99999999999999999999",
            "₹9223372036854775807",
            "€",
            "é€",
            "1e5",
            "NaN",
            "१२",
        ] {
            assert!(inr(text).is_err(), "{text:?} should be refused");
        }
    }

    #[test]
    fn a_whole_currency_unit_is_the_amount() {
        assert!((inr("₹617.50").unwrap().amount() - 617.5).abs() < f64::EPSILON);
    }
}
