//! The hits of a search and their order.

use crate::shop::{Shop, day, id, ids, request, row};
use akin_entities::{Filter, NumberField, NumberRange, SearchMode, Similarity};
use akin_memory::MemoryEmbedder;
use akin_ports::{ErrorKind, FeedRow, ProductStore};
use akin_usecases::{
    Background, Correction, Paging, QueryEmbeddings, Scope, SearchError, SearchProducts,
    SearchRequest,
};
use proptest::prelude::*;
use std::sync::Arc;

fn rows() -> Vec<FeedRow> {
    let described = |id, name, description: &str| FeedRow {
        description: description.to_owned(),
        ..row(id, name, "₹100")
    };
    vec![
        described("1", "phone tripod", "stands on any desk"),
        described("2", "tripod", "for a phone"),
        described("3", "phone case", "for a phone that falls"),
        described("4", "desk lamp", "gives light"),
        described("5", "coffee cup", "holds a drink"),
    ]
}

async fn stocked_shop() -> Shop {
    let shop = Shop::new();
    shop.stock(&rows()).await;
    shop
}

/// Returns a request for every candidate, whether it fits or not.
fn every(words: &str, mode: SearchMode) -> SearchRequest {
    SearchRequest { scope: Scope::Candidates, ..request(words, mode) }
}

#[tokio::test]
async fn products_with_any_of_the_words_are_candidates_of_lexical_search() {
    let shop = stocked_shop().await;
    let answer = shop.answer(&every("phone tripod", SearchMode::Lexical)).await;
    assert_eq!(ids(&answer)[..2], ["1", "2"]);
    assert_eq!((answer.total, ids(&answer).contains(&"4")), (3, false));
    assert!(answer.hits.iter().all(|hit| hit.similarity.is_none()));
    assert!(answer.hits.iter().all(|hit| hit.score.is_some() && hit.score == hit.text_score));
    assert_eq!(shop.embedder.embedded().len(), 5, "no query was embedded");
}

#[tokio::test]
async fn semantic_search_orders_candidates_by_cosine() {
    let shop = stocked_shop().await;
    let answer = shop.answer(&every("tripod for a phone", SearchMode::Semantic)).await;
    assert_eq!((answer.total, ids(&answer)[0]), (5, "2"));
    assert!(answer.hits.is_sorted_by(|a, b| a.score >= b.score));
    for hit in &answer.hits {
        assert_eq!((hit.similarity.map(Similarity::get), hit.text_score), (hit.score, Some(0.0)));
    }
}

#[tokio::test]
async fn what_either_part_finds_is_a_candidate_of_hybrid_search() {
    let shop = stocked_shop().await;
    let answer = shop.answer(&every("phone tripod", SearchMode::Hybrid)).await;
    assert_eq!((answer.total, ids(&answer)[..2].concat()), (5, "21".to_owned()));
    assert!(answer.hits.is_sorted_by(|a, b| a.score >= b.score));
    assert!(answer.hits.iter().all(|hit| hit.similarity.is_some()));
}

#[tokio::test]
async fn ties_are_ordered_by_id_in_every_mode() {
    let shop = Shop::new();
    let equals: Vec<_> = ["b", "10", "a", "9", "c"].map(|id| row(id, "phone tripod", "")).into();
    shop.stock(&equals).await;
    for mode in SearchMode::ALL {
        let answer = shop.answer(&request("tripod", mode)).await;
        assert_eq!(ids(&answer), ["10", "9", "a", "b", "c"], "{mode:?}");
    }
}

#[tokio::test]
async fn a_threshold_limits_semantic_matches_but_not_lexical_ones() {
    let shop = stocked_shop().await;
    let threshold = Similarity::new(0.6);
    let near = SearchRequest { threshold, ..request("phone tripod", SearchMode::Semantic) };
    let answer = shop.answer(&near).await;
    assert!((1..5).contains(&answer.total));
    assert!(answer.hits.iter().all(|hit| hit.similarity >= threshold));
    let both = SearchRequest { threshold, ..request("lamp", SearchMode::Hybrid) };
    assert!(ids(&shop.answer(&both).await).contains(&"4"));
}

