use super::*;
use crate::{QueryAnalyzer, WordEvidence};
use akin_entities::{AnalyzedText, CountedStatistics, Language};

/// Returns the terms of a query in a catalogue of tripods, lamps and the word "for".
fn terms(query: &str) -> QueryTerms {
    let mut statistics = CountedStatistics::default();
    for title in ["tripod phone", "lamp desk for", "tn 2110 tn2110"] {
        let words = title.split(' ').collect();
        let text = AnalyzedText::new([words, vec![], vec![], vec![], vec![]]);
        statistics.add(&text, title);
    }
    QueryAnalyzer::new(query, false, Language::English, &statistics).with_corrections(&[])
}

fn rule(mode: SearchMode, query: &QueryTerms) -> FitRule<'_> {
    FitRule { mode, query, floors: Floors::default(), threshold: None }
}

fn candidate(cosine: f32, coverage: f32, title: f32) -> ScoredCandidate {
    let words = WordEvidence {
        coverage,
        title,
        fill_any: coverage >= 1.0,
        fill_title: title >= 1.0,
        fill_named: title >= 1.0,
        hold_model_numbers: true,
    };
    let score = Score { words, ..Score::default() };
    ScoredCandidate { score, cosine: Some(cosine) }
}

fn fits(rule: &FitRule<'_>, candidates: &[(f32, f32, f32)]) -> Vec<bool> {
    let candidates: Vec<_> = candidates.iter().map(|&(c, v, t)| candidate(c, v, t)).collect();
    judged(&rule.judge(&candidates))
}

fn judged(judgment: &Judgment) -> Vec<bool> {
    judgment.fits.iter().map(Option::is_some).collect()
}

#[test]
fn a_title_with_all_content_words_fits_at_any_similarity() {
    let query = terms("a tripod for the phone");
    let rule = rule(SearchMode::Hybrid, &query);
    assert_eq!(fits(&rule, &[(-0.1, 1.0, 1.0), (0.0, 0.6, 0.6)]), [true, false]);
    let words = rule.words().unwrap();
    assert_eq!((words.terms.len(), words.least), (2, 2), "stop words do not count");
    assert!(words.terms.iter().all(|term| (term.anywhere, term.named) == (0, 1)));
}

#[test]
fn a_title_and_a_brand_fit_that_hold_the_words_together() {
    let query = terms("tripod phone");
    let mut branded = candidate(0.0, 1.0, 0.5);
    branded.score.words.fill_named = true;
    let judgment = rule(SearchMode::Hybrid, &query).judge(&[branded, candidate(0.0, 1.0, 0.5)]);
    assert_eq!(judged(&judgment), [true, false]);
    assert_eq!(judgment.fits[0], Some(FitClause::Words));
}

#[test]
fn words_alone_decide_in_scripts_that_the_model_cannot_read() {
    let near = [(0.99, 0.0, 0.0)];
    for (text, expected) in [("केक", false), ("собака", false), ("dibber", true), ("7", true)]
    {
        let query = terms(text);
        let rule = rule(SearchMode::Hybrid, &query);
        assert_eq!(fits(&rule, &near), [expected], "{text}");
        let floors = Floors { is_latin: false, ..rule.floors };
        assert_eq!(fits(&FitRule { floors, ..rule }, &near), [true], "{text}, another model");
    }
}

#[test]
fn a_word_that_is_repeated_is_one() {
    assert_eq!(terms("tripod tripod  tripod").written_words(), 1);
}

#[test]
fn without_the_words_of_a_name_a_product_must_be_as_near_as_those_with_them() {
    let query = terms("tripod");
    let rule = rule(SearchMode::Hybrid, &query);
    let held = [(0.5, 1.0, 1.0), (0.6, 1.0, 1.0)];
    // The upper quartile is .575. A product without the word anywhere is .75 farther.
    let found =
        fits(&rule, &[held[0], held[1], (0.58, 1.0, 0.0), (0.57, 1.0, 0.0), (0.9, 0.0, 0.0)]);
    assert_eq!(found, [true, true, true, false, false]);
}

#[test]
fn a_description_fits_by_meaning_and_less_meaning_is_enough_with_its_words() {
    let query = terms("something that holds my phone still");
    let rule = rule(SearchMode::Hybrid, &query);
    assert_eq!(
        fits(&rule, &[(0.46, 0.0, 0.0), (0.44, 0.0, 0.0), (0.36, 0.2, 0.0)]),
        [true, false, true]
    );
    assert_eq!(rule.words(), None, "the catalogue lacks a word");
}

#[test]
fn words_that_the_catalogue_lacks_need_a_high_similarity() {
    let query = terms("xqzzvwk");
    assert_eq!(
        fits(&rule(SearchMode::Hybrid, &query), &[(0.54, 0.0, 0.0), (0.56, 0.0, 0.0)]),
        [false, true]
    );
    assert_eq!(fits(&rule(SearchMode::Lexical, &query), &[(0.0, 0.0, 0.0)]), [false]);
}

