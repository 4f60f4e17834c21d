use crate::record::FIELD_LIMIT;
use akin_ports::RefusedRow;

/// How many characters of a bad value are kept.
const SHOWN: usize = 80;

/// A row of which nothing can be read, or what is wrong with `field` where that is not blank; then
/// the draft of its row knows the rest.
pub(crate) fn refused(line: u64, field: &str, value: &[u8], reason: String) -> RefusedRow {
    RefusedRow { line, field: field.to_owned(), value: shortened(value), reason, row: None }
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

/// Why bytes are no text that every store can keep.
pub(crate) fn text_fault(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Err(fault) => not_utf8(value, fault.valid_up_to()),
        Ok(_) if value.len() > FIELD_LIMIT => {
            format!("it is longer than {} KiB: shorten it", FIELD_LIMIT >> 10)
        }
        Ok(_) => "it holds a NUL character: remove it".to_owned(),
    }
}

/// What is wrong with bytes that are no UTF-8.
pub(crate) fn not_utf8(value: &[u8], at: usize) -> String {
    let wrong: Vec<_> = value[at..].iter().take(4).map(|byte| format!("{byte:02X}")).collect();
    let (wrong, at) = (wrong.join(" "), at + 1);
    format!("no UTF-8 from byte {at} of the field on ({wrong}): save the file as UTF-8")
}
