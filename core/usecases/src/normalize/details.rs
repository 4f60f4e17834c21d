use super::InvalidValue;
use super::none::is_none;
use akin_entities::{Availability, DetailField, Details, attribute_values};
use akin_ports::FeedRow;

/// Reads the details of a row, and what cannot be read of them. Where a column is blank, the attribute of that
/// name counts.
pub(super) fn read(row: &FeedRow) -> (Details, Option<InvalidValue>) {
    let attributes = named_details(&row.attributes);
    let text = |column: &str, name: &str| {
        let named = || attributes.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let value = || named().and_then(|(_, values)| values.first().cloned()).unwrap_or_default();
        if is_none(column) { value() } else { column.to_owned() }
    };
    let details = Details::default()
        .with(DetailField::Sku, [text(&row.sku, "sku")])
        .with(DetailField::Gtin, [text(&row.gtin, "gtin")])
        .with(DetailField::Mpn, [text(&row.mpn, "mpn")])
        .with(DetailField::Group, [text(&row.item_group_id, "group")]);
    let written = row.availability.trim();
    match Availability::parse(&text(written, "availability")) {
        Ok(availability) => (details.with(DetailField::Availability, [availability.name()]), None),
        // An attribute stays one, whatever it says.
        Err(_) if is_none(written) => (details, None),
        Err(error) => {
            (details, Some(InvalidValue::new("availability", written, error.to_string())))
        }
    }
}

/// Returns the attributes of a text in which details may be among them.
fn named_details(text: &str) -> Vec<(String, Vec<String>)> {
    const NAMES: [&str; 5] = ["sku", "gtin", "mpn", "group", "availability"];
    let is_name = |word: &str| NAMES.iter().any(|name| name.eq_ignore_ascii_case(word));
    // Most have none, and need not be taken apart.
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    if words.any(is_name) { attribute_values(text) } else { Vec::new() }
}

/// Splits addresses at white space, `|`, and commas that precede the next one.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let separated = text.replace(",http", " http").replace('|', " ");
    let addresses = separated.split_whitespace().map(|address| address.trim_end_matches(','));
    addresses.map(str::to_owned).collect()
}
