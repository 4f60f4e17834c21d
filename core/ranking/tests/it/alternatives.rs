//! A word is met by what may stand in its place.

use akin_entities::{AnalyzedText, CountedStatistics, Language, SearchMode};
use akin_ranking::{
    CandidateFeatures, FitRule, Floors, QueryAnalyzer, QueryTerms, Score, analyze, score_candidates,
};

/// Counts products by their titles, whose words are also the vocabulary.
fn catalogue(titles: &[&str]) -> (Vec<AnalyzedText>, CountedStatistics) {
    let mut statistics = CountedStatistics::default();
    let text = |title: &&str| {
        let terms = analyze(title, Language::English);
        let title = terms.iter().map(String::as_str).collect::<Vec<_>>();
        AnalyzedText::new([title, vec![], vec![], vec![], vec![]])
    };
    let texts: Vec<_> = titles.iter().map(text).collect();
    for (text, title) in texts.iter().zip(titles) {
        statistics.add(text, title);
    }
    (texts, statistics)
}

fn typed(query: &str, statistics: &CountedStatistics) -> QueryTerms {
    QueryAnalyzer::new(query, true, Language::English, statistics).analyze()
}

fn scores(terms: &QueryTerms, texts: &[AnalyzedText]) -> Vec<Score> {
    let features: Vec<_> =
        texts.iter().map(|text| CandidateFeatures { text, cosine: None }).collect();
    score_candidates(SearchMode::Lexical, terms, &features)
}

/// Returns whether the words of each product fit, in a hybrid search.
fn fitting(terms: &QueryTerms, texts: &[AnalyzedText]) -> Vec<bool> {
    let floors = Floors::default();
    let rule = FitRule { mode: SearchMode::Hybrid, query: terms, floors, threshold: None };
    let rule = rule.words();
    texts.iter().map(|text| rule.as_ref().is_some_and(|rule| rule.admits(text))).collect()
}

#[test]
fn the_last_word_of_an_unfinished_query_is_met_by_words_that_begin_with_it() {
    let titles = ["red headphones", "red headset", "headphones", "red tripod", "red heads"];
    let (texts, statistics) = catalogue(&titles);
    let terms = typed("red head", &statistics);
    assert_eq!(fitting(&terms, &texts), [true, true, false, false, true]);
    let scores = scores(&terms, &texts);
    assert!(scores[4].score > scores[0].score, "the word itself comes first: {scores:?}");
    assert!(scores[0].score > scores[2].score && scores[2].score > scores[3].score, "{scores:?}");
    for (score, fits) in scores.iter().zip([true, true, false, false, true]) {
        assert_eq!((score.words.fill_title, score.words.fill_any), (fits, fits));
        assert_eq!(score.words.coverage > 0.999, fits);
    }
    let finished = typed("red head ", &statistics);
    assert_eq!(fitting(&finished, &texts), [false, false, false, false, true]);
}

#[test]
fn an_unknown_last_word_is_a_prefix_unless_it_can_be_corrected() {
    let titles = ["headphones", "headphones", "tripod", "tripod", "tripolar lamp"];
    let (texts, statistics) = catalogue(&titles);
    let terms = |query| QueryTerms::analyze(query, Language::English, &statistics);
    assert_eq!(fitting(&terms("headph"), &texts), [true, true, false, false, false]);
    assert!(terms("headph").corrections().is_empty());
    let corrected = terms("tripo");
    assert_eq!(corrected.corrections()[0].to, "tripod");
    assert_eq!(fitting(&corrected, &texts), [false, false, true, true, false]);
    assert_eq!(fitting(&typed("tripo", &statistics), &texts), [false, false, true, true, true]);
    assert!(typed("tripo", &statistics).corrections().is_empty());
    assert_eq!(typed("hedphones", &statistics).corrections()[0].to, "headphones");
    // It may still be corrected, if it is not the last one.
    assert_eq!(fitting(&terms("headph lamp"), &texts), [false; 5]);
}

#[test]
fn what_is_typed_first_finds_more_than_stop_words() {
    let (texts, statistics) = catalogue(&["thermos for the road", "the lamp", "inch of rope"]);
    assert_eq!(fitting(&typed("the", &statistics), &texts), [true, true, false]);
    assert_eq!(fitting(&typed("lamp the", &statistics), &texts), [false, true, false]);
}

#[test]
fn adjacent_words_count_when_the_last_one_is_unfinished() {
    let titles = ["usb cable for lamps", "cable lamp usb", "usb lamp", "cabinet"];
    let (texts, statistics) = catalogue(&titles);
    let scores = scores(&typed("usb cab", &statistics), &texts);
    assert!(scores[0].score > scores[1].score, "{scores:?}");
}
