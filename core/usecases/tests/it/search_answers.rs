//! Pages, totals, facets and orders of one set of matches.

use crate::shop::{Shop, ids, request, row};
use akin_entities::{
    FacetField, Filter, KeywordField, NumberField, NumberRange, Query, SearchMode, Similarity,
};
use akin_ports::{FeedRow, MAX_DEPTH, Relation};
use akin_usecases::{
    FacetAnswer, FacetCount, Paging, SearchAnswer, SearchError, SearchRequest, Sort,
};

const BRAND: FacetField = FacetField::Keyword(KeywordField::Brand);
const MAIN_CATEGORY: FacetField = FacetField::Keyword(KeywordField::MainCategory);
const SUB_CATEGORY: FacetField = FacetField::Keyword(KeywordField::SubCategory);
const PRICE: FacetField = FacetField::Number(NumberField::Price);

/// Returns a shop of sixty tripods of three brands in two categories, some without price, rating or brand.
async fn stocked_shop() -> Shop {
    let shop = Shop::new();
    let product = |n: usize| FeedRow {
        brand: ["Lumo", "Pebble", "", "Arc"][n % 4].to_owned(),
        main_category: ["cameras", "phones"][n % 2].to_owned(),
        sub_category: "tripods".to_owned(),
        ratings: if n.is_multiple_of(5) { String::new() } else { format!("{}.5", n % 5) },
        actual_price: if n.is_multiple_of(7) {
            String::new()
        } else {
            format!("₹{}", 1 + n % 10)
        },
        ..row(&format!("{n:02}"), &format!("tripod {}", "light ".repeat(n % 3)), "")
    };
    shop.stock(&(0..60).map(product).collect::<Vec<_>>()).await;
    shop
}

fn paged(page: usize, size: usize) -> SearchRequest {
    SearchRequest { paging: Paging { page, size }, ..request("tripod", SearchMode::Hybrid) }
}

#[tokio::test]
async fn the_pages_of_an_answer_contain_every_hit_once() {
    let shop = stocked_shop().await;
    let whole = shop.answer(&paged(1, 100)).await;
    assert_eq!((whole.total, whole.hits.len()), (60, 60));
    for (sort, facets) in [(Sort::Relevance, vec![]), (Sort::Relevance, vec![BRAND])] {
        let mut hits = Vec::new();
        for page in 1..=9 {
            let asked =
                SearchRequest { sort: sort.clone(), facets: facets.clone(), ..paged(page, 7) };
            let answer = shop.answer(&asked).await;
            assert_eq!((answer.total, answer.hits.len()), (60, if page == 9 { 4 } else { 7 }));
            hits.extend(answer.hits);
        }
        assert_eq!(hits, whole.hits);
    }
}

#[tokio::test]
async fn a_page_after_the_last_is_empty_and_has_the_same_counts() {
    let shop = stocked_shop().await;
    for (page, size) in [(61, 1), (2, 60), (1, 0)] {
        let answer = shop.answer(&paged(page, size)).await;
        assert_eq!((answer.total, answer.hits.len()), (60, 0), "page {page} of {size}");
    }
    assert_eq!(ids(&shop.answer(&paged(0, 5)).await), ids(&shop.answer(&paged(1, 5)).await));
}

#[tokio::test]
async fn a_page_beyond_the_greatest_depth_is_an_error_that_names_the_limit() {
    let shop = stocked_shop().await;
    for (page, size) in [(MAX_DEPTH + 1, 1), (usize::MAX, usize::MAX)] {
        for request in [paged(page, size), SearchRequest { query: None, ..paged(page, size) }] {
            let error = shop.search().run(&request).await.unwrap_err();
            assert!(matches!(error, SearchError::TooDeep));
            assert!(error.to_string().contains("10000"), "{error}");
        }
    }
}

fn values<'a>(answer: &'a SearchAnswer, field: &FacetField) -> Vec<(&'a str, usize)> {
    let FacetAnswer::Values(counts) = &answer.facets[field] else { panic!("counts of values") };
    counts.iter().map(|FacetCount { value, count }| (value.as_str(), *count)).collect()
}

