use super::{Index, candidates, for_words, ids, keep, near, query, vector};
use crate::sample::{direction, titled};
use akin_entities::FacetValues;
use akin_ports::{CandidateQuery, IndexEntry};

fn both(terms: &str, degrees: f32, depth: usize) -> CandidateQuery {
    CandidateQuery { vector: Some(vector(direction(degrees))), depth, ..for_words(terms) }
}

/// The depth applies to each part.
pub async fn both_parts_return_as_many_candidates_as_asked_for(index: &Index) {
    let entries = [
        titled("n1", 1, "lamp", 0.0),
        titled("n2", 1, "lamp", 5.0),
        titled("n3", 1, "lamp", 10.0),
        titled("w1", 1, "tripod", 150.0),
        titled("w2", 1, "tripod", 160.0),
        titled("x1", 1, "cup", 90.0),
    ];
    keep(index, &entries).await;
    assert_eq!(ids(index, &both("tripod", 0.0, 2)).await, ["n1", "n2", "w1", "w2"]);
    assert_eq!(ids(index, &CandidateQuery { depth: 2, ..for_words("tripod") }).await, ["w1", "w2"]);
    assert_eq!(
        ids(index, &CandidateQuery { depth: 2, ..near(direction(0.0)) }).await,
        ["n1", "n2"]
    );
}

/// It has its text and its cosine.
pub async fn a_product_found_by_both_parts_is_returned_once(index: &Index) {
    let entries = [titled("a", 1, "tripod", 0.0), titled("b", 1, "lamp", 90.0)];
    keep(index, &entries).await;
    let found = candidates(index, &both("tripod", 0.0, 1)).await;
    assert_eq!((found.len(), found[0].id.as_str()), (1, "a"));
    assert_eq!(found[0].text, entries[0].text);
    super::assert_close(found[0].cosine.unwrap().get(), 1.0);
}

/// All candidates have them, including those found by words alone. Otherwise none has.
pub async fn facets_are_returned_unchanged_if_asked_for(index: &Index) {
    let full = FacetValues {
        main_category: "cameras & more".into(),
        sub_category: "it's \"tripods\"".into(),
        brand: "Lumo".into(),
        price: Some(617.5),
        rating: Some(4.3),
        discounted: true,
        tags: akin_entities::Tags::of_attributes("color: red, it's \"navy\"; width: 30 cm"),
    };
    let priced = FacetValues { price: Some(0.0), discounted: false, ..full.clone() };
    let kept = [("a", 0.0, full), ("b", 90.0, priced), ("c", 180.0, FacetValues::default())];
    let entry = |(name, degrees, facets): &(&str, f32, FacetValues)| IndexEntry {
        facets: facets.clone(),
        ..titled(name, 1, "tripod", *degrees)
    };
    keep(index, &kept.each_ref().map(entry)).await;
    let asked = CandidateQuery { with_facets: true, ..both("tripod", 0.0, 10) };
    let found = candidates(index, &asked).await.into_iter().map(|found| found.facets);
    assert_eq!(found.collect::<Vec<_>>(), kept.map(|(_, _, facets)| Some(facets.into())));
    let found = candidates(index, &both("tripod", 0.0, 10)).await;
    assert!(found.iter().all(|found| found.facets.is_none()));
}

/// A query may have neither terms nor a vector, or a depth of 0.
pub async fn a_query_for_nothing_finds_nothing(index: &Index) {
    keep(index, &[titled("a", 1, "tripod", 0.0)]).await;
    assert!(ids(index, &query()).await.is_empty());
    assert!(ids(index, &both("tripod", 0.0, 0)).await.is_empty());
}

/// Every product has an embedding, whether or not it contains the words.
pub async fn a_depth_beyond_the_catalogue_returns_all_products(index: &Index) {
    let entries = [titled("a", 1, "tripod", 0.0), titled("b", 1, "lamp", 180.0)];
    keep(index, &entries).await;
    assert_eq!(ids(index, &both("tripod", 0.0, 1_000)).await, ["a", "b"]);
    assert_eq!(ids(index, &CandidateQuery { depth: 1_000, ..for_words("tripod") }).await, ["a"]);
}

/// Repeating a query returns the same products among equals.
pub async fn ties_at_the_depth_are_always_cut_the_same_way(index: &Index) {
    let equals: Vec<_> =
        (0..30).map(|number| titled(&format!("{number:02}"), 1, "tripod", 20.0)).collect();
    keep(index, &equals).await;
    keep(index, &[titled("other", 1, "lamp", 90.0)]).await;
    for query in [for_words("tripod"), near(direction(0.0))] {
        let query = CandidateQuery { depth: 7, ..query };
        let found = candidates(index, &query).await;
        assert_eq!(found.len(), 7);
        assert_eq!(candidates(index, &query).await, found);
        let all = CandidateQuery { depth: 30, ..query };
        assert_eq!(candidates(index, &all).await.len(), 30);
    }
    let found = candidates(index, &both("tripod", 0.0, 7)).await;
    assert!((7..=14).contains(&found.len()), "{} of two times 7", found.len());
}
