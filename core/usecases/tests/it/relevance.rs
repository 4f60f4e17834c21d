//! Synonyms, pins, hidden products and boosts; and what explains them.

use crate::shop::{Shop, id, ids, request, row};
use akin_entities::{FacetField, Filter, KeywordField, Language, SearchMode, TextField};
use akin_ports::FeedRow;
use akin_usecases::{
    AttributeBoosts, CurationRule, FacetAnswer, FilterBoost, FitClause, HitReason, Occasion,
    Paging, Pin, Relevance, RelevanceReport, RelevanceRules, SearchRequest, Sort, Suggest,
    SynonymRule, TermRole,
};

const BRAND: FacetField = FacetField::Keyword(KeywordField::Brand);

/// Returns a shop of forty sofas and ten lamps, with the rules.
async fn shop(rules: RelevanceRules) -> Shop {
    let shop = Shop::new();
    let product = |n: usize| FeedRow {
        brand: ["Lumo", "Arc"][n % 2].to_owned(),
        ratings: format!("{}", 1 + n % 5),
        ..row(
            &format!("{n:02}"),
            if n < 40 { "red sofa" } else { "desk lamp" },
            &format!("₹{}", 90 - n),
        )
    };
    shop.stock(&(0..50).map(product).collect::<Vec<_>>()).await;
    let relevance = Relevance::new(rules, Language::English);
    shop.relevance.replace(relevance, RelevanceReport::default());
    shop
}

fn curated(occasion: Occasion, pins: &[(&str, usize)], hides: &[&str]) -> RelevanceRules {
    let pin = |&(name, position): &(&str, usize)| Pin { id: id(name), position };
    let rule = CurationRule {
        occasion,
        pins: pins.iter().map(pin).collect(),
        hides: hides.iter().map(|name| id(name)).collect(),
        boosts: Vec::new(),
    };
    RelevanceRules { curation: vec![rule], ..RelevanceRules::default() }
}

fn words(text: &str) -> Occasion {
    Occasion::Words(text.to_owned())
}

#[tokio::test]
async fn a_word_finds_products_of_its_synonyms() {
    let texts = ["sofa", "couch", "living room settee"].map(str::to_owned);
    let mut synonyms = SynonymRule::mutual(&texts);
    synonyms.push(SynonymRule { from: vec!["light".into()], to: vec!["lamps".into()] });
    let shop = shop(RelevanceRules { synonyms, ..RelevanceRules::default() }).await;
    for mode in [SearchMode::Hybrid, SearchMode::Lexical] {
        for (query, total) in
            [("couch", 40), ("red couches", 40), ("living room settees", 40), ("light", 10)]
        {
            let answer = shop.answer(&request(query, mode)).await;
            assert_eq!((answer.total, answer.good), (total, true), "{query} {mode:?}");
            assert_eq!(answer.corrections, []);
        }
    }
    assert_eq!(shop.answer(&request("blue couch", SearchMode::Lexical)).await.total, 0);
}

#[tokio::test]
async fn a_hidden_product_is_in_no_count_list_or_facet() {
    let shop = shop(curated(words("sofa"), &[], &["00", "02", "unknown"])).await;
    for mode in SearchMode::ALL {
        for sort in [Sort::Relevance, Sort::PriceDescending] {
            let paging = Paging { page: 1, size: 100 };
            let (facets, filter) =
                (vec![BRAND], Filter::default().with_any_of(KeywordField::Brand, ["lumo"]));
            let asked = SearchRequest { sort, paging, facets, filter, ..request("sofa", mode) };
            let answer = shop.answer(&asked).await;
            assert_eq!((answer.total, answer.hits.len()), (18, 18), "{mode:?}");
            let FacetAnswer::Values(brands) = &answer.facets[&BRAND] else { panic!("brands") };
            assert_eq!((brands[0].count, brands[1].count), (20, 18), "{brands:?}");
            assert!(!ids(&answer).contains(&"00"));
        }
    }
    assert_eq!(shop.answer(&SearchRequest::browse()).await.total, 50, "the rule is for sofas");
}