#[test]
fn stop_words_alone_fit_nothing() {
    for mode in SearchMode::ALL {
        for words in ["the of and", "for the", "for"] {
            let query = terms(words);
            let rule = rule(mode, &query);
            assert_eq!((fits(&rule, &[(0.9, 1.0, 1.0)]), rule.words()), (vec![false], None));
        }
    }
}

#[test]
fn a_known_model_number_must_be_held() {
    let query = terms("tn-2110");
    let rule = rule(SearchMode::Semantic, &query);
    let mut without = candidate(0.9, 0.9, 0.9);
    without.score.words.hold_model_numbers = false;
    let judgment = rule.judge(&[candidate(0.9, 0.9, 0.9), without]);
    assert_eq!(judged(&judgment), [true, false]);
    assert!(matches!(judgment.fits[0], Some(FitClause::Similarity { .. })));
}

#[test]
fn the_product_of_an_identifier_fits_whatever_its_words() {
    let mut statistics = CountedStatistics::default();
    let text = AnalyzedText::new([vec!["tripod"], vec![], vec![], vec![], vec!["_ph006"]]);
    statistics.add(&text, "tripod");
    for mode in SearchMode::ALL {
        let query = QueryTerms::analyze("PH-006", Language::English, &statistics);
        let rule = rule(mode, &query);
        let mut identified = candidate(0.1, 0.0, 0.0);
        identified.score.is_identified = true;
        let judgment = rule.judge(&[identified, candidate(0.3, 0.0, 0.0)]);
        assert_eq!(judgment.fits, [Some(FitClause::Identifier), None], "{mode:?}");
        let words = rule.words().unwrap();
        assert_eq!((words.admits(&text), words.terms.len()), (true, 1));
    }
}

#[test]
fn words_alone_find_all_of_a_name_and_much_of_a_description() {
    let (name, description) = (terms("phone tripod"), terms("a desk lamp beside the phone tripod"));
    let found = fits(&rule(SearchMode::Lexical, &name), &[(0.0, 1.0, 0.0), (0.0, 0.9, 0.9)]);
    assert_eq!(found, [true, false]);
    let found = fits(
        &rule(SearchMode::Lexical, &description),
        &[(0.0, 0.8, 0.0), (0.0, 0.4, 0.0), (0.0, 0.39, 0.0)],
    );
    assert_eq!(found, [true, true, false]);
}

#[test]
fn only_the_nearest_fit_by_meaning_and_a_threshold_takes_the_place_of_the_floors() {
    let query = terms("something that holds my phone still");
    let many: Vec<_> = (0..300_u16).map(|n| (0.9 - f32::from(n) / 1_000.0, 0.0, 0.0)).collect();
    let found = fits(&rule(SearchMode::Hybrid, &query), &many);
    assert_eq!(found.iter().filter(|fits| **fits).count(), NEAREST);
    let threshold = Similarity::new(0.8);
    let rule = FitRule { threshold, ..rule(SearchMode::Semantic, &query) };
    assert_eq!(fits(&rule, &[(0.8, 0.0, 0.0), (0.79, 1.0, 1.0)]), [true, false]);
}

#[test]
fn products_with_all_words_in_other_fields_fit_though_hundreds_are_nearer() {
    let query = terms("phone tripod");
    let mut many = vec![(0.5, 1.0, 1.0), (0.6, 1.0, 1.0)];
    many.extend((0..300_u16).map(|n| (0.9 - f32::from(n) / 2_000.0, 1.0, 0.0)));
    let many: Vec<_> = many.iter().map(|&(c, v, t)| candidate(c, v, t)).collect();
    let rule = rule(SearchMode::Hybrid, &query);
    let judgment = rule.judge(&many);
    assert!(judged(&judgment).iter().all(|fits| *fits), "the farthest is at .75");
    assert_eq!(judgment.fits[0], Some(FitClause::Words));
    assert!(matches!(judgment.fits[301], Some(FitClause::Beyond { .. })));
    let beyond = judgment.beyond.unwrap();
    assert!((beyond.least - rule.floors.name).abs() < 1e-6, "the others are not among the nearest");
    assert_eq!(beyond.words.least, 2);
    assert!(beyond.words.terms.iter().all(|term| (term.anywhere, term.named) == (1, 0)));
    assert_eq!(rule.judge(&many[..100]).beyond, None, "all of them are candidates");
}

#[test]
fn the_upper_quartile_is_interpolated() {
    assert_eq!(upper_quartile(vec![]), None);
    assert_eq!(upper_quartile(vec![0.5]), Some(0.5));
    assert!((upper_quartile(vec![0.5, 0.6]).unwrap() - 0.575).abs() < 1e-6);
}

#[test]
fn the_floors_of_the_default_model_follow_from_its_background() {
    let floors = Floors::from_background(0.08, 0.09);
    let Floors { name, description, unknown, .. } = Floors::default();
    for (made, expected) in
        [(floors.name, name), (floors.description, description), (floors.unknown, unknown)]
    {
        assert!((made - expected).abs() < 0.005, "{made} is not {expected}");
    }
}
