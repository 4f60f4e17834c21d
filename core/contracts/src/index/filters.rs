use super::tags::attribute;
use super::{Index, Recall, candidates, for_words, ids, keep, near, vector};
use crate::sample::{Numbers, analyzed, embedded, entry, id, titled, unusual_texts};
use akin_entities::{
    AnalyzedText, Embedding, FacetValues, Filter, FlagField, KeywordField, NumberField,
    NumberRange, TagCondition, Tags,
};
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
        tags: Tags::of_attributes(&attributes(number)),
    }
}

/// Returns the attributes of product `number`: up to two colors, and a width.
fn attributes(number: usize) -> String {
    let colors = ["red", "Navy", "GRÜN, red", "navy, \\;"];
    let color = colors.get(number % 5).map(|color| format!("color: {color}; "));
    format!("{}width: {} cm", color.unwrap_or_default(), number % 83)
}

/// Writes many products with the word "thing". Returns their facets and embeddings by id.
pub(super) async fn catalogue(index: &Index) -> HashMap<String, (FacetValues, Embedding)> {
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

/// Returns the text of every product of [`catalogue`].
pub(super) fn thing() -> AnalyzedText {
    analyzed("thing")
}

fn between(min: f64, max: f64) -> NumberRange {
    NumberRange { min: Some(min), max: Some(max) }
}

/// Returns filters of every kind, alone and combined.
pub(super) fn filters() -> Vec<Filter> {
    use KeywordField::{Brand, MainCategory, SubCategory};
    use NumberField::{Price, Rating};
    let none = Filter::default;
    let priced = |range| none().with_range(Price, range);
    let half = none().with_any_of(MainCategory, ["yes"]);
    let shelf = none().with_any_of(SubCategory, ["yes"]);
    let dear = priced(NumberRange::at_least(90.0));
    let colored = |values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        none().with_tag(attribute("color"), TagCondition::AnyOf(values))
    };
    let wide = |range| none().with_tag(attribute("width"), TagCondition::Within(range));
    vec![
        none().with_any_of(Brand, ["yes", "unheard of"]),
        none().with_any_of(Brand, [""]),
        none().with_any_of(Brand, ["unheard of"]),
        none().with_any_of(Brand, ["YÉS", "ye", "yes "]),
        none().with_any_of(MainCategory, ["yes", "no", "yes"]),
        priced(between(12.3, 45.6)),
        priced(between(45.6, 45.6)),
        priced(between(2.0, 1.0)),
        priced(NumberRange::at_most(0.0)),
        priced(NumberRange::at_least(0.0)),
        none().with_range(Rating, NumberRange::at_least(4.25)),
        none().with_range(Rating, NumberRange::at_least(0.0)),
        none().with_flag(FlagField::Discounted, true),
        none().with_flag(FlagField::Discounted, false),
        half.clone()
            .with_flag(FlagField::Discounted, true)
            .with_range(Rating, NumberRange::at_least(2.5)),
        shelf.clone().with_range(Price, between(20.0, 80.0)),
        dear.clone().with_any_of(Brand, ["no", ""]).with_any_of(MainCategory, ["yes"]),
        none().with_ids(["7", "12", "13", "unknown"].map(id)),
        half.clone().with_ids(["7", "12", "13"].map(id)),
        half.clone().with_ids(["7", "12", "14"].map(id)).without(["12", "unknown"].map(id)),
        colored(&["RED"]),
        colored(&["grun", "unheard of"]),
        colored(&[";"]),
        colored(&["unheard of"]),
        wide(between(20.0, 30.0)),
        wide(NumberRange::at_least(82.5)),
        wide(NumberRange::at_most(0.0)).with_any_of(MainCategory, ["yes"]),
        half.clone().without(["0", "2", "13", "unknown"].map(id)),
        none().without((0..60).map(|number| id(&number.to_string()))),
        half,
        shelf,
        dear,
        none(),
    ]
}

/// This holds for searches by words, by embedding, and by both.
pub async fn every_filter_admits_exactly_the_products_that_match(index: &Index) {
    let catalogue = catalogue(index).await;
    let vector = Some(vector(Numbers(3).embedding()));
    for filter in filters() {
        let mut expected: Vec<_> = catalogue
            .iter()
            .filter(|(name, (facets, _))| filter.admits(&id(name), facets, &thing()))
            .collect();
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
    let filters = KeywordField::ALL.map(|field| Filter::default().with_any_of(field, ["yes"]));
    let mut numbers = Numbers(4);
    for filter in filters {
        let admitted = catalogue
            .iter()
            .filter(|(name, (facets, _))| filter.admits(&id(name), facets, &thing()));
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
    let cheap = Filter::default().with_range(NumberField::Price, NumberRange::at_most(10.0));
    let query = CandidateQuery { filter: cheap, ..for_words("thing") };
    keep(index, &[priced(1, 20.0)]).await;
    assert!(ids(index, &query).await.is_empty());
    keep(index, &[IndexEntry { embedding: EntryEmbedding::Unchanged, ..priced(2, 9.99) }]).await;
    assert_eq!(ids(index, &query).await, ["thing"]);
    keep(index, &[priced(3, 10.01)]).await;
    assert!(ids(index, &query).await.is_empty());
}

/// Quotes, NUL, characters of four bytes and 100 kB are compared like every other value, in every field.
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
        for field in KeywordField::ALL {
            let filter = Filter::default().with_any_of(field, [text.clone()]);
            let found = ids(index, &CandidateQuery { filter, ..for_words("thing") }).await;
            assert_eq!(found, [number.to_string()]);
        }
    }
}
