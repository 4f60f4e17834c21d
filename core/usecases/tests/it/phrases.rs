//! Quoted and excluded words.

use crate::shop::{Shop, ids, request, row};
use akin_entities::{FacetField, KeywordField, SearchMode};
use akin_ports::FeedRow;
use akin_usecases::{FacetAnswer, Paging, Scope, SearchAnswer, SearchRequest, Sort};

/// Returns a shop of tripods, shirts and a lamp.
async fn shop() -> Shop {
    let shop = Shop::new();
    let product = |id: &str, name: &str, brand: &str, description: &str| FeedRow {
        brand: brand.to_owned(),
        description: description.to_owned(),
        ..row(id, name, "₹100")
    };
    shop.stock(&[
        product("PH-001", "Phone tripod with Bluetooth remote", "Lumo", "A tripod"),
        product("PH-002", "Travel tripod for cameras", "Lumo", "No Bluetooth needed"),
        product("PH-003", "Camera tripod", "Pebble", "Light travel companion"),
        product("PH-004", "Red T-Shirt", "Arc", "Cotton"),
        product("PH-005", "Red tshirt for travel", "Arc", "Cotton"),
        product("PH-006", "Desk lamp", "Pebble", "12\" high, red"),
    ])
    .await;
    shop
}

/// Returns the ids of the products that fit.
async fn found(shop: &Shop, query: &str, mode: SearchMode) -> Vec<String> {
    let request = SearchRequest { mode, ..SearchRequest::for_text(query).unwrap() };
    let answer = shop.answer(&request).await;
    let mut found: Vec<_> = ids(&answer).into_iter().map(str::to_owned).collect();
    if answer.closest {
        found.clear();
    }
    found.sort();
    assert_eq!(answer.total, found.len(), "{query}");
    found
}

#[tokio::test]
async fn excluded_words_are_in_no_field_of_a_hit() {
    let shop = shop().await;
    for (query, expected) in [
        ("tripod -bluetooth", &["PH-003"][..]),
        ("tripod -BLUETOOTH -camera", &[]),
        ("tripod -cameras", &["PH-001"]),
        ("tripod -\"travel tripod\"", &["PH-001", "PH-003"]),
        ("tripod -\"travel companion\" -\"phone tripod\"", &["PH-002"]),
        ("tripod -unheard", &["PH-001", "PH-002", "PH-003"]),
        ("tripod -PH-003", &["PH-001", "PH-002"]),
        ("tripod -lumo", &["PH-003"]),
        ("red -t-shirt", &["PH-006"]),
        ("red -\"t shirt\"", &["PH-006"]),
    ] {
        assert_eq!(found(&shop, query, SearchMode::Lexical).await, expected, "{query}");
        let excluding = found(&shop, query, SearchMode::Hybrid).await;
        assert!(expected.iter().all(|id| excluding.iter().any(|other| other == id)), "{query}");
    }
}

#[tokio::test]
async fn exclusions_alone_browse_everything_else() {
    let shop = shop().await;
    let facets = vec![FacetField::Keyword(KeywordField::Brand)];
    for query in ["-bluetooth", " -Bluetooth ", "* -bluetooth", "-bluetooth -unheard"] {
        let request =
            SearchRequest { facets: facets.clone(), ..SearchRequest::for_text(query).unwrap() };
        let answer = shop.answer(&request).await;
        assert_eq!((answer.total, answer.good, answer.closest), (4, true, false), "{query}");
        assert_eq!(ids(&answer), ["PH-003", "PH-004", "PH-005", "PH-006"]);
        let FacetAnswer::Values(brands) = &answer.facets[&facets[0]] else { panic!("brands") };
        assert_eq!(brands.iter().map(|brand| brand.count).collect::<Vec<_>>(), [2, 2]);
    }
    assert_eq!(found(&shop, "-unheard", SearchMode::Hybrid).await.len(), 6);
}

