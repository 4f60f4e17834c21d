use super::{Index, Recall, candidates, for_words, ids, keep, near, vector};
use crate::sample::{Numbers, embedded, entry, titled, unusual_texts};
use akin_entities::{Embedding, FacetValues, Filter, NumberRange};
use akin_ports::{CandidateQuery, EntryEmbedding, IndexEntry};
use std::collections::HashMap;

/// Returns the facets of product `number`. A half, a twentieth and a five-hundredth of all products
/// share their values.
fn facets(number: usize) -> FacetValues {
    let kind = |every: usize| if number.is_multiple_of(every) { "yes" } else { "no" };
    let tenths = u32::try_from(number % 997).unwrap();
    FacetValues {
        main_category: kind(2).to_owned(),
        sub_category: kind(20).to_owned(),
        brand: if number % 7 == 1 { String::new() } else { kind(500).to_owned() },
        price: (!number.is_multiple_of(11)).then(|| f64::from(tenths) / 10.0),
        rating: (!number.is_multiple_of(3)).then(|| f64::from(tenths % 501) / 100.0),
        discounted: number % 4 == 1,
    }
}

/// Writes many products with the word "thing". Returns their facets and embeddings by id.
async fn catalogue(index: &Index) -> HashMap<String, (FacetValues, Embedding)> {
    let mut numbers = Numbers(2);
    let mut catalogue = HashMap::new();
    let mut entries = Vec::new();
    for number in 0..index.size() {
        let (id, embedding, facets) = (number.to_string(), numbers.embedding(), facets(number));
        let computed = embedded(embedding.clone(), "thing");
        entries.push(IndexEntry {
            embedding: computed,
            facets: facets.clone(),
            ..titled(&id, 1, "thing", 0.0)
        });
        catalogue.insert(id, (facets, embedding));
    }
    keep(index, &entries).await;
    catalogue
}

