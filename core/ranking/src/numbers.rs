//! Numbers as shops write them, with their units: `3.5 mm`, `3,5mm`, `1,000 W`, `65"`.

use std::borrow::Cow;

/// The maximum number of groups of three digits in a number that is written with spaces.
const MAX_GROUPS: usize = 4;

/// Returns `text` without commas inside numbers: those between thousands are removed, and those before
/// decimals of a unit of measure become points. A comma that may separate two numbers stays.
pub(crate) fn without_commas(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_digit = |text: &str| text.starts_with(|character: char| character.is_ascii_digit());
    replace_inside_numbers(text, &[','], |_, start, end| {
        let before = digits(start.bytes().rev());
        let after = digits(end.bytes());
        let rest = &end[after..];
        let follows_number = start[..start.len() - before].ends_with([',', '.']);
        let goes_on = rest.strip_prefix([',', '.']).is_some_and(is_digit);
        if follows_number || goes_on {
            ","
        } else if after == 3 && (before < 3 || end.starts_with("000")) && before < 4 {
            ""
        } else if after != 3 && begins_with_unit(rest) {
            "."
        } else {
            ","
        }
    })
}

/// Returns `text` with one form of long and mixed numbers: spaces between thousands before a unit are removed
/// (`10 000 mAh`), and so are apostrophes between thousands; a fraction stands apart from the whole before it, as
/// in `1-1/2`.
pub(crate) fn with_plain_numbers(text: Cow<'_, str>) -> Cow<'_, str> {
    replace_inside_numbers(text, &[' ', '\'', '-'], |separator, start, end| match separator {
        "-" if fraction(end).is_some() => " ",
        "'" if is_thousand(start, end) => "",
        " " if is_thousand(start, end) && ends_in_thousands_of_a_unit(end) => "",
        other => other,
    })
}

/// Replaces each of the `separators`, all of them ASCII, that stands between two digits. `replacement` receives
/// it, and the text before and after it.
fn replace_inside_numbers<'a>(
    text: Cow<'a, str>,
    separators: &[char],
    replacement: impl for<'t> Fn(&'t str, &str, &str) -> &'t str,
) -> Cow<'a, str> {
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let mut places = text.match_indices(separators).map(|(at, _)| at);
    let is_inside = |at: &usize| *at > 0 && is_digit(at - 1) && is_digit(at + 1);
    let Some(first) = places.find(is_inside) else { return text };
    let mut written = String::with_capacity(text.len());
    let mut done = 0;
    for at in std::iter::once(first).chain(places.filter(is_inside)) {
        written.push_str(&text[done..at]);
        written.push_str(replacement(&text[at..=at], &text[..at], &text[at + 1..]));
        done = at + 1;
    }
    written.push_str(&text[done..]);
    Cow::Owned(written)
}

/// Returns true if up to three digits come before, and a group of three comes after.
fn is_thousand(before: &str, after: &str) -> bool {
    let digits_before = digits(before.bytes().rev());
    let is_decimal = before[..before.len() - digits_before].ends_with(['.', ',']);
    digits_before <= 3 && !is_decimal && digits(after.bytes()) == 3
}

/// Returns true if groups of three digits end in `000` with a unit: `iphone 15 128 gb` has two numbers.
fn ends_in_thousands_of_a_unit(groups: &str) -> bool {
    let mut rest = groups;
    for _ in 0..MAX_GROUPS {
        let (group, after) = rest.split_at(digits(rest.bytes()));
        match after.strip_prefix(' ') {
            Some(next) if group.len() == 3 && digits(next.bytes()) > 0 => rest = next,
            _ => return group == "000" && begins_with_unit(after),
        }
    }
    false
}

/// Returns the fraction that `text` begins with, such as `3/4`: less than 1, of the parts that inches are divided
/// into, and thirds, fifths and sixths.
pub(crate) fn fraction(text: &str) -> Option<&str> {
    let numerator = digits(text.bytes());
    let rest = text[numerator..].strip_prefix('/')?;
    let length = digits(rest.bytes());
    let is_usual =
        matches!(&rest[..length], "2" | "3" | "4" | "5" | "6" | "8" | "16" | "32" | "64");
    let part: u32 = text[..numerator].parse().ok()?;
    let whole: u32 = rest[..length].parse().ok()?;
    (is_usual && (1..whole).contains(&part)).then(|| &text[..numerator + 1 + length])
}

/// Returns true if a unit comes next. After a space, `a` and `in` are other words.
fn begins_with_unit(text: &str) -> bool {
    let next = word(text.trim_start_matches(' '));
    unit(next).is_some() && !(text.starts_with(' ') && matches!(next, "a" | "in"))
}

fn digits(bytes: impl Iterator<Item = u8>) -> usize {
    bytes.take_while(u8::is_ascii_digit).count()
}

/// Returns the letters that `text` begins with.
fn word(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_lowercase).count()]
}

/// Returns true if `word` is a number, perhaps with decimals.
pub(crate) fn is_number(word: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    !word.is_empty() && word.bytes().all(is_digit)
}

/// Returns true if a folded word after a number and a space is its unit: `in` only if no number follows,
/// as in `2 in 1`.
pub(crate) fn is_unit_before(unit: &str, rest: &str) -> bool {
    let next = rest.trim_start();
    unit != "in" || !(next.starts_with(|c: char| c.is_ascii_digit()) || next.starts_with("one"))
}

/// Returns true for a unit that says nothing without its number: `mm`, but not `pack`.
pub(crate) fn is_symbol(word: &str) -> bool {
    unit(word).is_some_and(|unit| !matches!(unit, "pack" | "pcs"))
}

