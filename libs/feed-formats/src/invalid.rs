use crate::limits;
use crate::record::{InvalidValue, MalformedRecord, Value};

/// The maximum number of characters that a message repeats of an offending text.
const SHOWN: usize = 80;

/// Returns a record of which nothing could be read.
pub(crate) fn malformed(line: u64, bytes: &[u8], reason: String) -> MalformedRecord {
    MalformedRecord { line, beginning: beginning(bytes), reason }
}

/// Returns a value that is not a text.
pub(crate) fn invalid(bytes: &[u8], reason: String) -> Value {
    let text = if bytes.len() > limits::VALUE {
        String::new()
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    };
    Value::Invalid(Box::new(InvalidValue { beginning: beginning(bytes), text, reason }))
}

/// Returns the beginning of a text in readable form, shortened.
pub(crate) fn beginning(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(4 * SHOWN)];
    let text = String::from_utf8_lossy(start);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() || start.len() < bytes.len() {
        shown.push('…');
    }
    shown
}

/// Returns why bytes are not a valid text: not UTF-8, too long, or with a NUL.
pub(crate) fn text_fault(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Err(error) => not_utf8(bytes, error.valid_up_to()),
        Ok(_) if bytes.len() > limits::VALUE => too_long(),
        Ok(_) => "contains a NUL character: remove it".to_owned(),
    }
}

/// Returns why bytes are not UTF-8 from `at` on.
pub(crate) fn not_utf8(bytes: &[u8], at: usize) -> String {
    let wrong: Vec<_> = bytes[at..].iter().take(4).map(|byte| format!("{byte:02X}")).collect();
    let (wrong, at) = (wrong.join(" "), at + 1);
    format!(
        "not UTF-8 at byte {at} of the value ({wrong}): save the file as UTF-8, or name its encoding"
    )
}

pub(crate) fn too_long() -> String {
    format!("longer than {} KiB: shorten it", limits::VALUE >> 10)
}