fn words(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn between(min: f64, max: f64) -> NumberRange {
    NumberRange { min: Some(min), max: Some(max) }
}

/// Returns filters of every kind, alone and combined.
fn filters() -> Vec<Filter> {
    let none = Filter::default();
    let half = Filter { main_category: words(&["yes"]), ..none.clone() };
    let shelf = Filter { sub_category: words(&["yes"]), ..none.clone() };
    let dear = Filter { price: NumberRange { min: Some(90.0), max: None }, ..none.clone() };
    vec![
        Filter { brand: words(&["yes", "unheard of"]), ..none.clone() },
        Filter { brand: words(&[""]), ..none.clone() },
        Filter { brand: words(&["unheard of"]), ..none.clone() },
        Filter { brand: words(&["YES", "ye", "yes "]), ..none.clone() },
        Filter { main_category: words(&["yes", "no", "yes"]), ..none.clone() },
        Filter { price: between(12.3, 45.6), ..none.clone() },
        Filter { price: between(45.6, 45.6), ..none.clone() },
        Filter { price: between(2.0, 1.0), ..none.clone() },
        Filter { price: NumberRange { min: None, max: Some(0.0) }, ..none.clone() },
        Filter { price: NumberRange { min: Some(0.0), max: None }, ..none.clone() },
        Filter { min_rating: Some(4.25), ..none.clone() },
        Filter { min_rating: Some(0.0), ..none.clone() },
        Filter { discounted: Some(true), ..none.clone() },
        Filter { discounted: Some(false), ..none.clone() },
        Filter { discounted: Some(true), min_rating: Some(2.5), ..half.clone() },
        Filter { price: between(20.0, 80.0), ..shelf.clone() },
        Filter {
            brand: words(&["no", ""]),
            main_category: half.main_category.clone(),
            ..dear.clone()
        },
        half,
        shelf,
        dear,
        none,
    ]
}

/// This holds for searches by words, by embedding, and by both.
pub async fn every_filter_admits_exactly_the_products_that_match(index: &Index) {
    let catalogue = catalogue(index).await;
    let vector = Some(vector(Numbers(3).embedding()));
    for filter in filters() {
        let mut expected: Vec<_> =
            catalogue.iter().filter(|(_, (facets, _))| filter.admits(facets)).collect();
        expected.sort_by_key(|(id, _)| id.as_str());
        let by_words = CandidateQuery { depth: catalogue.len(), filter, ..for_words("thing") };
        let by_both = CandidateQuery { vector: vector.clone(), ..by_words.clone() };
        let by_meaning = CandidateQuery { terms: Vec::new(), ..by_both.clone() };
        for query in [by_words, by_both, by_meaning] {
            let found = ids(index, &query).await;
            assert!(found.iter().eq(expected.iter().map(|(id, _)| *id)), "{:?}", query.filter);
        }
    }
}

/// Filters are applied inside the index, whether a half, a twentieth or a five-hundredth of all
/// products qualify. Recall against exact search is at least .99.
pub async fn a_filtered_search_returns_as_many_as_qualify(index: &Index) {
    let catalogue = catalogue(index).await;
    let yes = words(&["yes"]);
    let filters = [
        Filter { main_category: yes.clone(), ..Filter::default() },
        Filter { sub_category: yes.clone(), ..Filter::default() },
        Filter { brand: yes, ..Filter::default() },
    ];
    let mut numbers = Numbers(4);
    for filter in filters {
        let admitted = catalogue.iter().filter(|(_, (facets, _))| filter.admits(facets));
        let admitted: Vec<_> = admitted.map(|(id, (_, held))| (id.as_str(), held)).collect();
        assert!(!admitted.is_empty(), "too small a catalogue for {filter:?}");
        let mut recall = Recall::default();
        for _ in 0..20 {
            let asked = numbers.embedding();
            let exact = admitted.iter().map(|(id, held)| (*id, asked.similarity(held).get()));
            let exact = exact.collect();
            let query = CandidateQuery { filter: filter.clone(), depth: 10, ..near(asked) };
            recall.count(&candidates(index, &query).await, 10, &exact);
        }
        recall.assert_high();
    }
}

/// The next search sees a change of the price alone.
pub async fn filters_apply_to_the_latest_writes(index: &Index) {
    let priced = |version, price| {
        let facets = FacetValues { price: Some(price), ..FacetValues::default() };
        IndexEntry { facets, ..entry("thing", version) }
    };
    let cheap = Filter { price: NumberRange { min: None, max: Some(10.0) }, ..Filter::default() };
    let query = CandidateQuery { filter: cheap, ..for_words("thing") };
    keep(index, &[priced(1, 20.0)]).await;
    assert!(ids(index, &query).await.is_empty());
    keep(index, &[IndexEntry { embedding: EntryEmbedding::Unchanged, ..priced(2, 9.99) }]).await;
    assert_eq!(ids(index, &query).await, ["thing"]);
    keep(index, &[priced(3, 10.01)]).await;
    assert!(ids(index, &query).await.is_empty());
}

/// Quotes, NUL, characters of four bytes and 100 kB are compared byte by byte, in every column.
pub async fn unusual_values_can_be_filtered_by(index: &Index) {
    let texts = unusual_texts();
    let mut entries = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let (main_category, sub_category, brand) = (text.clone(), text.clone(), text.clone());
        let facets = FacetValues { main_category, sub_category, brand, ..FacetValues::default() };
        entries.push(IndexEntry { facets, ..titled(&number.to_string(), 1, "thing", 0.0) });
    }
    keep(index, &entries).await;
    for (number, text) in texts.into_iter().enumerate() {
        let value = vec![text];
        let columns = [
            Filter { main_category: value.clone(), ..Filter::default() },
            Filter { sub_category: value.clone(), ..Filter::default() },
            Filter { brand: value, ..Filter::default() },
        ];
        for filter in columns {
            let found = ids(index, &CandidateQuery { filter, ..for_words("thing") }).await;
            assert_eq!(found, [number.to_string()]);
        }
    }
}
