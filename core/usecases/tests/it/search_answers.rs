//! Pages, totals, facets and orders of one set of matches.

use crate::shop::{Shop, ids, request, row};
use akin_entities::{Filter, NumberRange, SearchMode};
use akin_ports::FeedRow;
use akin_usecases::{Facet, FacetCount, Paging, SearchRequest, Sort};

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
    SearchRequest { paging: Paging { page, size }, ..request("tripod light", SearchMode::Hybrid) }
}

#[tokio::test]
async fn the_pages_of_an_answer_contain_every_hit_once() {
    let shop = stocked_shop().await;
    let whole = shop.answer(&paged(1, 100)).await;
    assert_eq!((whole.total, whole.hits.len()), (60, 60));
    for (sort, facets) in [(Sort::Relevance, vec![]), (Sort::Relevance, vec![Facet::Brand])] {
        let mut hits = Vec::new();
        for page in 1..=9 {
            let asked = SearchRequest { sort, facets: facets.clone(), ..paged(page, 7) };
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
    for (page, size) in [(61, 1), (usize::MAX, usize::MAX), (2, 60), (1, 0)] {
        let answer = shop.answer(&paged(page, size)).await;
        assert_eq!((answer.total, answer.hits.len()), (60, 0), "page {page} of {size}");
    }
    assert_eq!(ids(&shop.answer(&paged(0, 5)).await), ids(&shop.answer(&paged(1, 5)).await));
}

#[tokio::test]
async fn facets_count_all_matches_the_most_frequent_first() {
    let shop = stocked_shop().await;
    let facets = vec![Facet::Brand, Facet::MainCategory, Facet::SubCategory];
    let answer = shop.answer(&SearchRequest { facets, ..paged(3, 5) }).await;
    let count = |value: &str, count| FacetCount { value: value.to_owned(), count };
    let brands = [count("Arc", 15), count("Lumo", 15), count("Pebble", 15)];
    assert_eq!(answer.facets[&Facet::Brand], brands, "a blank is no maker");
    let departments = [count("cameras", 30), count("phones", 30)];
    assert_eq!(answer.facets[&Facet::MainCategory], departments);
    assert_eq!(answer.facets[&Facet::SubCategory], [count("tripods", 60)]);
    assert_eq!((answer.total, answer.hits.len()), (60, 5));
    assert!(shop.answer(&paged(1, 5)).await.facets.is_empty(), "none was asked for");
}

#[tokio::test]
async fn facets_totals_and_hits_agree_under_a_filter() {
    let shop = stocked_shop().await;
    let price = NumberRange { min: Some(3.0), max: Some(6.0) };
    let filter = Filter { price, brand: vec!["Lumo".into(), "Arc".into()], ..Filter::default() };
    let facets = vec![Facet::Brand];
    let answer = shop.answer(&SearchRequest { filter, facets, ..paged(1, 100) }).await;
    let counted: usize = answer.facets[&Facet::Brand].iter().map(|facet| facet.count).sum();
    assert!(answer.total > 5);
    assert_eq!((counted, answer.hits.len()), (answer.total, answer.total));
}

#[tokio::test]
async fn an_order_sorts_all_matches_and_keeps_relevance_among_equals() {
    let shop = stocked_shop().await;
    let by_relevance = shop.answer(&paged(1, 100)).await;
    let place = |id: &str| ids(&by_relevance).iter().position(|other| *other == id);
    for (_, sort) in Sort::NAMES.into_iter().filter(|(_, sort)| *sort != Sort::Relevance) {
        let answer = shop.answer(&SearchRequest { sort, ..paged(1, 100) }).await;
        let keys: Vec<_> = answer
            .hits
            .iter()
            .map(|hit| {
                let product = &hit.record.product;
                let price = product.price().map(akin_entities::Price::minor);
                let key = match sort {
                    Sort::PriceAscending => price.map_or(u64::MAX, |price| price),
                    Sort::PriceDescending => price.map_or(u64::MAX, |price| u64::MAX - 1 - price),
                    _ => product.rating.map_or(u64::MAX, |r| 1_000 - u64::from(r.hundredths())),
                };
                (key, place(product.id.as_str()))
            })
            .collect();
        assert!(keys.is_sorted(), "{sort:?}: {keys:?}");
        assert!(keys.iter().any(|(key, _)| *key == u64::MAX), "some lack it, and come last");
        let mut paged_hits = Vec::new();
        for page in 1..=3 {
            paged_hits.extend(shop.answer(&SearchRequest { sort, ..paged(page, 20) }).await.hits);
        }
        assert_eq!(paged_hits, answer.hits);
    }
}
