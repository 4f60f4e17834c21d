//! Parses the text of a price with more than a currency and a number in it: a range, a word such as "from",
//! a unit, a tax, another script.

use crate::price_text::{NO_DECIMALS, split_currency};
use crate::price_words::{
    CENTS, HARMLESS, LABELS, NOT_THE_PRICE, OF, TO, UNITS, choose, currencies, find, is_code,
    looks_like_code,
};
use crate::{Currency, Price};
use unicode_normalization::UnicodeNormalization;

type Reason = &'static str;

const ANOTHER_SUM: Reason = "it names another sum: write the price";

const UNKNOWN_WORDS: Reason = "it has other words and no currency";

const TWO_PRICES: Reason = "it holds two prices: write one";

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    /// Digits, with marks and spaces among them.
    Number(&'a str),
    /// Letters, or one sign.
    Word(&'a str),
}

/// A number in a text, and what stands between it and its neighbors.
#[derive(Debug)]
struct Amount<'a> {
    number: &'a str,
    before: Vec<&'a str>,
    after: Vec<&'a str>,
}

/// Parses a text that is no plain price for `reason`. An error is the reason why it is none.
pub(crate) fn parse(text: &str, default: Currency, reason: Reason) -> Result<Price, Reason> {
    let text = simplified(text);
    if let Ok((number, currency)) = split_currency(&text, default)
        && let Ok(price) = Price::of_number(number, currency)
    {
        return Ok(price);
    }
    let tokens = tokens(&text);
    let mut words = tokens.iter().filter_map(Token::word);
    let amounts = amounts(&tokens);
    if amounts.is_empty() || is_negative(&tokens) || amounts.iter().any(Amount::has_false_code) {
        return Err(reason);
    }
    if words.any(|word| NOT_THE_PRICE.contains(&&*word.to_lowercase())) {
        return Err(ANOTHER_SUM);
    }
    if !names_money(&tokens) && !is_harmless(&tokens) {
        return Err(UNKNOWN_WORDS);
    }
    let mut money = amounts.iter().filter(|amount| amount.is_money());
    match (money.next(), money.next(), money.next()) {
        (Some(one), None, _) => one.price(&tokens, default),
        (Some(one), Some(other), None) if one.is_range_with(other) => {
            let [one, other] = [one.price(&tokens, default)?, other.price(&tokens, default)?];
            Ok(if other.minor() < one.minor() { other } else { one })
        }
        (Some(_), Some(_), _) => Err(TWO_PRICES),
        _ => Err(reason),
    }
}

/// Returns the text in the characters that prices are mostly written in: digits of any script as ASCII
/// ones, and what is only wider or narrower in its usual form.
fn simplified(text: &str) -> String {
    /// The zeros of scripts whose digits are in a row: Arabic, Persian, Devanagari, Bengali, Gujarati,
    /// Tamil, Thai, Lao, Burmese, Khmer.
    const ZEROS: [u32; 10] =
        [0x660, 0x6F0, 0x966, 0x9E6, 0xAE6, 0xBE6, 0xE50, 0xED0, 0x1040, 0x17E0];
    let simple = |character: char| {
        let code = u32::from(character);
        let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
        match (zero, character) {
            (Some(zero), _) => char::from_digit(code - zero, 10).unwrap_or(character),
            (None, '٫') => '.',
            (None, '٬') => '\'',
            (None, '~' | '〜' | '—' | '–' | '‐' | '‑' | '‒' | '−') => '-',
            (None, character) if character.is_whitespace() => ' ',
            (None, character) => character,
        }
    };
    text.trim().nfkc().map(simple).collect()
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' => {
                rest = &rest[1..];
                continue;
            }
            '.' | ',' if begins_with_digit(&rest[1..]) => number_length(rest),
            '0'..='9' => number_length(rest),
            _ if first.is_alphabetic() => word_length(rest),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_number = token.bytes().any(|byte| byte.is_ascii_digit());
        tokens.push(if is_number { Token::Number(token) } else { Token::Word(token) });
        rest = after;
    }
    tokens
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns the length of the number at the beginning of `text`. A space belongs to it if three digits
/// follow, as in `1 299`.
fn number_length(text: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            end += digits;
            continue;
        }
        let Some(mark) = rest.chars().next().filter(|mark| ".,'’ ".contains(*mark)) else {
            return end;
        };
        let after = &rest[mark.len_utf8()..];
        let group = after.bytes().take_while(u8::is_ascii_digit).count();
        if group == 0 && matches!(mark, '.' | ',') {
            // `25.-` has no decimals; of `25,` some are missing; in `25, incl. VAT` the mark ends a phrase.
            let ending = NO_DECIMALS.iter().find(|ending| rest.starts_with(**ending));
            let is_phrase = after.starts_with(' ');
            return end + ending.map_or(usize::from(!is_phrase), |ending| ending.len());
        }
        if group == 0 || mark == ' ' && group != 3 {
            return end;
        }
        end += mark.len_utf8() + group;
    }
}

