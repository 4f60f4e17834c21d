use super::{Index, Recall, assert_close, candidates, for_words, ids, keep, near, vector};
use crate::sample::{Numbers, direction, embedded, entry, titled};
use akin_entities::{Embedding, Similarity};
use akin_ports::{CandidateQuery, IndexEntry};

/// Cosines range from 1 to -1.
pub async fn the_nearest_products_have_exact_cosines(index: &Index) {
    let degrees = [0.0_f32, 10.0, 25.0, 60.0, 90.0, 135.0, 180.0];
    let place = |&degrees: &f32| titled(&format!("{degrees:03}"), 1, "thing", degrees);
    keep(index, &degrees.iter().rev().map(place).collect::<Vec<_>>()).await;
    for depth in 1..=degrees.len() {
        let found = candidates(index, &CandidateQuery { depth, ..near(direction(0.0)) }).await;
        assert_eq!(found.len(), depth);
        for (found, degrees) in found.iter().zip(degrees) {
            assert_eq!(found.id.as_str(), format!("{degrees:03}"));
            assert_close(found.cosine.unwrap().get(), degrees.to_radians().cos());
        }
    }
}

/// It means the same on every engine, below and above zero.
pub async fn the_threshold_is_a_cosine(index: &Index) {
    let degrees = [0.0_f32, 30.0, 60.0, 89.0, 91.0, 120.0, 180.0];
    let place = |&degrees: &f32| titled(&format!("{degrees:03}"), 1, "thing", degrees);
    keep(index, &degrees.iter().map(place).collect::<Vec<_>>()).await;
    let cuts = [(1.0, 1), (0.87, 1), (0.86, 2), (0.51, 2), (0.49, 3), (0.0, 4), (-0.49, 5)];
    for (least, count) in cuts.into_iter().chain([(-0.51, 6), (-0.99, 6), (-1.0, 7)]) {
        // What is as near as can be may be rounded to just below 1.
        let threshold = Similarity::new(if least >= 1.0 { 0.9999 } else { least });
        let found = ids(index, &CandidateQuery { threshold, ..near(direction(0.0)) }).await;
        assert_eq!(found.len(), count, "at {least}: {found:?}");
    }
}

/// They are returned whatever their cosine.
pub async fn the_threshold_does_not_apply_to_products_found_by_words(index: &Index) {
    let entries = [titled("far", 1, "tripod", 170.0), titled("near", 1, "lamp", 10.0)];
    keep(index, &[&entries[..], &[titled("neither", 1, "cup", 100.0)]].concat()).await;
    let threshold = Similarity::new(0.5);
    let vector = Some(vector(direction(0.0)));
    let both = CandidateQuery { vector, threshold, ..for_words("tripod") };
    assert_eq!(ids(index, &both).await, ["far", "near"]);
    let words = CandidateQuery { threshold, ..for_words("tripod") };
    assert_eq!(ids(index, &words).await, ["far"]);
}

/// A query by words alone computes no cosines.
pub async fn without_an_embedding_there_are_no_cosines(index: &Index) {
    keep(index, &[titled("a", 1, "tripod", 0.0), titled("b", 1, "lamp", 0.0)]).await;
    let found = candidates(index, &for_words("tripod")).await;
    assert_eq!((found.len(), found[0].cosine), (1, None));
    let both = CandidateQuery { vector: Some(vector(direction(0.0))), ..for_words("tripod") };
    assert!(candidates(index, &both).await.iter().all(|found| found.cosine.is_some()));
}

/// Recall against exact search is at least .99, and all cosines are exact.
pub async fn the_nearest_of_many_products_are_found(index: &Index) {
    let mut numbers = Numbers(1);
    let held: Vec<_> =
        (0..index.size()).map(|number| (number.to_string(), numbers.embedding())).collect();
    let place = |(id, embedding): &(String, Embedding)| IndexEntry {
        embedding: embedded(embedding.clone(), "thing"),
        ..entry(id, 1)
    };
    keep(index, &held.iter().map(place).collect::<Vec<_>>()).await;
    for depth in [10, 200] {
        let mut recall = Recall::default();
        for _ in 0..30 {
            let asked = numbers.embedding();
            let exact = held.iter().map(|(id, held)| (id.as_str(), asked.similarity(held).get()));
            let exact = exact.collect();
            let query = CandidateQuery { depth, ..near(asked) };
            recall.count(&candidates(index, &query).await, depth, &exact);
        }
        recall.assert_high();
    }
}
