//! The words beside prices.

use crate::Currency;
use crate::price_text::SIGNS;

/// Names of currencies, in lower case, by the currencies that they may mean. A name that several share
/// has the usual one first.
const NAMES: &[(&str, &[&str])] = &[
    ("eur", &["EUR"]),
    ("euro", &["EUR"]),
    ("euros", &["EUR"]),
    ("dollar", &["USD", "AUD", "CAD", "HKD", "NZD", "SGD", "TWD"]),
    ("dollars", &["USD", "AUD", "CAD", "HKD", "NZD", "SGD", "TWD"]),
    ("pound", &["GBP", "EGP"]),
    ("pounds", &["GBP", "EGP"]),
    ("rupee", &["INR", "PKR", "LKR", "NPR", "MUR", "SCR"]),
    ("rupees", &["INR", "PKR", "LKR", "NPR", "MUR", "SCR"]),
    ("yen", &["JPY"]),
    ("yuan", &["CNY"]),
    ("rmb", &["CNY"]),
    ("won", &["KRW"]),
    ("руб", &["RUB"]),
    ("рублей", &["RUB"]),
    ("р", &["RUB"]),
    ("грн", &["UAH"]),
    ("лв", &["BGN"]),
    ("ден", &["MKD"]),
    ("дин", &["RSD"]),
    ("din", &["RSD"]),
    ("tl", &["TRY"]),
    ("ft", &["HUF"]),
    ("lei", &["RON", "MDL"]),
    ("leu", &["RON", "MDL"]),
    ("zl", &["PLN"]),
    ("rm", &["MYR"]),
    ("rp", &["IDR"]),
    ("ksh", &["KES"]),
    ("fr", &["CHF"]),
    ("sfr", &["CHF"]),
    ("dhs", &["AED", "MAD"]),
];

/// Names of coins worth a hundredth, by the currencies that have them.
pub(crate) const CENTS: &[(&str, &[&str])] = &[
    ("¢", &["USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD"]),
    ("cent", &["EUR", "USD", "AUD", "CAD", "HKD", "NZD", "SGD"]),
    ("cents", &["USD", "EUR", "AUD", "CAD", "HKD", "NZD", "SGD"]),
    ("ct", &["EUR"]),
    ("cts", &["EUR"]),
    ("p", &["GBP"]),
    ("pence", &["GBP"]),
    ("paise", &["INR"]),
];

/// Words between the two prices of a range. Signs are the dashes and tildes.
pub(crate) const TO: [&str; 14] =
    ["to", "bis", "à", "a", "al", "до", "till", "until", "upto", "and", "tot", "do", "til", "până"];

/// Words that say that the number after them is of something else than money.
pub(crate) const OF: [&str; 9] = ["per", "pro", "je", "por", "par", "of", "x", "×", "/"];

/// Words that say that the number before them is of something else than money.
pub(crate) const UNITS: [&str; 32] = [
    "%", "g", "kg", "mg", "ml", "cl", "dl", "l", "lb", "lbs", "oz", "cm", "mm", "m", "m2", "pc",
    "pcs", "piece", "pieces", "pack", "packs", "stk", "stück", "st", "ea", "each", "units", "unit",
    "count", "x", "×", "days",
];

/// Words that make another sum of the number beside them than the price.
pub(crate) const NOT_THE_PRICE: [&str; 24] = [
    "off", "save", "saving", "discount", "rabatt", "down", "deposit", "call", "phone", "tel", "k",
    "mn", "mio", "million", "millions", "thousand", "tsd", "lakh", "lakhs", "crore", "crores",
    "billion", "was", "statt",
];

/// Three capital letters beside an amount that are no code of a currency, and no mistake either.
pub(crate) const LABELS: [&str; 11] =
    ["MRP", "RRP", "UVP", "PVP", "VAT", "GST", "TTC", "TVA", "IVA", "NET", "TAX"];

/// Words that stand beside prices and change nothing.
pub(crate) const HARMLESS: [&str; 66] = [
    "from",
    "starting",
    "at",
    "ab",
    "à",
    "partir",
    "de",
    "da",
    "desde",
    "des",
    "dès",
    "fra",
    "från",
    "vanaf",
    "od",
    "от",
    "only",
    "now",
    "just",
    "nur",
    "jetzt",
    "seulement",
    "price",
    "our",
    "preis",
    "prix",
    "precio",
    "prezzo",
    "prijs",
    "pris",
    "cena",
    "цена",
    "sale",
    "mrp",
    "rrp",
    "uvp",
    "incl",
    "inkl",
    "excl",
    "exkl",
    "exc",
    "inc",
    "including",
    "excluding",
    "inklusive",
    "plus",
    "zzgl",
    "vat",
    "gst",
    "tax",
    "taxes",
    "mwst",
    "ust",
    "tva",
    "iva",
    "btw",
    "moms",
    "net",
    "gross",
    "brutto",
    "netto",
    "ttc",
    "ht",
    "approx",
    "ca",
    "circa",
];

/// Returns the default if it is among the candidates, else the usual one.
pub(crate) fn choose(candidates: &[&str], default: Currency) -> Option<Currency> {
    if candidates.contains(&default.code()) {
        return Some(default);
    }
    candidates.first().and_then(|code| Currency::new(code).ok())
}

/// Returns the currencies that a sign or a name may mean.
pub(crate) fn currencies(word: &str) -> Option<&'static [&'static str]> {
    let sign = SIGNS.iter().find(|(sign, _)| *sign == word).map(|(_, currencies)| *currencies);
    sign.or_else(|| find(NAMES, word))
}

pub(crate) fn find(
    names: &[(&str, &'static [&'static str])],
    word: &str,
) -> Option<&'static [&'static str]> {
    let lower = word.to_lowercase();
    names.iter().find(|(name, _)| *name == lower).map(|(_, currencies)| *currencies)
}

/// Returns whether a word is the code of a currency, which is written in capital letters: `all`, `try` and
/// `top` are words.
pub(crate) fn is_code(word: &str) -> bool {
    looks_like_code(word) && Currency::new(word).is_ok_and(Currency::is_money)
}

/// Returns whether a word is three capital letters.
pub(crate) fn looks_like_code(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}
