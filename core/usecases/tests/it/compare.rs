//! The same search in two engines.

use crate::shop::{Shop, request, row};
use akin_entities::SearchMode;
use akin_usecases::{CompareEngines, Paging, SearchRequest};

async fn compare(one: &[&str], other: &[&str], size: usize) -> (f32, Vec<(String, [usize; 2])>) {
    let houses = [Shop::new(), Shop::new()];
    for (shop, names) in houses.iter().zip([one, other]) {
        let rows: Vec<_> = names.iter().map(|name| row(name, "tripod", "")).collect();
        shop.stock(&rows).await;
    }
    let compare = CompareEngines { engines: [houses[0].search(), houses[1].search()] };
    let paging = Paging { page: 1, size };
    let asked = SearchRequest { paging, ..request("tripod", SearchMode::Hybrid) };
    let compared = compare.run(&asked).await.unwrap();
    let place = |rank: Option<usize>| rank.unwrap_or_default();
    let ranks = compared.ranks.into_iter().map(|one| (one.id.to_string(), one.ranks.map(place)));
    (compared.overlap, ranks.collect())
}

#[tokio::test]
async fn equal_answers_overlap_completely_and_keep_every_rank() {
    let (overlap, ranks) = compare(&["a", "b"], &["a", "b"], 10).await;
    assert!((overlap - 1.0).abs() < f32::EPSILON);
    assert_eq!(ranks, [("a".to_owned(), [1, 1]), ("b".to_owned(), [2, 2])]);
}

#[tokio::test]
async fn a_product_missing_from_one_answer_has_no_rank_there() {
    let (overlap, ranks) = compare(&["a", "c", "d"], &["b", "c", "d", "e"], 10).await;
    assert!((overlap - 0.5).abs() < f32::EPSILON);
    let named = ranks.iter().map(|(id, ranks)| (id.as_str(), *ranks));
    let expected = [("a", [1, 0]), ("c", [2, 2]), ("d", [3, 3]), ("b", [0, 1]), ("e", [0, 4])];
    assert_eq!(named.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn only_the_page_is_compared() {
    let (overlap, ranks) = compare(&["a", "b", "c"], &["b", "c"], 1).await;
    assert!(overlap.abs() < f32::EPSILON);
    assert_eq!(ranks, [("a".to_owned(), [1, 0]), ("b".to_owned(), [0, 1])]);
}

#[tokio::test]
async fn two_empty_answers_are_equal() {
    let (overlap, ranks) = compare(&[], &[], 10).await;
    assert!((overlap - 1.0).abs() < f32::EPSILON && ranks.is_empty());
}
