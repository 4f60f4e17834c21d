//! A packed model with a correct length and checksum, and any content.
#![no_main]

use akin_fuzz::model::Packed;
use libfuzzer_sys::fuzz_target;
use sbert_cpu::Encoder;
use std::sync::LazyLock;

static PACKED: LazyLock<Packed> = LazyLock::new(Packed::new);

fuzz_target!(init: akin_fuzz::let_panics_be_caught(), |bytes: &[u8]| {
    let Some(path) = PACKED.seal(bytes) else { return };
    if let Ok(encoder) = Encoder::open(&path) {
        let embedded = encoder.embed(&["a tripod", ""], 1);
        assert_eq!(embedded.vectors.len(), 2 * encoder.dimension());
    }
});