/// Returns the length of the letters at the beginning of `text`. Han and kana letters stand alone.
fn word_length(text: &str) -> usize {
    let is_unspaced = |c: char| ('\u{3040}'..='\u{9fff}').contains(&c);
    let mut letters = text.char_indices();
    let first = letters.next().map_or(0, |(_, c)| if is_unspaced(c) { c.len_utf8() } else { 0 });
    if first > 0 {
        return first;
    }
    let end = letters.find(|(_, c)| !c.is_alphabetic() || is_unspaced(*c));
    end.map_or(text.len(), |(at, _)| at)
}

/// Returns whether a text names a currency or a coin.
fn names_money(tokens: &[Token<'_>]) -> bool {
    let mut words = tokens.iter().filter_map(Token::word);
    words.any(|word| currencies(word).is_some() || is_code(word) || find(CENTS, word).is_some())
}

/// Returns whether all words of a text are such as stand beside prices.
fn is_harmless(tokens: &[Token<'_>]) -> bool {
    let known = [&HARMLESS[..], &TO, &OF, &UNITS].concat();
    let mut words = tokens.iter().filter_map(Token::word);
    words.all(|word| {
        let is_word = word.chars().any(char::is_alphabetic);
        !is_word || LABELS.contains(&word) || known.contains(&&*word.to_lowercase())
    })
}

/// Returns whether a minus sign stands before the first number, with nothing or a currency between.
fn is_negative(tokens: &[Token<'_>]) -> bool {
    let first = tokens.iter().position(|token| matches!(token, Token::Number(_)));
    let before = tokens[..first.unwrap_or(0)].iter().filter_map(Token::word);
    let mut marks = before.filter(|word| currencies(word).is_none() && !is_code(word));
    marks.next().is_some_and(|word| matches!(word, "-" | "(")) && marks.next().is_none()
}

fn amounts<'a>(tokens: &[Token<'a>]) -> Vec<Amount<'a>> {
    let words = |tokens: &[Token<'a>]| tokens.iter().filter_map(Token::word).collect::<Vec<_>>();
    let places: Vec<_> = tokens
        .iter()
        .enumerate()
        .filter_map(|(at, token)| match token {
            Token::Number(number) => Some((at, *number)),
            Token::Word(_) => None,
        })
        .collect();
    let amount = |(position, (at, number)): (usize, &(usize, &'a str))| {
        let start = position.checked_sub(1).map_or(0, |before| places[before].0 + 1);
        let end = places.get(position + 1).map_or(tokens.len(), |(next, _)| *next);
        Amount { number, before: words(&tokens[start..*at]), after: words(&tokens[at + 1..end]) }
    };
    places.iter().enumerate().map(amount).collect()
}

impl<'a> Token<'a> {
    fn word(&self) -> Option<&'a str> {
        match *self {
            Self::Word(word) => Some(word),
            Self::Number(_) => None,
        }
    }
}

impl Amount<'_> {
    /// Returns whether the number is an amount of money, and not of weight, pieces or percents.
    fn is_money(&self) -> bool {
        let lower = |word: Option<&&str>| word.map(|word| word.to_lowercase()).unwrap_or_default();
        let (before, mut after) = (lower(self.before.last()), lower(self.after.first()));
        if after == "-" {
            after = lower(self.after.get(1));
        }
        let is_named = [&before, &after].into_iter().any(|word| currencies(word).is_some());
        is_named || !OF.contains(&&*before) && !UNITS.contains(&&*after)
    }

    /// Returns whether letters beside the number look like the code of a currency and are none.
    fn has_false_code(&self) -> bool {
        let is_false =
            |word: &&str| looks_like_code(word) && !is_code(word) && !LABELS.contains(word);
        self.before.last().is_some_and(is_false) || self.after.first().is_some_and(is_false)
    }

    /// Returns whether only a dash or a word such as `to`, and currencies, stand between this number and
    /// the next.
    fn is_range_with(&self, next: &Self) -> bool {
        let mut others =
            self.after.iter().filter(|word| currencies(word).is_none() && !is_code(word));
        let between = others.next().map(|word| word.to_lowercase()).unwrap_or_default();
        let is_range = between == "-" || TO.contains(&&*between);
        is_range && others.next().is_none() && self.after.len() == next.before.len()
    }

    /// Returns the price, in the currency that is named beside it, else anywhere in the text.
    fn price(&self, tokens: &[Token<'_>], default: Currency) -> Result<Price, Reason> {
        let cents = self.after.first().and_then(|word| find(CENTS, word));
        if let Some(candidates) = cents {
            let currency = choose(candidates, default).ok_or("the coin belongs to no currency")?;
            let has_marks = !self.number.bytes().all(|byte| byte.is_ascii_digit());
            let minor = self.number.parse().ok().filter(|_| !has_marks && currency.decimals() == 2);
            let reason = "a number of coins is a whole number of hundredths";
            return minor.map(|minor| Price::from_minor(minor, currency)).ok_or(reason);
        }
        let number = if self.number.starts_with(['.', ',']) {
            format!("0{}", self.number)
        } else {
            self.number.to_owned()
        };
        Price::of_number(&number, currency_of(tokens, default)?)
    }
}

/// Returns the currency that a text names, or the default if it names none.
fn currency_of(tokens: &[Token<'_>], default: Currency) -> Result<Currency, Reason> {
    let words = || tokens.iter().filter_map(Token::word);
    let code = words().find(|word| is_code(word)).and_then(|code| Currency::new(code).ok());
    let mut named = code;
    for candidates in words().filter_map(currencies) {
        let is_meant = |currency: &Currency| candidates.contains(&currency.code());
        named = match named {
            Some(currency) if is_meant(&currency) => Some(currency),
            Some(_) => return Err("it names different currencies"),
            None => {
                let reason = "several currencies use this sign; write a currency code, or set the \
                              feed's currency";
                Some(choose(candidates, default).ok_or(reason)?)
            }
        };
    }
    Ok(named.unwrap_or(default))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, default: &str) -> String {
        let price = Price::parse(text, Currency::new(default).unwrap());
        price.map_or_else(|error| error.to_string(), |price| price.to_string())
    }

    #[test]
    fn a_range_gives_its_least() {
        for (text, expected) in [
            ("10.00-20.00", "10.00 USD"),
            ("$10.00 - $20.00", "10.00 USD"),
            ("10,00 – 20,00 €", "10.00 EUR"),
            ("€12 to €9.50", "9.50 EUR"),
            ("10 bis 20 EUR", "10.00 EUR"),
            ("CHF 1'299.90 - 1'499.90", "1299.90 CHF"),
            ("１０〜２０円", "10 JPY"),
        ] {
            assert_eq!(read(text, "USD"), expected, "{text}");
        }
    }

    #[test]
    fn words_units_and_taxes_are_no_part_of_the_amount() {
        for (text, expected) in [
            ("From £10.00", "10.00 GBP"),
            ("from 10", "10.00 USD"),
            ("ab 12.90 €", "12.90 EUR"),
            ("à partir de 12,90 €", "12.90 EUR"),
            ("4.99 €/kg", "4.99 EUR"),
            ("$3.49/ea", "3.49 USD"),
            ("€4.99 / 100 g", "4.99 EUR"),
            ("4,99 € pro 100 ml", "4.99 EUR"),
            ("$12.99 (6 pack)", "12.99 USD"),
            ("12.50 EUR incl. VAT", "12.50 EUR"),
            ("12.50 EUR incl. 19% VAT", "12.50 EUR"),
            ("MRP: Rs. 1,299.00", "1299.00 INR"),
            ("MRP 1,299", "1299.00 USD"),
            ("1 299 руб.", "1299.00 RUB"),
            ("1299 р.", "1299.00 RUB"),
            ("500円(税込)", "500 JPY"),
            ("USD12.50", "12.50 USD"),
            ("12.50 euros", "12.50 EUR"),
            ("12,50 €, inkl. MwSt.", "12.50 EUR"),
            ("€ 25,- incl. btw", "25.00 EUR"),
            ("1 299 Ft", "1299.00 HUF"),
        ] {
            assert_eq!(read(text, "USD"), expected, "{text}");
        }
    }

    #[test]
    fn coins_and_digits_of_every_script_are_read() {
        for (text, default, expected) in [
            ("99¢", "USD", "0.99 USD"),
            ("99¢", "CAD", "0.99 CAD"),
            ("99 ct", "USD", "0.99 EUR"),
            ("50p", "GBP", "0.50 GBP"),
            (".99", "USD", "0.99 USD"),
            (",99 €", "USD", "0.99 EUR"),
            ("￥１，２００", "USD", "1200 JPY"),
            ("१२", "INR", "12.00 INR"),
            ("۱۲٫۵۰", "IRR", "12.50 IRR"),
        ] {
            assert_eq!(read(text, default), expected, "{text}");
        }
    }

    #[test]
    fn what_a_computer_adds_to_a_price_is_rounded_away() {
        for (text, expected) in [
            ("19.990000000000002", "19.99 USD"),
            ("8.264463", "8.26 USD"),
            ("0.125", "0.13 USD"),
            ("1199.9999 JPY", "1200 JPY"),
        ] {
            assert_eq!(read(text, "USD"), expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_may_mean_several_sums_is_no_price() {
        for (text, reason) in [
            ("Call for price", "no number"),
            ("call 0800 123456", "another sum"),
            ("$10 off", "another sum"),
            ("was $20, now $10", "another sum"),
            ("$20 $10", "two prices"),
            ("3 for $10", "two prices"),
            ("1.5k", "another sum"),
            ("2 million", "another sum"),
            ("5 or so", "other words"),
            ("in 3 colors", "other words"),
            ("100 ABC", "not a currency code"),
            ("-$5.00", "negative"),
            ("(5.00)", "negative"),
            ("€ 5 GBP", "different currencies"),
            ("ca. 199 kr", "several currencies"),
            ("99.5¢", "hundredths"),
            ("1.234", "thousands or decimals"),
        ] {
            let error = read(text, "USD");
            assert!(error.contains("not a price") && error.contains(reason), "{text}: {error}");
        }
    }
}
