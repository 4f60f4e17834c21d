//! A damaged file is rejected or returns numbers, and never ends the process.

use crate::support::{Folder, Graph};
use proptest::prelude::*;

/// Opens the bytes as a model and embeds texts. The result does not matter, only that the calls return.
fn open_and_embed(bytes: &[u8]) {
    let folder = Folder::with_bytes(bytes);
    if let Ok(model) = folder.open() {
        drop(model.raw(&["a tripod", "", "a much longer text than the others are"]));
    }
}

/// Generates positions, mostly at the beginning and the end, where the graph is; the weights are between.
fn position(length: usize) -> impl Strategy<Value = usize> {
    let head = 0..400.min(length);
    let tail = length.saturating_sub(500)..length;
    prop_oneof![4 => head, 4 => tail, 1 => 0..length]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_bytes_never_end_the_process(
        changes in proptest::collection::vec((position(Graph::pooled().to_bytes().len()), any::<u8>()), 1..4),
    ) {
        let mut bytes = Graph::pooled().to_bytes();
        for (position, byte) in changes {
            bytes[position] = byte;
        }
        open_and_embed(&bytes);
    }

    #[test]
    fn missing_or_repeated_bytes_never_end_the_process(
        start in position(Graph::default().to_bytes().len()),
        length in 1_usize..40,
        is_repeated in any::<bool>(),
    ) {
        let mut bytes = Graph::default().to_bytes();
        let end = (start + length).min(bytes.len());
        if is_repeated {
            let part = bytes[start..end].to_vec();
            bytes.splice(end..end, part);
        } else {
            bytes.drain(start..end);
        }
        open_and_embed(&bytes);
    }
}