/// Returns the number and the unit of a folded word such as `10cm`.
pub(crate) fn unit_of(word: &str) -> Option<(&str, &str)> {
    let start = word.find(|character: char| !(character.is_ascii_digit() || character == '.'))?;
    let (number, name) = word.split_at(start);
    (is_number(number) && unit(name).is_some()).then_some((number, name))
}

/// Returns the symbol of a unit of measure by its folded name; `None` for any other word.
pub(crate) fn unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" => "mm",
        "cm" | "cms" | "centimeter" | "centimeters" | "centimetre" | "centimetres" => "cm",
        "m" | "mtr" | "meter" | "meters" | "metre" | "metres" => "m",
        "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => "km",
        "in" | "inch" | "inches" | "zoll" | "pouce" | "pouces" | "pulgada" | "pulgadas"
        | "pollice" | "pollici" => "in",
        "ft" | "foot" | "feet" => "ft",
        "yd" | "yard" | "yards" => "yd",
        "mg" | "milligram" | "milligrams" => "mg",
        "g" | "gm" | "gms" | "gr" | "gram" | "grams" => "g",
        "kg" | "kgs" | "kilo" | "kilos" | "kilogram" | "kilograms" => "kg",
        "lb" | "lbs" | "pound" | "pounds" => "lb",
        "oz" | "ounce" | "ounces" => "oz",
        "ml" | "milliliter" | "milliliters" | "millilitre" | "millilitres" => "ml",
        "cl" | "centiliter" | "centilitre" => "cl",
        "l" | "lt" | "ltr" | "liter" | "liters" | "litre" | "litres" => "l",
        "gal" | "gallon" | "gallons" => "gal",
        "w" | "watt" | "watts" => "w",
        "kw" | "kilowatt" | "kilowatts" => "kw",
        "v" | "volt" | "volts" => "v",
        "a" | "amp" | "amps" => "a",
        "ma" => "ma",
        "mah" => "mah",
        "wh" => "wh",
        "kwh" => "kwh",
        "hz" | "hertz" => "hz",
        "khz" => "khz",
        "mhz" => "mhz",
        "ghz" => "ghz",
        "kb" | "kilobyte" | "kilobytes" => "kb",
        "mb" | "megabyte" | "megabytes" => "mb",
        "gb" | "gigabyte" | "gigabytes" => "gb",
        "tb" | "terabyte" | "terabytes" => "tb",
        "mp" | "megapixel" | "megapixels" => "mp",
        "db" | "decibel" | "decibels" => "db",
        "lm" | "lumen" | "lumens" => "lm",
        "rpm" => "rpm",
        "psi" => "psi",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "min" | "mins" | "minute" | "minutes" => "min",
        "pc" | "pcs" | "pce" | "piece" | "pieces" => "pcs",
        "pack" | "packs" | "pk" => "pack",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commas_inside_numbers_are_removed_or_become_points() {
        for (text, expected) in [
            ("1,000 pieces", "1000 pieces"),
            ("10,000mah 100,000 hours", "10000mah 100000 hours"),
            ("3,5 mm and 0,75l", "3.5 mm and 0.75l"),
            ("sizes 38,39,40", "sizes 38,39,40"),
            ("38,39 in stock", "38,39 in stock"),
            ("sizes 100,110", "sizes 100,110"),
            ("1,2,3 mm", "1,2,3 mm"),
            ("1.5,2 m 3,4.5 m", "1.5,2 m 3,4.5 m"),
            ("red, 5, blue,9", "red, 5, blue,9"),
            (",5 5, ,", ",5 5, ,"),
        ] {
            assert_eq!(without_commas(text.into()), expected);
        }
    }

    #[test]
    fn only_what_separates_the_thousands_of_one_number_is_removed() {
        for (text, expected) in [
            ("10 000 mah", "10000 mah"),
            ("power bank 20 000mah", "power bank 20000mah"),
            ("1 000 000 lumens", "1000000 lumens"),
            ("10'000 mah, 1'250 g", "10000 mah, 1250 g"),
            ("iphone 15 128 gb", "iphone 15 128 gb"),
            ("1 000 000 000 000 mm", "1000000000000 mm"),
            ("note 10 000", "note 10 000"),
            ("2 x 500 g", "2 x 500 g"),
            ("galaxy 2024 000 mm", "galaxy 2024 000 mm"),
            ("1.5 000 mm", "1.5 000 mm"),
            ("5'10 12'5", "5'10 12'5"),
            ("1-1/2 inch", "1 1/2 inch"),
            ("10-20 cm 2-3/1 4-1/7", "10-20 cm 2-3/1 4-1/7"),
        ] {
            assert_eq!(with_plain_numbers(text.into()), expected);
        }
    }

    #[test]
    fn a_text_of_nothing_but_groups_takes_no_stack() {
        let text = format!("1{} mm", " 000".repeat(16 << 10));
        assert!(with_plain_numbers(text.as_str().into()).len() > text.len() - 8);
    }

    #[test]
    fn fractions_are_less_than_one_and_of_usual_parts() {
        for (text, expected) in [
            ("3/4 inch", Some("3/4")),
            ("15/16\"", Some("15/16")),
            ("24/7", None),
            ("4/4", None),
            ("0/2", None),
            ("1/10", None),
            ("1/", None),
            ("/2", None),
            ("99999999999/2", None),
        ] {
            assert_eq!(fraction(text), expected, "{text}");
        }
    }
}
