//! What stands in a price: a currency, and a number as some country writes it.

use crate::Currency;

/// What shops write for a currency, and which ones it may be, the usual one first. Longer signs
/// come before those they begin with. None is usual where the list begins with a blank.
const SIGNS: &[(&str, &[&str])] = &[
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

/// What stands behind a number where others write decimals.
const NO_COINS: [&str; 4] = ["/-", ".-", ",-", ".–"];

/// The codes of ISO 4217 for money that one can pay with, in their order.
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL \
    BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP \
    GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF \
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN \
    NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD \
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES \
    VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ";

/// The digits of a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'a> {
    /// Those before the decimal mark, and the marks between their groups.
    pub(crate) whole: &'a str,
    /// Those behind it.
    pub(crate) fraction: &'a str,
}

/// Parts the number in `text` from its currency, which is `unsigned` where none is named.
pub(crate) fn split_currency(
    text: &str,
    unsigned: Currency,
) -> Result<(&str, Currency), &'static str> {
    let (rest, named) = match split_code(text.trim()) {
        Some((rest, currency)) => (rest, Some(currency?)),
        None => (text.trim(), None),
    };
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if is_digit(rest.as_bytes().first()) && is_digit(rest.as_bytes().last()) {
        return Ok((rest, named.unwrap_or(unsigned)));
    }
    let sign = SIGNS.iter().find_map(|(sign, currencies)| {
        let number = rest.strip_prefix(sign).or_else(|| rest.strip_suffix(sign))?;
        Some((number.trim(), *currencies))
    });
    let Some((number, currencies)) = sign else {
        return Ok((rest, named.unwrap_or(unsigned)));
    };
    let is_one = |currency: &Currency| currencies.contains(&currency.code());
    if let Some(currency) = named {
        let fault = "its sign and its code name different currencies";
        return if is_one(&currency) { Ok((number, currency)) } else { Err(fault) };
    }
    if is_one(&unsigned) {
        return Ok((number, unsigned));
    }
    let usual = currencies.first().and_then(|code| Currency::new(code).ok());
    let fault =
        "several countries write this sign; name the currency by its code, or by --currency";
    usual.map(|currency| (number, currency)).ok_or(fault)
}

/// Parts a code of three letters from what it stands before or behind; an error if no currency has
/// it.
fn split_code(text: &str) -> Option<(&str, Result<Currency, &'static str>)> {
    let is_code = |code: &str| code.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (before, after) = (text.split_at_checked(3), text.len().checked_sub(3));
    let before = before.filter(|(code, _)| is_code(code));
    let after = after.and_then(|at| text.split_at_checked(at)).filter(|(_, code)| is_code(code));
    let (code, rest) = before.or(after.map(|(rest, code)| (code, rest)))?;
    // A word that goes on is no code.
    if rest.trim().starts_with(|c: char| c.is_alphabetic()) || rest.is_empty() {
        return None;
    }
    let is_known = |currency: &Currency| {
        let code = currency.code().as_bytes();
        let (codes, _) = CODES.as_bytes().as_chunks::<4>();
        codes.binary_search_by(|known| known[..3].cmp(code)).is_ok()
    };
    let currency = Currency::new(code).ok().filter(is_known);
    Some((rest.trim(), currency.ok_or("its letters are not a currency code")))
}

/// Reads a number with groups and decimals, of a currency with so many decimals.
pub(crate) fn number(text: &str, decimals: usize) -> Result<Number<'_>, &'static str> {
    let text = NO_COINS.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text).trim_end();
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err("no number stands there");
    }
    if text.starts_with(['-', '−', '(']) {
        return Err("a price is not negative");
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
        return Err("not digits behind the decimal mark");
    }
    whole_number(number.whole).map(|whole| Number { fraction: number.fraction, ..whole })
}

/// Whether the last point or comma of `text`, at `at`, stands before decimals and not between
/// groups.
fn is_decimal_mark(text: &str, at: usize, decimals: usize) -> Result<bool, &'static str> {
    let (before, mark, behind) = (&text[..at], &text[at..=at], text.len() - at - 1);
    if before.contains(mark) {
        return Ok(false);
    }
    let is_group = behind == 3 && before.len() <= 3 && !before.is_empty() && before != "0";
    if !is_group || before.contains(['.', ',']) {
        return Ok(true);
    }
    // One mark, and three digits behind it. What is certain: a point before the decimals of a
    // currency that has three, a comma before a group where no currency has three decimals.
    match (mark, decimals) {
        (".", 3) => Ok(true),
        (",", 0..=2) => Ok(false),
        _ => {
            Err("it may be thousands or decimals: write them with two decimals, or without a mark")
        }
    }
}

/// A number without decimals, in groups of one kind or in none.
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
        Err("not digits in groups of a thousand")
    }
}

/// Whether `text` is digits in groups of three between the marks, or in lakhs as India writes them:
/// every group but the last of two.
fn is_grouped(text: &str, mark: char) -> bool {
    let mut groups = text.split(mark);
    let first = groups.next().map_or(0, str::len);
    let (mut last, mut are_two, mut are_three) = (first, mark == ',' && first <= 2, first <= 3);
    let mut count = 1;
    for group in groups {
        // The last group so far is not the last.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_stand_in_their_order() {
        let codes: Vec<_> = CODES.split_ascii_whitespace().collect();
        assert_eq!(codes.concat().len() / 3, codes.len());
        assert!(codes.is_sorted_by(|a, b| a < b));
        assert_eq!(codes.len() * 4, CODES.len());
    }
}
