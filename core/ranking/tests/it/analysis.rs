//! Unusual texts are analyzed as by the reference implementation, `make_analysis.py`.

use akin_entities::Language;
use akin_ranking::analyze;

#[test]
fn unusual_texts_are_analyzed_as_by_the_reference() {
    let cases: Vec<(String, Vec<String>)> =
        serde_json::from_str(include_str!("../analysis.json")).unwrap();
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, expected)| (text, analyze(text, Language::English), expected))
        .filter(|(_, terms, expected)| terms != *expected)
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
}
