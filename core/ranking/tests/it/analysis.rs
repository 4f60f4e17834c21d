//! Odd texts are analyzed as `make_analysis.py` analyzes them, and any text keeps to the laws.

use akin_ranking::analyze;

#[test]
fn odd_texts_are_analyzed_as_given() {
    let cases: Vec<(String, Vec<String>)> =
        serde_json::from_str(include_str!("../analysis.json")).unwrap();
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, given)| (text, analyze(text), given))
        .filter(|(_, got, given)| got != *given)
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
}
