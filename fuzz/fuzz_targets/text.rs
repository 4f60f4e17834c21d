//! Text: cleaned of HTML, analyzed, and analyzed as a query.
#![no_main]

use akin_entities::{AnalyzedText, Language, Query, clean_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let cleaned = clean_text(text.to_owned());
    let is_unwanted = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!cleaned.contains(is_unwanted), "{cleaned:?} holds a control character");
    for language in Language::ALL {
        let terms = akin_ranking::analyze(&cleaned, *language);
        let clean = |term: &String| !term.is_empty() && !term.contains(char::is_whitespace);
        assert!(terms.iter().all(clean), "{language}: {terms:?}");
    }
    // A stored text is read back unchanged.
    let stream = AnalyzedText::from_stream(text.to_owned());
    assert_eq!(stream.as_stream(), text);
    stream.fields().for_each(drop);
    if let Ok(query) = Query::new(text) {
        assert!(!query.as_str().trim().is_empty());
    }
});