#[tokio::test]
async fn a_pinned_product_comes_first_once_on_all_pages() {
    let pins = [("45", 1), ("39", 3), ("unknown", 2), ("07", 12)];
    for (occasion, query) in [(words("sofa"), "sofa"), (Occasion::Always, "")] {
        let shop = shop(curated(occasion, &pins, &[])).await;
        for mode in SearchMode::ALL {
            let of = |page, size| SearchRequest {
                mode,
                paging: Paging { page, size },
                facets: vec![BRAND],
                ..SearchRequest::for_text(query).unwrap()
            };
            let whole = shop.answer(&of(1, 100)).await;
            let total = if query.is_empty() { 50 } else { 41 };
            assert_eq!((whole.total, whole.hits.len()), (total, total), "{mode:?}");
            let found = ids(&whole);
            assert_eq!((found[0], found[2], found[11]), ("45", "39", "07"), "{found:?}");
            let FacetAnswer::Values(brands) = &whole.facets[&BRAND] else { panic!("brands") };
            assert_eq!(brands.iter().map(|brand| brand.count).sum::<usize>(), total);
            let mut paged = Vec::new();
            for page in 1..=17 {
                let answer = shop.answer(&of(page, 3)).await;
                paged.extend(ids(&answer).into_iter().map(str::to_owned));
            }
            assert_eq!(paged, found, "{mode:?}");
        }
        let cheapest =
            SearchRequest { sort: Sort::PriceAscending, ..SearchRequest::for_text(query).unwrap() };
        let first = if query.is_empty() { "49" } else { "45" };
        assert_eq!(ids(&shop.answer(&cheapest).await)[0], first, "by price, nothing is pinned");
        let filter = Filter::default().with_any_of(KeywordField::Brand, ["Lumo"]);
        let lumo = SearchRequest { filter, ..SearchRequest::for_text(query).unwrap() };
        let answer = shop.answer(&lumo).await;
        assert!(!ids(&answer).contains(&"45"), "the filter does not admit it");
    }
}

#[tokio::test]
async fn a_hidden_product_is_neither_suggested_nor_similar() {
    let shop = shop(curated(Occasion::Always, &[], &["45", "46"])).await;
    let suggest = Suggest::new(
        shop.index.clone(),
        shop.store.clone(),
        Language::English,
        shop.relevance.clone(),
    );
    let lamps = suggest.run("lamp", 20).await.unwrap().products;
    assert_eq!(lamps.len(), 8);
    assert!(lamps.iter().all(|lamp| !["45", "46"].contains(&lamp.product.id.as_str())));
    let similar = shop.similar().run(&id("40"), 50).await.unwrap().unwrap();
    assert_eq!(similar.len(), 47, "all but itself and the hidden ones");
}

#[tokio::test]
async fn a_rule_is_for_every_spelling_of_its_words() {
    for (written, queries) in [
        ("t-shirt", ["tshirts", "T Shirt", "red t-shirts"]),
        ("10 cm", ["10cm", "10 centimeters", "lamp 10-cm"]),
        ("PH-006", ["ph006", "PH-006", "the ph-006"]),
    ] {
        let shop = shop(curated(words(written), &[("07", 1)], &[])).await;
        for query in queries {
            let answer = shop.answer(&request(query, SearchMode::Lexical)).await;
            assert_eq!(ids(&answer)[0], "07", "{written}: {query}");
        }
    }
}

#[tokio::test]
async fn what_comes_closest_follows_the_pinned_products() {
    let shop = shop(curated(Occasion::Always, &[("03", 1), ("04", 3)], &[])).await;
    let request = SearchRequest { explain: true, ..request("xqzzvwk", SearchMode::Hybrid) };
    let answer = shop.answer(&request).await;
    assert!(answer.closest && !answer.good);
    assert_eq!(answer.total, 2, "those that are pinned");
    let found = ids(&answer);
    assert_eq!((found[0], found[2], found.len()), ("03", "04", 24));
    let reason = |place: usize| answer.hits[place].explanation.as_ref().unwrap().reason;
    assert_eq!((reason(0), reason(1)), (HitReason::Pinned, HitReason::Closest));
}