#[tokio::test]
async fn filters_apply_to_all_matches() {
    let shop = Shop::new();
    let priced = |n: usize| row(&n.to_string(), "phone tripod", &format!("₹{n}"));
    shop.stock(&(1..=300).map(priced).collect::<Vec<_>>()).await;
    let price = NumberRange::at_least(299.0);
    let filter = Filter::default().with_range(NumberField::Price, price);
    for mode in SearchMode::ALL {
        let asked = SearchRequest { filter: filter.clone(), depth: 10, ..request("tripod", mode) };
        assert_eq!(ids(&shop.answer(&asked).await), ["299", "300"], "{mode:?}");
    }
}

#[tokio::test]
async fn each_part_finds_no_more_than_its_depth() {
    let shop = Shop::new();
    let rows: Vec<_> = (0..30).map(|n| row(&format!("{n:02}"), "phone tripod", "")).collect();
    shop.stock(&rows).await;
    for mode in [SearchMode::Lexical, SearchMode::Semantic] {
        let answer = shop.answer(&SearchRequest { depth: 7, ..every("tripod", mode) }).await;
        assert_eq!((answer.total, answer.hits.len()), (7, 7));
    }
}

#[tokio::test]
async fn an_unknown_word_is_corrected() {
    let shop = stocked_shop().await;
    let answer = shop.answer(&request("tripdo", SearchMode::Lexical)).await;
    assert_eq!(answer.corrections, [Correction { from: "tripdo".into(), to: "tripod".into() }]);
    assert_eq!(ids(&answer), ["2", "1"]);
    assert!(shop.answer(&request("tripod", SearchMode::Lexical)).await.corrections.is_empty());
}

#[tokio::test]
async fn the_last_word_may_be_unfinished() {
    let shop = stocked_shop().await;
    for mode in [SearchMode::Hybrid, SearchMode::Lexical] {
        for (text, expected) in [("trip", vec!["1", "2"]), ("phone trip", vec!["1"])] {
            let threshold = Similarity::new(1.0);
            let typed = SearchRequest::while_typing(text).unwrap();
            let answer = shop.answer(&SearchRequest { mode, threshold, ..typed }).await;
            let mut found = ids(&answer);
            found.sort_unstable();
            let expected = if mode == SearchMode::Lexical { vec!["1", "2"] } else { expected };
            assert_eq!((found, answer.total), (expected, answer.hits.len()), "{text} {mode:?}");
            assert_eq!(answer.corrections, []);
        }
    }
    assert!(!SearchRequest::while_typing("trip ").unwrap().unfinished, "a space ends a word");
    let last = shop.embedder.embedded().pop().unwrap();
    assert_eq!(last, "phone trip", "a query is embedded as it is written");
}

#[tokio::test]
async fn a_poor_answer_is_not_marked_good() {
    let shop = stocked_shop().await;
    let answer = shop.answer(&request("xylophone quartet", SearchMode::Hybrid)).await;
    assert_eq!((answer.good, answer.closest, answer.total, answer.hits.len()), (false, true, 0, 5));
    assert!(answer.facets.is_empty(), "what comes closest is in no count");
    let best = SearchRequest { depth: 1, ..request("phone tripod", SearchMode::Hybrid) };
    assert!(shop.answer(&best).await.good);
    let nothing = shop.answer(&request("xylophone quartet", SearchMode::Lexical)).await;
    assert_eq!((nothing.good, nothing.closest, nothing.hits.len()), (false, false, 0));
}

#[tokio::test]
async fn an_empty_catalogue_has_no_hits() {
    let shop = Shop::new();
    for mode in SearchMode::ALL {
        let answer = shop.answer(&request("phone tripod", mode)).await;
        assert_eq!((answer.total, answer.good), (0, false));
    }
}

#[tokio::test]
async fn an_index_of_another_model_refuses_all_but_lexical_search() {
    let shop = stocked_shop().await;
    let embedder = Arc::new(MemoryEmbedder::named("other@00000000"));
    let embeddings = QueryEmbeddings::new(embedder, 10);
    let search = SearchProducts { embeddings, ..shop.search() };
    for mode in [SearchMode::Hybrid, SearchMode::Semantic] {
        let error = search.run(&request("tripod", mode)).await.unwrap_err();
        assert!(matches!(error, SearchError::Index(_)));
        assert_eq!(error.source_error().unwrap().kind, ErrorKind::Misconfigured);
        let report = error.source_error().unwrap().report();
        assert!(report.contains("other@00000000"), "{report}");
    }
    assert_eq!(search.run(&request("tripod", SearchMode::Lexical)).await.unwrap().total, 2);
}