#[tokio::test]
async fn quoted_words_are_held_side_by_side() {
    let shop = shop().await;
    for mode in SearchMode::ALL {
        for (query, expected) in [
            ("\"travel tripod\"", &["PH-002"][..]),
            ("“Travel  TRIPODS”", &["PH-002"]),
            ("\"tripod travel\"", &[]),
            ("\"red t-shirt\"", &["PH-004", "PH-005"]),
            ("\"red tshirt\"", &["PH-004", "PH-005"]),
            ("\"cotton\" -\"for travel\"", &["PH-004"]),
            ("\"bluetooth\" \"travel tripod\"", &["PH-002"]),
            ("\"PH-006\"", &["PH-006"]),
            ("\"12\" high\"", &["PH-006"]),
        ] {
            let answer = shop.answer(&request(query, mode)).await;
            let mut hits = if answer.closest { Vec::new() } else { ids(&answer) };
            hits.sort_unstable();
            assert_eq!(hits, expected, "{query} in {mode:?}");
            assert_eq!(
                (answer.total, answer.good),
                (expected.len(), !expected.is_empty()),
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn a_product_that_holds_a_quotation_still_needs_evidence_for_the_other_words() {
    let shop = shop().await;
    let mode = SearchMode::Lexical;
    assert_eq!(found(&shop, "tripod \"bluetooth\"", mode).await, ["PH-001", "PH-002"]);
    assert_eq!(found(&shop, "lamp \"red\"", mode).await, ["PH-006"]);
}

#[tokio::test]
async fn what_comes_closest_to_a_quotation_that_nobody_holds_is_no_match() {
    let shop = shop().await;
    for query in ["\"tripod travel\"", "\"lamp red\" -bluetooth", "camera \"tripod phone\""] {
        let answer = shop.answer(&request(query, SearchMode::Hybrid)).await;
        assert_eq!((answer.total, answer.good, answer.closest), (0, false, true), "{query}");
        let excludes = query.contains("-bluetooth");
        assert!(!answer.hits.is_empty(), "{query}");
        assert!(!excludes || !ids(&answer).contains(&"PH-001"), "{query}");
        let sorted =
            SearchRequest { sort: Sort::PriceAscending, ..request(query, SearchMode::Hybrid) };
        assert!(shop.answer(&sorted).await.hits.is_empty());
    }
}

#[tokio::test]
async fn quoted_words_are_not_corrected() {
    let shop = shop().await;
    let corrections = |query| {
        let request = request(query, SearchMode::Lexical);
        let shop = &shop;
        async move {
            let answer = shop.answer(&request).await;
            let words = answer.corrections.iter().map(|one| format!("{}>{}", one.from, one.to));
            words.collect::<Vec<_>>()
        }
    };
    assert_eq!(corrections("tripof travvel").await, ["tripof>tripod", "travvel>travel"]);
    assert_eq!(corrections("\"tripof\" travvel").await, ["travvel>travel"]);
    assert_eq!(corrections("tripod -travvel").await, [""; 0]);
    assert_eq!(corrections("tripof \"tripof\"").await, [""; 0]);
}

#[tokio::test]
async fn a_word_is_not_completed_in_quotes_or_before_an_exclusion() {
    let shop = shop().await;
    let found = |query: &str| {
        let request = SearchRequest {
            mode: SearchMode::Lexical,
            ..SearchRequest::while_typing(query).unwrap()
        };
        let shop = &shop;
        async move { shop.answer(&request).await.total }
    };
    assert_eq!(found("tripo").await, 3);
    assert_eq!(found("\"tripo\"").await, 0);
    assert_eq!(found("tra").await, 3);
    assert_eq!(found("tra -bluetooth").await, 0, "it is finished");
}

#[tokio::test]
async fn the_signs_are_not_embedded_and_count_in_totals_orders_and_pages() {
    let shop = shop().await;
    let with = shop.answer(&request("red \"travel\" -bluetooth", SearchMode::Semantic)).await;
    let without = shop.answer(&request("red travel", SearchMode::Semantic)).await;
    let cosine = |answer: &SearchAnswer| {
        let hit = answer.hits.iter().find(|hit| hit.record.product.id.as_str() == "PH-005");
        hit.unwrap().similarity
    };
    assert_eq!(cosine(&with), cosine(&without));
    for sort in [Sort::Relevance, Sort::PriceAscending] {
        let mut hits = Vec::new();
        for page in 1..=3 {
            let paging = Paging { page, size: 2 };
            let asked = SearchRequest {
                sort: sort.clone(),
                paging,
                ..request("\"travel\"", SearchMode::Hybrid)
            };
            let answer = shop.answer(&asked).await;
            assert_eq!(answer.total, 3);
            hits.extend(ids(&answer).into_iter().map(str::to_owned));
        }
        hits.sort();
        assert_eq!(hits, ["PH-002", "PH-003", "PH-005"]);
    }
    let all = SearchRequest {
        scope: Scope::Candidates,
        ..request("tripod -bluetooth", SearchMode::Hybrid)
    };
    assert!(!ids(&shop.answer(&all).await).contains(&"PH-001"));
}
