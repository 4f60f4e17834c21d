use super::{Index, for_words, ids, keep, matches::browse, query, remove, vector};
use crate::sample::{Numbers, direction, embedded, id, titled};
use akin_entities::{
    AnalyzedText, FacetField, FacetValues, Filter, KeywordField, NumberField, NumberRange,
    PhraseCondition, ProductId,
};
use akin_ports::{
    CandidateQuery, EntryEmbedding, FacetCounts, FacetQuery, IndexEntry, MatchOrder, MatchPage,
    MatchQuery,
};

fn spelling(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Returns the filter of products that hold one of the spellings, or that do not.
fn phrase(spellings: &[&str], held: bool) -> Filter {
    let spellings = spellings.iter().map(|text| spelling(text)).collect();
    Filter::default().with_phrases([PhraseCondition { spellings, held }])
}

fn holding(text: &str) -> Filter {
    phrase(&[text], true)
}

fn lacking(text: &str) -> Filter {
    phrase(&[text], false)
}

/// Asserts that searches by words, by embedding and by both, totals and lists are of the products
/// `expected`. All products have the word "thing".
async fn assert_found(index: &Index, filter: &Filter, expected: &[&str]) {
    let by_words = CandidateQuery { depth: 100, filter: filter.clone(), ..for_words("thing") };
    let vector = Some(vector(direction(0.0)));
    let by_both = CandidateQuery { vector: vector.clone(), ..by_words.clone() };
    let by_meaning = CandidateQuery { vector, terms: Vec::new(), ..by_words.clone() };
    for query in [by_words, by_both, by_meaning] {
        assert_eq!(ids(index, &query).await, expected, "{query:?}");
    }
    let order = MatchOrder { field: NumberField::Price.into(), descending: false };
    let page = Some(MatchPage { order, without: Vec::new(), offset: 0, limit: 100 });
    let found = index.matches(&MatchQuery { page, ..browse(filter.clone()) }).await.unwrap();
    let listed: Vec<_> = found.page.iter().map(ProductId::as_str).collect();
    assert_eq!(listed, expected, "{filter:?}");
    assert_eq!(found.total, expected.len() as u64, "{filter:?}");
}

/// Creates a product with terms in all fields, the last one "thing".
fn product(name: &str, fields: [&'static str; 5]) -> IndexEntry {
    let mut terms = fields.map(|text| text.split_whitespace().collect::<Vec<_>>());
    terms[4].push("thing");
    IndexEntry { text: AnalyzedText::new(terms), ..titled(name, 1, "", 0.0) }
}

/// Two fields side by side are not one; terms are whole.
pub async fn a_phrase_is_held_adjacent_and_in_order_in_one_field(index: &Index) {
    let entries = [
        product("a", ["red phone tripod", "stand for it", "", "", ""]),
        product("b", ["red", "phone tripod", "", "", "case"]),
        product("c", ["tripod phone", "", "red red tripod", "", ""]),
        product("d", ["phone", "a tripod of a phone", "", "lumo", "phone tripods"]),
        product("e", ["", "", "", "", ""]),
    ];
    keep(index, &entries).await;
    for (text, holders) in [
        ("phone tripod", &["a", "b"][..]),
        ("red phone tripod", &["a"]),
        ("red tripod", &["c"]),
        ("red phone", &["a"]),
        ("tripod stand", &[]),
        ("phone tripod stand", &[]),
        ("tripod", &["a", "b", "c", "d"]),
        ("a tripod of a phone", &["d"]),
        ("red red", &["c"]),
        ("tripod tripod", &[]),
        ("lumo", &["d"]),
        ("case thing", &["b"]),
        ("tri pod", &[]),
        ("unheard", &[]),
        ("unheard tripod", &[]),
        ("", &[]),
    ] {
        assert_found(index, &holding(text), holders).await;
        let others = ["a", "b", "c", "d", "e"].into_iter();
        let others: Vec<_> = others.filter(|name| !holders.contains(name)).collect();
        assert_found(index, &lacking(text), &others).await;
    }
}

/// Of several conditions, each must be met.
pub async fn one_spelling_of_a_phrase_is_enough(index: &Index) {
    let entries = [
        product("a", ["red t shirt tshirt", "", "", "", ""]),
        product("b", ["red tshirt", "", "", "", ""]),
        product("c", ["red shirt", "電話 größe", "", "", ""]),
        product("d", ["_ph006 blue", "", "", "", ""]),
    ];
    keep(index, &entries).await;
    let both = ["red t shirt tshirt", "red tshirt", ""];
    assert_found(index, &phrase(&both, true), &["a", "b"]).await;
    assert_found(index, &phrase(&both, false), &["c", "d"]).await;
    assert_found(index, &phrase(&["_ph006", "電話 größe"], true), &["c", "d"]).await;
    assert_found(index, &phrase(&["blue", "unheard"], false), &["a", "b", "c"]).await;
    assert_found(index, &phrase(&[], true), &[]).await;
    assert_found(index, &phrase(&[], false), &["a", "b", "c", "d"]).await;
    let filters = [holding("red"), lacking("shirt tshirt"), lacking("blue")];
    let all = Filter::default().with_phrases(filters.into_iter().flat_map(|one| one.phrases));
    assert_found(index, &all, &["b", "c"]).await;
    let listed = all.with_ids([id("a"), id("c")]);
    assert_found(index, &listed, &["c"]).await;
}

/// Quotes, operators and wildcards are terms that no product has.
pub async fn terms_of_a_phrase_are_taken_literally(index: &Index) {
    keep(index, &[product("a", ["red tripod", "", "", "", ""])]).await;
    for text in
        ["red*", "* tripod", "red ' tripod", "red\" tripod", "'; --", ".* .*", "% _", "-red"]
    {
        assert_found(index, &holding(text), &[]).await;
        assert_found(index, &lacking(text), &["a"]).await;
    }
    let nul =
        PhraseCondition { spellings: vec![vec!["red\0".into(), "tripod".into()]], held: true };
    assert_found(index, &Filter::default().with_phrases([nul]), &[]).await;
    let blank = PhraseCondition { spellings: vec![vec![String::new()]], held: true };
    assert_found(index, &Filter::default().with_phrases([blank]), &[]).await;
}

/// Counts, facets and pages of many products are exact, and searches return as many as qualify.
pub async fn phrases_filter_any_number_of_products(index: &Index) {
    let mut numbers = Numbers(8);
    let titles = ["red lamp", "lamp red", "red", "lamp", "red desk lamp", "blue red lamp"];
    let mut entries = Vec::new();
    for number in 0..index.size() {
        let brand = if number % 3 == 0 { "Lumo" } else { "Arc" };
        let price = Some(f64::from(u32::try_from(number % 100).unwrap()));
        let facets = FacetValues { brand: brand.into(), price, ..FacetValues::default() };
        let title = titles[numbers.below(titles.len())];
        let embedding = embedded(numbers.embedding(), title);
        entries.push(IndexEntry {
            embedding,
            facets,
            ..titled(&number.to_string(), 1, title, 0.0)
        });
    }
    keep(index, &entries).await;
    let cheap = |filter: Filter| filter.with_range(NumberField::Price, NumberRange::at_most(50.0));
    for filter in [holding("red lamp"), lacking("red lamp"), cheap(holding("lamp")), lacking("red")]
    {
        let admitted: Vec<_> = entries
            .iter()
            .filter(|entry| filter.admits(&entry.id, &entry.facets, &entry.text))
            .collect();
        let field = FacetField::Keyword(KeywordField::Brand);
        let facets = vec![FacetQuery { field, filter: filter.clone(), also: Vec::new() }];
        let found = index.matches(&MatchQuery { facets, ..browse(filter.clone()) }).await.unwrap();
        assert_eq!(found.total, admitted.len() as u64, "{filter:?}");
        let FacetCounts::Keyword(mut counts) = found.facets[0].clone() else { panic!("values") };
        counts.sort();
        let count = |brand: &str| {
            admitted.iter().filter(|entry| entry.facets.brand == brand).count() as u64
        };
        assert_eq!(counts, [("Arc".into(), count("Arc")), ("Lumo".into(), count("Lumo"))]);
        let near = Some(vector(numbers.embedding()));
        let nearest = CandidateQuery { vector: near, filter, depth: 10, ..query() };
        assert_eq!(ids(index, &nearest).await.len(), admitted.len().min(10));
    }
}

/// Of texts and removals.
pub async fn phrases_follow_the_latest_writes(index: &Index) {
    let titled = |title, version| IndexEntry {
        version: akin_entities::Version(version),
        ..product("a", [title, "", "", "", ""])
    };
    keep(index, &[titled("red lamp", 1), product("b", ["red lamp", "", "", "", ""])]).await;
    assert_found(index, &holding("red lamp"), &["a", "b"]).await;
    let moved = IndexEntry { embedding: EntryEmbedding::Unchanged, ..titled("lamp red", 2) };
    keep(index, &[moved]).await;
    assert_found(index, &holding("red lamp"), &["b"]).await;
    assert_found(index, &lacking("red lamp"), &["a"]).await;
    remove(index, &[("b", 2)]).await;
    assert_found(index, &holding("red lamp"), &[]).await;
    assert_found(index, &holding("lamp red"), &["a"]).await;
}
