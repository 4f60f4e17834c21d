//! A `tokenizer.json`, and the tokenizer of a packed model.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sbert_model::Tokenizer;

const LENGTH: usize = 16;

fn try_it(tokenizer: &Tokenizer) {
    tokenizer.vocabulary();
    for text in ["", "a café's 4K-monitor", "\u{3000}\u{1f4f7} 搜索"] {
        assert!((1..=LENGTH).contains(&tokenizer.encode(text).ids.len()));
    }
}

fuzz_target!(init: akin_fuzz::let_panics_be_caught(), |bytes: &[u8]| {
    if let Ok(json) = std::str::from_utf8(bytes)
        && let Ok(tokenizer) = Tokenizer::from_json(json.to_owned(), LENGTH)
    {
        try_it(&tokenizer);
        let again = Tokenizer::from_bytes(&tokenizer.to_bytes()).expect("what it wrote itself");
        assert_eq!(again.encode("a tripod").ids, tokenizer.encode("a tripod").ids);
    }
    if let Ok(tokenizer) = Tokenizer::from_bytes(bytes) {
        tokenizer.vocabulary();
        tokenizer.encode("a café's 4K-monitor");
    }
});
