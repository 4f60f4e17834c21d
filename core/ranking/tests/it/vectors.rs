//! The implementation agrees with `vectors.json`, which a plain script of the formula produced.

use akin_entities::{AnalyzedText, CountedStatistics, Language, SearchMode, Statistics, TextField};
use akin_ranking::{CandidateFeatures, QueryTerms, analyze, correct, score_candidates};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors.json")).unwrap()
}

fn text(product: &Value) -> AnalyzedText {
    let field = |name: &str| analyze(product[name].as_str().unwrap(), Language::English);
    let fields = [field("title"), field("description"), field("category"), field("brand"), vec![]];
    AnalyzedText::new(fields.each_ref().map(|terms| terms.iter().map(String::as_str)))
}

fn catalogue(vectors: &Value) -> (Vec<AnalyzedText>, CountedStatistics) {
    let texts: Vec<_> = vectors["products"].as_array().unwrap().iter().map(text).collect();
    let mut statistics = CountedStatistics::default();
    for text in &texts {
        statistics.add(text, "");
    }
    (texts, statistics)
}

#[expect(clippy::cast_possible_truncation, reason = "the values have nine decimals")]
fn floats(array: &Value) -> Vec<f32> {
    array.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn is_near(left: f32, right: f32) -> bool {
    (left - right).abs() < 2e-6
}

#[test]
fn texts_are_analyzed_as_specified() {
    for (text, terms) in vectors()["analyze"].as_object().unwrap() {
        let terms: Vec<_> =
            terms.as_array().unwrap().iter().map(|term| term.as_str().unwrap()).collect();
        assert_eq!(analyze(text, Language::English), terms, "{text:?}");
    }
}

#[test]
fn statistics_are_counted_as_specified() {
    let vectors = vectors();
    let (_, statistics) = catalogue(&vectors);
    for (term, count) in vectors["document_frequency"].as_object().unwrap() {
        assert_eq!(Some(statistics.document_frequency(term)), count.as_u64(), "{term}");
    }
    let averages = &vectors["average_length"];
    for (name, field) in [("title", TextField::Title), ("description", TextField::Description)] {
        let expected = averages[name].as_f64().unwrap();
        assert!((f64::from(statistics.average_length(field)) - expected).abs() < 1e-6, "{name}");
    }
}

#[test]
fn queries_are_scored_as_specified() {
    let vectors = vectors();
    let (texts, statistics) = catalogue(&vectors);
    let cosines = floats(&vectors["cosines"]);
    let features: Vec<_> = texts
        .iter()
        .zip(&cosines)
        .map(|(text, cosine)| CandidateFeatures { text, cosine: Some(*cosine) })
        .collect();
    for case in vectors["cases"].as_array().unwrap() {
        let query = case["query"].as_str().unwrap();
        let terms = QueryTerms::analyze(query, Language::English, &statistics);
        let scores = score_candidates(SearchMode::Hybrid, &terms, &features);
        for (score, expected) in scores.iter().zip(floats(&case["scores"])) {
            assert!(is_near(score.score, expected), "{query}: {} is not {expected}", score.score);
        }
        for (score, expected) in scores.iter().zip(floats(&case["coverage"])) {
            assert!(
                is_near(score.coverage, expected),
                "{query}: {} is not {expected}",
                score.coverage
            );
        }
        let mut order: Vec<_> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].score.total_cmp(&scores[a].score).then(a.cmp(&b)));
        assert_eq!(serde_json::json!(order), case["order"], "{query}");
    }
}

#[test]
fn words_are_corrected_as_specified() {
    let corrections = &vectors()["corrections"];
    let mut statistics = CountedStatistics::default();
    for (word, count) in corrections["vocabulary"].as_object().unwrap() {
        for _ in 0..count.as_u64().unwrap() {
            statistics.add(&AnalyzedText::default(), word);
        }
    }
    for (word, corrected) in corrections["cases"].as_object().unwrap() {
        assert_eq!(correct(word, &statistics).as_deref(), corrected.as_str(), "{word}");
    }
}