#[tokio::test]
async fn facets_count_all_matches_the_most_frequent_first() {
    let shop = stocked_shop().await;
    let facets = vec![BRAND, MAIN_CATEGORY, SUB_CATEGORY, PRICE];
    let answer = shop.answer(&SearchRequest { facets, ..paged(3, 5) }).await;
    let brands = [("Arc", 15), ("Lumo", 15), ("Pebble", 15)];
    assert_eq!(values(&answer, &BRAND), brands, "a blank is no maker");
    assert_eq!(values(&answer, &MAIN_CATEGORY), [("cameras", 30), ("phones", 30)]);
    assert_eq!(values(&answer, &SUB_CATEGORY), [("tripods", 60)]);
    let FacetAnswer::Numbers(Some(prices)) = &answer.facets[&PRICE] else { panic!("prices") };
    assert_eq!((prices.min, prices.max, prices.counts.iter().sum::<u64>()), (1.0, 10.0, 51));
    assert_eq!((answer.total, answer.hits.len(), answer.relation), (60, 5, Relation::Exact));
    assert!(shop.answer(&paged(1, 5)).await.facets.is_empty(), "none was asked for");
}

#[tokio::test]
async fn a_chosen_brand_leaves_the_counts_of_other_brands_and_narrows_all_other_facets() {
    let shop = stocked_shop().await;
    let price = NumberRange { min: Some(3.0), max: Some(6.0) };
    let priced = Filter::default().with_range(NumberField::Price, price);
    let filter = priced.clone().with_any_of(KeywordField::Brand, ["LUMO", "arc"]);
    let facets = vec![BRAND, MAIN_CATEGORY];
    let all = SearchRequest { filter: priced, facets: facets.clone(), ..paged(1, 100) };
    let all = shop.answer(&all).await;
    for query in [Query::new("tripod").ok(), None] {
        let request = SearchRequest {
            query,
            filter: filter.clone(),
            facets: facets.clone(),
            ..paged(1, 100)
        };
        let answer = shop.answer(&request).await;
        assert_eq!(values(&answer, &BRAND), values(&all, &BRAND));
        let chosen = values(&answer, &BRAND).into_iter().filter(|(brand, _)| *brand != "Pebble");
        let total = chosen.map(|(_, count)| count).sum::<usize>();
        assert_eq!((answer.total, answer.hits.len()), (total, total));
        let categories = values(&answer, &MAIN_CATEGORY).into_iter().map(|(_, count)| count);
        assert_eq!(categories.sum::<usize>(), total);
    }
}

#[tokio::test]
async fn an_order_sorts_all_matches_and_ties_by_id() {
    let shop = stocked_shop().await;
    for query in [Query::new("tripod").ok(), None] {
        for sort in [Sort::PriceAscending, Sort::PriceDescending, Sort::Rating] {
            let request =
                SearchRequest { query: query.clone(), sort: sort.clone(), ..paged(1, 100) };
            let answer = shop.answer(&request).await;
            let keys: Vec<_> = answer
                .hits
                .iter()
                .map(|hit| {
                    let product = &hit.record.product;
                    let price = product.price().map(akin_entities::Price::minor);
                    let key = match sort {
                        Sort::PriceAscending => price.map_or(u64::MAX, |price| price),
                        Sort::PriceDescending => {
                            price.map_or(u64::MAX, |price| u64::MAX - 1 - price)
                        }
                        _ => product.rating.map_or(u64::MAX, |r| 1_000 - u64::from(r.hundredths())),
                    };
                    (key, product.id.as_str())
                })
                .collect();
            assert!(keys.is_sorted(), "{sort:?}: {keys:?}");
            assert!(keys.iter().any(|(key, _)| *key == u64::MAX), "some lack it, and come last");
            let mut paged_hits = Vec::new();
            for page in 1..=3 {
                let paging = Paging { page, size: 20 };
                paged_hits
                    .extend(shop.answer(&SearchRequest { paging, ..request.clone() }).await.hits);
            }
            assert_eq!(paged_hits, answer.hits);
        }
    }
}

