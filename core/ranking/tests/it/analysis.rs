//! Unusual texts are analyzed as by the reference implementation, `make_analysis.py`.

use akin_entities::Language;
use akin_ranking::{analyze, canonical_terms};

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

#[test]
fn every_spelling_of_a_word_has_one_canonical_term() {
    for (spellings, terms) in [
        (&["red t-shirt", "Red T Shirts", "red tshirt"][..], &["red", "tshirt"][..]),
        (&["wi-fi", "wifi", "Wi\u{2011}Fi"], &["wifi"]),
        (&["PH-006", "ph006"], &["ph006"]),
        (&["3.5 mm jack", "3.5mm jack", "3,5 mm jacks"], &["3_5mm", "jack"]),
        (&["tv 65\"", "TV 65 inch", "tv 65in"], &["tv", "65in"]),
        (&["", "!?"], &[]),
    ] {
        for text in spellings {
            assert_eq!(canonical_terms(text, Language::English), terms, "{text}");
        }
    }
    let chinese = "红色三脚架";
    assert_eq!(canonical_terms(chinese, Language::Any), analyze(chinese, Language::Any));
}
