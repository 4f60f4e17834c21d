//! A file that was damaged anywhere is refused, or answers with numbers: it never ends the process.

use crate::support::{Folder, Graph};
use proptest::prelude::*;

/// Opens the bytes as a model, and has it embed. What it says does not matter; that it comes back does.
fn try_out(bytes: &[u8]) {
    let folder = Folder::of(bytes);
    if let Ok(model) = folder.open() {
        drop(model.raw(&["a tripod", "", "a much longer text than the others are"]));
    }
}

/// The graph is at the beginning and at the end; the table of numbers is between.
fn place(length: usize) -> impl Strategy<Value = usize> {
    let head = 0..400.min(length);
    let tail = length.saturating_sub(500)..length;
    prop_oneof![4 => head, 4 => tail, 1 => 0..length]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bytes_that_were_changed_never_end_the_process(
        changes in proptest::collection::vec((place(Graph::pooled().to_bytes().len()), any::<u8>()), 1..4),
    ) {
        let mut bytes = Graph::pooled().to_bytes();
        for (place, byte) in changes {
            bytes[place] = byte;
        }
        try_out(&bytes);
    }

    #[test]
    fn bytes_that_are_missing_or_doubled_never_end_the_process(
        start in place(Graph::default().to_bytes().len()),
        length in 1_usize..40,
        is_doubled in any::<bool>(),
    ) {
        let mut bytes = Graph::default().to_bytes();
        let end = (start + length).min(bytes.len());
        if is_doubled {
            let part = bytes[start..end].to_vec();
            bytes.splice(end..end, part);
        } else {
            bytes.drain(start..end);
        }
        try_out(&bytes);
    }
}
