//! Properties that hold for any text and any catalogue.

use akin_entities::{
    AnalyzedText, CountedStatistics, Language, Product, ProductId, SearchMode, Statistics,
    TextField,
};
use akin_ranking::{
    AnalyzedProduct, CandidateFeatures, QueryTerms, analyze, analyze_product, correct,
    score_candidates,
};
use proptest::prelude::*;

fn product(name: &str, description: &str) -> Product {
    Product {
        main_category: "home".to_owned(),
        description: description.to_owned(),
        ..Product::new(ProductId::new("p").unwrap(), name)
    }
}

fn counted(products: &[AnalyzedProduct]) -> CountedStatistics {
    let mut statistics = CountedStatistics::default();
    for product in products {
        statistics.add(&product.text, &product.words);
    }
    statistics
}

#[test]
fn a_text_of_megabytes_is_analyzed_up_to_a_bound_between_two_words() {
    let terms = |text: &str| {
        let analyzed = analyze_product(&product("lamp", text), Language::English).text;
        let (_, terms) = analyzed.fields().nth(TextField::Description.position()).unwrap();
        terms.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let words = |count: usize| "lanterns ".repeat(count);
    assert_eq!(terms(&words(7_000)).len(), 7_000, "a long text is analyzed whole");
    let huge = terms(&words(1_000_000));
    assert_eq!(huge.len(), 7_281);
    assert!(huge.iter().all(|term| *term == huge[0]), "no word is cut in two");
    // Texts without spaces are cut between two characters.
    for character in ["é", "x"] {
        let term = &terms(&character.repeat(1_000_000))[0];
        assert!((20_000..=65_536).contains(&term.len()), "{}", term.len());
    }
}

#[test]
fn categories_are_one_field_and_vocabulary_words_are_not_stemmed() {
    let mut shoes = product("Running Shoes, size 42", "Café shoes");
    shoes.sub_category = "Sneakers".to_owned();
    let analyzed = analyze_product(&shoes, Language::English);
    assert_eq!(analyzed.text.as_stream(), "run shoe size 42\ncafe shoe\nhome sneaker\n\n_p");
    assert_eq!(analyzed.words, "cafe home running shoes size sneakers");
}

#[test]
fn a_misspelled_word_is_replaced_and_reported() {
    let products = [
        analyze_product(&product("wireless headphones", ""), Language::English),
        analyze_product(&product("headphones, wireless", ""), Language::English),
    ];
    let terms =
        QueryTerms::analyze("wirelss hedphones zebra", Language::English, &counted(&products));
    assert_eq!(terms.distinct().collect::<Vec<_>>(), ["wireless", "headphon"]);
    let corrected =
        terms.corrections().iter().map(|correction| (&*correction.from, &*correction.to));
    let expected = [("wirelss", "wireless"), ("hedphones", "headphones")];
    assert_eq!(corrected.collect::<Vec<_>>(), expected);
}

#[test]
fn a_word_with_a_known_stem_is_not_corrected() {
    let products = [
        analyze_product(&product("shoe", "shoed"), Language::English),
        analyze_product(&product("shoe", "shoed"), Language::English),
    ];
    let terms = QueryTerms::analyze("shoes", Language::English, &counted(&products));
    assert!(terms.corrections().is_empty());
    assert_eq!(terms.distinct().collect::<Vec<_>>(), ["shoe"]);
}

#[test]
fn text_after_the_last_field_is_not_scored() {
    let products = [("red shoe", "a shoe"), ("blue shoe", "blue")];
    let products =
        products.map(|(name, text)| analyze_product(&product(name, text), Language::English));
    let terms = QueryTerms::analyze("blue shoe", Language::English, &counted(&products));
    let [first, second] = products.map(|product| product.text);
    let longer = format!("{}\nblue shoe\nshoe", first.as_stream());
    let scores = |first: &AnalyzedText| {
        let features = [first, &second].map(|text| CandidateFeatures { text, cosine: None });
        score_candidates(SearchMode::Lexical, &terms, &features)
    };
    assert_eq!(scores(&AnalyzedText::from_stream(longer)), scores(&first));
}

/// Statistics in which more products contain a term than exist.
#[derive(Debug)]
struct InconsistentStatistics;

impl Statistics for InconsistentStatistics {
    fn documents(&self) -> u64 {
        1
    }
    fn document_frequency(&self, _: &str) -> u64 {
        9
    }
    fn average_length(&self, _: TextField) -> f32 {
        0.0
    }
    fn word_frequency(&self, _: &str) -> u64 {
        9
    }
    fn visit_words(&self, _: char, _: &mut dyn FnMut(&str, u64)) {}
    fn visit_terms(&self, _: &str, _: &mut dyn FnMut(&str, u64)) {}
}

#[test]
fn inconsistent_statistics_give_finite_scores() {
    let text = analyze_product(&product("mini tripod", ""), Language::English).text;
    let terms = QueryTerms::analyze("mini tripod", Language::English, &InconsistentStatistics);
    let scores = score_candidates(
        SearchMode::Hybrid,
        &terms,
        &[CandidateFeatures { text: &text, cosine: Some(0.5) }],
    );
    assert!(scores[0].score.is_finite() && scores[0].coverage.is_finite(), "{scores:?}");
}

proptest! {
    #[test]
    fn a_term_consists_of_letters_and_digits(
        text in "\\PC{0,60}|[a-zA-Z0-9.,/_' \"-]{0,40}|[\\s\\S]{0,40}|[一-龥ぁ-ヿก-๛]{0,20}|[0-9., a-m]{0,30}",
        language in prop::sample::select(Language::ALL),
    ) {
        for term in analyze(&text, language) {
            prop_assert!(!term.is_empty() && !term.starts_with('_'));
            let is_expected = |c: char| c.is_alphanumeric() || c == '_' || is_mark(c);
            prop_assert!(term.chars().all(is_expected), "{term:?} of {text:?}");
        }
    }

    #[test]
    fn the_terms_of_a_word_are_found_in_a_text_that_holds_it(
        word in "[a-zA-Zæøß]{1,9}|[a-z]{1,4}[-'.&][a-z0-9]{1,5}|[0-9]{1,3}(\\.[0-9])?[a-z]{1,4}|[а-яё]{1,9}|[ऄ-ह]{1,5}|[가-힣]{1,4}|[ァ-ヺ]{1,8}",
        before in "([a-z]{2,6} ){0,3}",
        after in "( [a-z]{5,6}){0,3}",
        language in prop::sample::select(Language::ALL),
    ) {
        let held = analyze(&format!("{before}{word}{after}"), language);
        for term in analyze(&word, language) {
            prop_assert!(held.contains(&term), "{term:?} of {word:?}: {held:?}");
        }
    }

    #[test]
    fn the_fields_of_a_product_are_read_back_from_its_stream(name in "\\PC{0,40}", text in "[\\s\\S]{0,60}") {
        let analyzed = analyze_product(&product(&name, &text), Language::English).text;
        let stored = AnalyzedText::from_stream(analyzed.as_stream().to_owned());
        let fields: Vec<_> = stored.fields().map(|(_, stream)| stream.to_owned()).collect();
        prop_assert_eq!(&fields[0], &analyze(&name, Language::English).join(" "));
        prop_assert_eq!(&fields[1], &analyze(&text, Language::English).join(" "));
    }

    #[test]
    fn scores_are_finite_and_coverage_is_0_to_1(
        texts in prop::collection::vec(("[a-c1-]{0,12}( [a-c]{1,3}){0,6}|\\PC{0,30}", prop::option::of(-1.0_f32..=1.0)), 0..8),
        query in "[a-c1-]{0,8}( [a-c]{1,3}){0,16}|\\PC{0,30}",
        strange in "[\\s\\S]{0,40}",
    ) {
        let mut products: Vec<_> =
            texts.iter().map(|(name, _)| analyze_product(&product(name, name), Language::English)).collect();
        let terms = QueryTerms::analyze(&query, Language::English, &counted(&products));
        // An engine may contain text that akin did not write.
        if let Some(first) = products.first_mut() {
            first.text = AnalyzedText::from_stream(strange);
        }
        let features: Vec<_> = products
            .iter()
            .zip(&texts)
            .map(|(product, (_, cosine))| CandidateFeatures { text: &product.text, cosine: *cosine })
            .collect();
        for mode in SearchMode::ALL {
            let scores = score_candidates(mode, &terms, &features);
            prop_assert_eq!(scores.len(), features.len());
            for score in scores {
                prop_assert!(score.score.is_finite() && score.text_score.is_finite());
                prop_assert!((0.0..=1.000_001).contains(&score.coverage), "{score:?}");
                // A product that the query names comes before every other.
                let most = if score.is_identified { 3.400_01 } else { 1.400_01 };
                prop_assert!((-1.0..=most).contains(&score.score), "{score:?}");
            }
        }
    }

    #[test]
    fn a_correction_keeps_the_first_letter_and_is_near(
        word in "[a-c]{3,10}", words in prop::collection::vec("[a-c]{1,11}", 0..40),
    ) {
        let mut statistics = CountedStatistics::default();
        for known in &words {
            statistics.add(&AnalyzedText::default(), known);
            statistics.add(&AnalyzedText::default(), known);
        }
        let limit = if word.len() >= 8 { 2 } else { 1 };
        let near = |known: &&String| {
            known.len() >= 5 && known[..1] == word[..1] && alignment(&word, known) <= limit
        };
        let nearest = words.iter().filter(near).map(|known| alignment(&word, known)).min();
        let found = correct(&word, &statistics);
        if word.len() < 5 || words.contains(&word) {
            prop_assert_eq!(found, None);
        } else {
            prop_assert_eq!(found.map(|found| alignment(&word, &found)), nearest);
        }
    }
}

fn is_mark(character: char) -> bool {
    use unicode_general_category::{GeneralCategory as G, get_general_category};
    matches!(get_general_category(character), G::NonspacingMark | G::SpacingMark)
}

/// Computes the optimal string alignment distance by its definition.
fn alignment(left: &str, right: &str) -> usize {
    let (a, b) = (left.as_bytes(), right.as_bytes());
    let mut distance = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            distance[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let substituted = distance[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let least = substituted.min(distance[i - 1][j] + 1).min(distance[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least.min(distance[i - 2][j - 2] + 1)
                } else {
                    least
                }
            };
        }
    }
    distance[a.len()][b.len()]
}