type IsPart = fn(&SearchError) -> bool;

#[tokio::test]
async fn an_error_names_the_part_that_failed() {
    let shop = stocked_shop().await;
    // Embedding the query, reading statistics, finding candidates, counting matches and fetching
    // products take two steps each.
    let parts: [(u64, IsPart); 5] = [
        (0, |error| matches!(error, SearchError::Embedding(_))),
        (2, |error| matches!(error, SearchError::Index(_))),
        (4, |error| matches!(error, SearchError::Index(_))),
        (6, |error| matches!(error, SearchError::Index(_))),
        (8, |error| matches!(error, SearchError::Fetch(_))),
    ];
    for (steps, is_part) in parts {
        let search = shop.search();
        shop.faults.break_after(steps, ErrorKind::Unavailable);
        let error = search.run(&request("tripod", SearchMode::Hybrid)).await.unwrap_err();
        assert!(is_part(&error), "{error:?} after {steps} steps");
        assert!(error.source_error().unwrap().is_retryable());
        shop.faults.clear();
    }
}

#[tokio::test]
async fn a_hit_without_a_stored_product_is_left_out() {
    let shop = stocked_shop().await;
    shop.store.remove(&[id("1")], day(2)).await.unwrap();
    let answer = shop.answer(&request("phone tripod", SearchMode::Hybrid)).await;
    assert!(!ids(&answer).contains(&"1"));
    assert_eq!(shop.store.counts().await.unwrap().products, 4);
}

const WORDS: [&str; 6] = ["phone", "tripod", "lamp", "cup", "light", "desk"];

fn texts() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(0..WORDS.len(), 1..5), 1..25)
}

fn joined(words: &[usize]) -> String {
    words.iter().map(|&word| WORDS[word]).collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_answer_is_completely_ordered_and_independent_of_the_order_of_the_feed(
        texts in texts(), asked in prop::collection::vec(0..WORDS.len(), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let rows = |(n, words): (usize, &Vec<usize>)| row(&n.to_string(), &joined(words), "");
            let mut rows: Vec<_> = texts.iter().enumerate().map(rows).collect();
            let (one, other) = (Shop::new(), Shop::new());
            one.stock(&rows).await;
            rows.reverse();
            other.stock(&rows).await;
            for mode in SearchMode::ALL {
                let paging = Paging { page: 1, size: 100 };
                let asked = SearchRequest { paging, ..every(&joined(&asked), mode) };
                let answer = one.answer(&asked).await;
                let keys: Vec<_> = answer
                    .hits
                    .iter()
                    .map(|hit| (-hit.score.unwrap(), hit.record.product.id.clone()))
                    .collect();
                assert!(keys.is_sorted(), "{keys:?}");
                assert!(keys.iter().all(|(score, _)| score.is_finite()));
                assert_eq!(answer.total, answer.hits.len());
                assert_eq!(ids(&other.answer(&asked).await), ids(&answer));
            }
        });
    }
}

#[tokio::test]
async fn spelling_is_corrected_in_the_background_and_a_dropped_search_stops_it() {
    let shop = Shop::new();
    shop.stock(&rows()).await;
    let (sender, handed_over) = std::sync::mpsc::channel();
    let background = Background::new(move |work| sender.send(work).unwrap());
    let search = SearchProducts { background, ..shop.search() };
    // A query without misspelled words needs no correction.
    search.run(&request("tripod", SearchMode::Hybrid)).await.unwrap();
    assert!(handed_over.try_recv().is_err());
    let misspelled = request("tripof", SearchMode::Lexical);
    let mut running = Box::pin(search.run(&misspelled));
    let work = loop {
        assert!(futures::poll!(&mut running).is_pending(), "it waits for the correction");
        if let Ok(work) = handed_over.try_recv() {
            break work;
        }
        tokio::task::yield_now().await;
    };
    work();
    assert_eq!(running.await.unwrap().corrections[0].to, "tripod");
    // A lost task is an error, not a search that never ends.
    let search = SearchProducts { background: Background::new(drop), ..shop.search() };
    let error = search.run(&misspelled).await.unwrap_err();
    assert_eq!(error.source_error().unwrap().kind, ErrorKind::Unavailable);
}