#[tokio::test]
async fn pins_beyond_the_last_product_follow_it() {
    let shop = shop(curated(words("unheard"), &[("03", 50), ("04", 60)], &[])).await;
    let answer = shop.answer(&request("unheard", SearchMode::Lexical)).await;
    assert_eq!((ids(&answer), answer.total, answer.closest), (vec!["03", "04"], 2, false));
}

#[tokio::test]
async fn boosts_reorder_what_fits() {
    let boost = FilterBoost {
        filter: Filter::default().with_any_of(KeywordField::Brand, ["arc"]),
        factor: 1.5,
    };
    let mut rules = curated(words("sofa"), &[], &[]);
    rules.curation[0].boosts.push(boost);
    rules.boosts = AttributeBoosts { rating: 0.2, ..AttributeBoosts::default() };
    let shop = shop(rules).await;
    for mode in SearchMode::ALL {
        let asked = SearchRequest {
            paging: Paging { page: 1, size: 100 },
            explain: true,
            ..request("sofa", mode)
        };
        let answer = shop.answer(&asked).await;
        let records = answer.hits.iter().map(|hit| &hit.record.product);
        let brands: Vec<_> = records.map(|product| product.brand.as_str()).collect();
        assert!(brands[..20].iter().all(|brand| *brand == "Arc"), "{mode:?}: {brands:?}");
        assert_eq!((answer.total, answer.hits[0].record.product.id.as_str()), (40, "09"));
        let best = answer.hits[0].explanation.as_ref().unwrap();
        assert!((best.boost - 1.5 * 1.2).abs() < 1e-5, "{best:?}");
    }
}

#[tokio::test]
async fn every_hit_is_explained_if_asked_for() {
    let mut rules = curated(words("couch"), &[("45", 2)], &[]);
    rules.synonyms = SynonymRule::mutual(&["sofa", "couch"].map(str::to_owned));
    let shop = shop(rules).await;
    let asked =
        SearchRequest { explain: true, depth: 5, ..request("red couch", SearchMode::Hybrid) };
    let asked = SearchRequest { paging: Paging { page: 1, size: 100 }, ..asked };
    let answer = shop.answer(&asked).await;
    assert!(answer.total > 30);
    for (place, hit) in answer.hits.iter().enumerate() {
        let explanation = hit.explanation.as_ref().unwrap();
        if place == 1 {
            assert_eq!((explanation.reason, explanation.pinned), (HitReason::Pinned, Some(2)));
            continue;
        }
        assert!(matches!(explanation.reason, HitReason::Fits(_)), "{explanation:?}");
        let couch = explanation.terms.last().unwrap();
        assert_eq!((couch.word.as_str(), couch.role), ("couch", TermRole::Content));
        assert_eq!(couch.alternatives, [(vec!["sofa".to_owned()], vec![TextField::Title])]);
        assert_eq!(explanation.parts.is_some(), hit.score.is_some());
        if let (Some(parts), Some(score)) = (explanation.parts, hit.score) {
            let sum =
                parts.words + parts.coverage + parts.adjacency + parts.identifier + parts.meaning;
            assert!((sum - f64::from(score)).abs() < 1e-5, "{parts:?} is not {score}");
        }
    }
    let plain = SearchRequest { explain: false, ..asked };
    assert!(shop.answer(&plain).await.hits.iter().all(|hit| hit.explanation.is_none()));
    let browse = SearchRequest { explain: true, ..SearchRequest::browse() };
    let reason = shop.answer(&browse).await.hits[0].explanation.as_ref().unwrap().reason;
    assert_eq!(reason, HitReason::Listed);
    let named = SearchRequest { explain: true, ..request("07", SearchMode::Hybrid) };
    let reason = shop.answer(&named).await.hits[0].explanation.as_ref().unwrap().reason;
    assert_eq!(reason, HitReason::Fits(FitClause::Identifier));
    let closest = SearchRequest { explain: true, ..request("xqzzvwk", SearchMode::Hybrid) };
    let reason = shop.answer(&closest).await.hits[0].explanation.as_ref().unwrap().reason;
    assert_eq!(reason, HitReason::Closest);
}
