//! Receipts, which name a message and its attempt when its outcome is reported.

use akin_ports::{MAX_ATTEMPTS, RELEASE_DELAY, Receipt, retry_delay};
use std::collections::HashSet;
use std::time::Duration;

/// Returns the receipt of a delivery: SQS's handle, and the attempt, on which the delay of a failed
/// message depends.
pub(crate) fn receipt(attempts: u32, handle: &str) -> Receipt {
    Receipt(format!("{attempts}:{handle}"))
}

/// Returns the attempt and the handle of each receipt, once, and passes over receipts of other queues.
pub(crate) fn handles<'a>(
    receipts: impl IntoIterator<Item = &'a Receipt>,
) -> impl Iterator<Item = (u32, String)> {
    let mut seen = HashSet::new();
    receipts.into_iter().filter_map(move |receipt| {
        let (attempts, handle) = receipt.0.split_once(':')?;
        let attempts = attempts.parse().ok()?;
        (!handle.is_empty() && seen.insert(handle)).then(|| (attempts, handle.to_owned()))
    })
}

/// Returns the time after which a message that failed is visible again. After the last attempt that is
/// soon, since the next receive makes a dead letter of it.
pub(crate) fn delay(attempts: u32) -> Duration {
    if attempts < MAX_ATTEMPTS { retry_delay(attempts) } else { RELEASE_DELAY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_returns_its_attempt_and_handle_once_and_others_return_none() {
        let receipts = [receipt(3, "a:b"), receipt(3, "a:b"), receipt(1, "c")];
        let read: Vec<_> = handles(&receipts).collect();
        assert_eq!(read, [(3, "a:b".to_owned()), (1, "c".to_owned())]);
        let others = ["", "1", "1-2", ":a", "x:a", "1:", "-1:a"].map(|text| Receipt(text.into()));
        assert_eq!(handles(&others).count(), 0);
    }

    #[test]
    fn a_message_without_attempts_left_is_received_again_soon() {
        assert_eq!(delay(1), retry_delay(1));
        assert_eq!(delay(MAX_ATTEMPTS), RELEASE_DELAY);
    }
}
