//! Parses the text of a price: a currency, and a number in the notation of any country.

use crate::Currency;

/// Currency signs and the currencies that use them, the default one first; a sign whose list begins
/// with an empty string has no default. A longer sign comes before any prefix of it.
pub(crate) const SIGNS: &[(&str, &[&str])] = &[
    ("₹", &["INR"]),
    ("€", &["EUR"]),
    ("£", &["GBP", "EGP", "FKP", "GIP", "SHP"]),
    ("¥", &["JPY", "CNY"]),
    ("HK$", &["HKD"]),
    ("US$", &["USD"]),
    ("AU$", &["AUD"]),
    ("CA$", &["CAD"]),
    ("NZ$", &["NZD"]),
    ("NT$", &["TWD"]),
    ("A$", &["AUD"]),
    ("C$", &["CAD"]),
    ("S$", &["SGD"]),
    ("R$", &["BRL"]),
    ("Rs.", RUPEES),
    ("Rs", RUPEES),
    ("円", &["JPY"]),
    ("元", &["CNY", "TWD"]),
    ("₩", &["KRW", "KPW"]),
    ("₽", &["RUB"]),
    ("₺", &["TRY"]),
    ("₫", &["VND"]),
    ("฿", &["THB"]),
    ("₱", &["PHP"]),
    ("₦", &["NGN"]),
    ("₪", &["ILS"]),
    ("₴", &["UAH"]),
    ("₡", &["CRC"]),
    ("₵", &["GHS"]),
    ("₸", &["KZT"]),
    ("zł", &["PLN"]),
    ("Kč", &["CZK"]),
    ("kr.", CROWNS),
    ("kr", CROWNS),
    ("$", DOLLARS),
];

const RUPEES: &[&str] = &["INR", "PKR", "LKR", "NPR", "MUR", "SCR"];
const CROWNS: &[&str] = &["", "SEK", "NOK", "DKK", "ISK"];
const DOLLARS: &[&str] = &[
    "USD", "AUD", "BBD", "BMD", "BND", "BSD", "BZD", "CAD", "CLP", "COP", "FJD", "GYD", "HKD",
    "JMD", "KYD", "LRD", "MXN", "NAD", "NZD", "SBD", "SGD", "SRD", "TTD", "TWD", "UYU", "XCD",
];

/// Suffixes that stand for "no decimals".
pub(crate) const NO_DECIMALS: [&str; 4] = ["/-", ".-", ",-", ".–"];

/// The two parts of a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'a> {
    /// The digits before the decimal mark, with the separators of their groups.
    pub(crate) whole: &'a str,
    /// The digits after the decimal mark.
    pub(crate) fraction: &'a str,
}

/// Splits `text` into its number and its currency; `default` is used if the text names none.
pub(crate) fn split_currency(
    text: &str,
    default: Currency,
) -> Result<(&str, Currency), &'static str> {
    let (rest, named) = match split_code(text.trim()) {
        Some((rest, currency)) => (rest, Some(currency?)),
        None => (text.trim(), None),
    };
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if is_digit(rest.as_bytes().first()) && is_digit(rest.as_bytes().last()) {
        return Ok((rest, named.unwrap_or(default)));
    }
    let sign = SIGNS.iter().find_map(|(sign, currencies)| {
        let number = rest.strip_prefix(sign).or_else(|| rest.strip_suffix(sign))?;
        Some((number.trim(), *currencies))
    });
    let Some((number, currencies)) = sign else {
        return Ok((rest, named.unwrap_or(default)));
    };
    let is_candidate = |currency: &Currency| currencies.contains(&currency.code());
    if let Some(currency) = named {
        let reason = "the sign and the code name different currencies";
        return if is_candidate(&currency) { Ok((number, currency)) } else { Err(reason) };
    }
    if is_candidate(&default) {
        return Ok((number, default));
    }
    let usual = currencies.first().and_then(|code| Currency::new(code).ok());
    let reason =
        "several currencies use this sign; write a currency code, or set the feed's currency";
    usual.map(|currency| (number, currency)).ok_or(reason)
}

