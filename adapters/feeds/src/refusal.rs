use ports::RefusedRow;

/// How many characters of a bad value are kept.
const SHOWN: usize = 80;

/// A row that is refused as a whole, or for `field` where that is not blank.
pub(crate) fn refused(line: u64, field: &str, value: &[u8], reason: String) -> RefusedRow {
    RefusedRow { line, field: field.to_owned(), value: shortened(value), reason }
}

/// The beginning of `value`, readable.
fn shortened(value: &[u8]) -> String {
    let beginning = &value[..value.len().min(4 * SHOWN)];
    let text = String::from_utf8_lossy(beginning);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() || beginning.len() < value.len() {
        shown.push('…');
    }
    shown
}

/// What is wrong with bytes that are no UTF-8.
pub(crate) fn not_utf8(value: &[u8], at: usize) -> String {
    let wrong: Vec<_> = value[at..].iter().take(4).map(|byte| format!("{byte:02X}")).collect();
    let (wrong, at) = (wrong.join(" "), at + 1);
    format!("no UTF-8 from byte {at} of the field on ({wrong}): save the file as UTF-8")
}