#[tokio::test]
async fn a_set_larger_than_the_candidates_is_counted_sorted_and_paged_completely() {
    let shop = Shop::new();
    let priced = |n: usize| FeedRow {
        brand: ["Lumo", "Pebble", "Arc"][n % 3].to_owned(),
        ..row(&format!("{n:03}"), "cotton shirt", &format!("₹{}", 700 - n))
    };
    shop.stock(&(0..600).map(priced).collect::<Vec<_>>()).await;
    for mode in SearchMode::ALL {
        let all = |page| SearchRequest {
            facets: vec![BRAND],
            paging: Paging { page, size: 90 },
            ..request("cotton shirt", mode)
        };
        let cheapest = SearchRequest { sort: Sort::PriceAscending, ..all(1) };
        let answer = shop.answer(&cheapest).await;
        assert_eq!((answer.total, answer.good, ids(&answer)[0]), (600, true, "599"), "{mode:?}");
        assert_eq!(values(&answer, &BRAND), [("Arc", 200), ("Lumo", 200), ("Pebble", 200)]);
        let mut found = std::collections::BTreeSet::new();
        for page in 1..=7 {
            let hits = shop.answer(&all(page)).await.hits;
            assert!(
                hits.iter().all(|hit| found.insert(hit.record.product.id.clone())),
                "page {page}"
            );
        }
        assert_eq!(found.len(), 600, "{mode:?}");
    }
}

#[tokio::test]
async fn only_what_fits_is_sorted_by_price() {
    let shop = Shop::new();
    let mut rows = vec![row("t1", "phone tripod", "₹90"), row("t2", "tripod", "₹80")];
    rows.extend((0..50).map(|n| row(&format!("f{n}"), &format!("fish flakes {n}"), "₹1")));
    shop.stock(&rows).await;
    for mode in SearchMode::ALL {
        let sorted = SearchRequest {
            sort: Sort::PriceAscending,
            facets: vec![PRICE],
            ..request("tripod", mode)
        };
        let answer = shop.answer(&sorted).await;
        assert_eq!((ids(&answer), answer.total), (vec!["t2", "t1"], 2), "{mode:?}");
        for words in ["xqzzvwk", "the of and"] {
            let nothing = shop
                .answer(&SearchRequest { query: Query::new(words).ok(), ..sorted.clone() })
                .await;
            assert_eq!((nothing.total, nothing.hits.len(), nothing.good), (0, 0, false));
            assert_eq!(nothing.facets[&PRICE], FacetAnswer::Numbers(None));
            let closest = shop.answer(&request(words, mode)).await;
            assert_eq!((closest.total, closest.good), (0, false));
            assert_eq!(closest.closest, !closest.hits.is_empty());
        }
    }
}

#[tokio::test]
async fn a_threshold_of_the_shopper_takes_the_place_of_the_floor() {
    let shop = Shop::new();
    shop.stock(&[row("1", "phone tripod", ""), row("2", "lamp", "")]).await;
    let threshold = Similarity::new(-1.0);
    let all = SearchRequest { threshold, ..request("phone tripod", SearchMode::Semantic) };
    let answer = shop.answer(&all).await;
    assert_eq!((ids(&answer), answer.good), (vec!["1", "2"], true));
    let nonsense = SearchRequest { query: Query::new("xqzzvwk").ok(), ..all };
    let answer = shop.answer(&nonsense).await;
    assert_eq!((answer.total, answer.good, answer.closest), (2, false, false));
}

#[tokio::test]
async fn without_a_query_all_products_are_listed_the_best_rated_first() {
    let shop = stocked_shop().await;
    let browse = SearchRequest {
        facets: vec![BRAND],
        paging: Paging { page: 1, size: 100 },
        ..SearchRequest::browse()
    };
    let answer = shop.answer(&browse).await;
    assert_eq!(
        (answer.total, answer.hits.len(), answer.good, answer.closest),
        (60, 60, true, false)
    );
    let rated = SearchRequest { sort: Sort::Rating, ..browse.clone() };
    assert_eq!(ids(&answer), ids(&shop.answer(&rated).await));
    assert!(answer.hits.iter().all(|hit| hit.score.is_none()));
    let filter = Filter::default().with_any_of(KeywordField::Brand, ["lumo"]);
    let lumo = shop.answer(&SearchRequest { filter, ..browse }).await;
    assert_eq!((lumo.total, lumo.hits.len()), (15, 15));
    assert_eq!(SearchRequest::for_text(" * ").unwrap().query, None);
    assert_eq!(SearchRequest::for_text("  ").unwrap().query, None);
    assert!(SearchRequest::for_text("tripod").unwrap().query.is_some());
}