/// Splits a code of three letters from the beginning or the end of `text`; `None` if there is none,
/// an error if it is not the code of a currency.
fn split_code(text: &str) -> Option<(&str, Result<Currency, &'static str>)> {
    let is_code = |code: &str| code.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (before, after) = (text.split_at_checked(3), text.len().checked_sub(3));
    let before = before.filter(|(code, _)| is_code(code));
    let after = after.and_then(|at| text.split_at_checked(at)).filter(|(_, code)| is_code(code));
    let (code, rest) = before.or(after.map(|(rest, code)| (code, rest)))?;
    // The first letters of a longer word are not a code.
    if rest.trim().starts_with(|c: char| c.is_alphabetic()) || rest.is_empty() {
        return None;
    }
    let currency = Currency::new(code).ok().filter(|currency| currency.is_money());
    Some((rest.trim(), currency.ok_or("the letters are not a currency code")))
}

/// Parses a number with groups and a fraction, of a currency with `decimals` decimals.
pub(crate) fn parse_number(text: &str, decimals: usize) -> Result<Number<'_>, &'static str> {
    let text = NO_DECIMALS.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text).trim_end();
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err("there is no number");
    }
    if text.starts_with(['-', '−', '(']) {
        return Err("the price is negative");
    }
    let number = match text.rfind(['.', ',']) {
        Some(at) if is_decimal_mark(text, at, decimals)? => {
            Number { whole: &text[..at], fraction: &text[at + 1..] }
        }
        _ => return whole_number(text),
    };
    let is_fraction =
        !number.fraction.is_empty() && number.fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_fraction {
        return Err("the decimals are not digits");
    }
    whole_number(number.whole).map(|whole| Number { fraction: number.fraction, ..whole })
}

/// Returns true if the last point or comma of `text`, at `at`, separates the decimals and not two
/// groups; an error if it may be either.
fn is_decimal_mark(text: &str, at: usize, decimals: usize) -> Result<bool, &'static str> {
    let (before, mark, decimals_length) = (&text[..at], &text[at..=at], text.len() - at - 1);
    if before.contains(mark) {
        return Ok(false);
    }
    let is_group = decimals_length == 3 && before.len() <= 3 && !before.is_empty() && before != "0";
    if !is_group || before.contains(['.', ',']) {
        return Ok(true);
    }
    // One mark, followed by three digits. Two cases are unambiguous: a point in a currency with
    // three decimals, and a comma in a currency with fewer.
    match (mark, decimals) {
        (".", 3) => Ok(true),
        (",", 0..=2) => Ok(false),
        _ => Err("the mark may separate thousands or decimals: write two decimals, or no mark"),
    }
}

/// Parses a number without decimals, grouped or not.
fn whole_number(text: &str) -> Result<Number<'_>, &'static str> {
    let mark = text.chars().find(|character| !character.is_ascii_digit());
    let is_grouped = match mark {
        None => !text.is_empty(),
        Some(mark @ (',' | '.' | ' ' | '\'' | '’' | '\u{a0}' | '\u{2009}' | '\u{202f}')) => {
            is_grouped(text, mark)
        }
        Some(_) => false,
    };
    if is_grouped {
        Ok(Number { whole: text, fraction: "" })
    } else {
        Err("the digits are not grouped by thousands")
    }
}

/// Returns true if `text` is digits in groups of three separated by `mark`, or in Indian lakhs: a
/// last group of three after groups of two.
fn is_grouped(text: &str, mark: char) -> bool {
    let mut groups = text.split(mark);
    let first = groups.next().map_or(0, str::len);
    let (mut last, mut are_two, mut are_three) = (first, mark == ',' && first <= 2, first <= 3);
    let mut count = 1;
    for group in groups {
        // The previous group is not the last one.
        if count > 1 {
            are_two &= last == 2;
            are_three &= last == 3;
        }
        if !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        (last, count) = (group.len(), count + 1);
    }
    first > 0 && count > 1 && last == 3 && (are_two || are_three)
}
