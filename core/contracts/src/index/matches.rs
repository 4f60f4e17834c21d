use super::counts::{count, sorted};
use super::filters::{catalogue, filters, thing};
use super::tags::attribute;
use super::{Index, keep, remove, vector};
use crate::sample::{direction, embedded, id, titled};
use akin_entities::{
    AnalyzedText, FacetField, FacetValues, Filter, KeywordField, NumberField, ProductId,
    Similarity, WeightedTerm, WordRule,
};
use akin_ports::{
    EntryEmbedding, ErrorKind, FacetCounts, FacetQuery, IndexEntry, MAX_DEPTH, MatchOrder,
    MatchPage, MatchQuery, Matches, Matching, NearRule, Relation,
};

/// Returns a query for all products that the filter admits.
pub(super) fn browse(filter: Filter) -> MatchQuery {
    MatchQuery { matching: Matching::Everything, filter, facets: Vec::new(), page: None }
}

/// Returns a query for products by their words.
fn by_words(terms: &[(&str, u32, u32)], least: u32) -> MatchQuery {
    let term = |&(text, anywhere, named): &(&str, u32, u32)| WeightedTerm {
        text: text.to_owned(),
        anywhere,
        named,
        alternatives: Vec::new(),
    };
    let words = Some(WordRule { terms: terms.iter().map(term).collect(), least });
    let matching = Matching::Some { words, also: Vec::new(), near: None };
    MatchQuery { matching, ..browse(Filter::default()) }
}

fn by_price(offset: usize, limit: usize) -> MatchPage {
    let order = MatchOrder { field: NumberField::Price.into(), descending: false };
    MatchPage { order, without: Vec::new(), offset, limit }
}

/// Returns every fixed field, and a field that products have by name.
fn fields() -> Vec<FacetField> {
    let color = FacetField::Tag(attribute("color"));
    FacetField::FIXED.into_iter().chain([color]).collect()
}

/// Returns a request to count every field under `filter`.
fn all_facets(filter: &Filter) -> Vec<FacetQuery> {
    let facet = |field| FacetQuery { field, filter: filter.clone(), also: Vec::new() };
    fields().into_iter().map(facet).collect()
}

async fn matches(index: &Index, query: &MatchQuery) -> Matches {
    let matches = index.matches(query).await.unwrap();
    assert_eq!(matches.relation, Relation::Exact);
    matches
}

/// Returns the ids of all matches, by price.
async fn listed(index: &Index, query: &MatchQuery) -> Vec<String> {
    let found =
        matches(index, &MatchQuery { page: Some(by_price(0, 1_000)), ..query.clone() }).await;
    assert_eq!(found.total, found.page.len() as u64);
    found.page.iter().map(ProductId::to_string).collect()
}

/// Writes a product with a title and a description.
fn described(name: &str, title: &str, description: &str) -> IndexEntry {
    let split = |text: &'static str| text.split_ascii_whitespace().collect::<Vec<_>>();
    let (title, description) = (title.to_owned().leak(), description.to_owned().leak());
    let text = AnalyzedText::new([split(title), split(description), vec![], vec![], vec![]]);
    IndexEntry { text, ..titled(name, 1, title, 0.0) }
}

/// Writes products, each with the word "lamp" and with these facets.
async fn keep_lamps(index: &Index, facets: &[(&str, FacetValues)]) {
    let entry = |(name, facets): &(&str, FacetValues)| IndexEntry {
        facets: facets.clone(),
        ..titled(name, 1, "lamp", 0.0)
    };
    keep(index, &facets.iter().map(entry).collect::<Vec<_>>()).await;
}

fn priced(price: f64) -> FacetValues {
    FacetValues { price: Some(price), ..FacetValues::default() }
}

fn branded(brand: &str) -> FacetValues {
    FacetValues { brand: brand.to_owned(), ..FacetValues::default() }
}

/// A term counts once, wherever it stands; in the title or the brand it counts more. Unknown terms count
/// nothing.
pub async fn products_match_by_the_weights_of_their_words(index: &Index) {
    let entries = [
        described("both", "red tripod tripod", "red"),
        described("split", "red", "tripod tripod"),
        described("below", "", "red tripod"),
        described("one", "tripod", "stand"),
        described("none", "tripods", "reddish"),
    ];
    keep(index, &entries).await;
    let all_named = by_words(&[("red", 0, 1), ("tripod", 0, 1)], 2);
    assert_eq!(listed(index, &all_named).await, ["both"]);
    let text =
        AnalyzedText::new([vec!["tripod"], vec![], vec!["stand"], vec!["lumo"], vec!["lumo"]]);
    keep(index, &[IndexEntry { text, ..titled("by brand", 1, "", 0.0) }]).await;
    let by_brand = |word| by_words(&[("tripod", 0, 1), (word, 0, 1)], 2);
    assert_eq!(listed(index, &by_brand("lumo")).await, ["by brand"]);
    assert_eq!(listed(index, &by_brand("stand")).await, [""; 0], "a category is no name");
    remove(index, &[("by brand", 2)]).await;
    let all_anywhere = by_words(&[("red", 1, 0), ("tripod", 1, 0)], 2);
    assert_eq!(listed(index, &all_anywhere).await, ["below", "both", "split"]);
    let any = by_words(&[("red", 1, 0), ("tripod", 1, 0), ("unheard", 9, 9)], 1);
    assert_eq!(listed(index, &any).await, ["below", "both", "one", "split"]);
    let weighed = by_words(&[("red", 3, 4), ("tripod", 5, 2)], 10);
    assert_eq!(listed(index, &weighed).await, ["both", "split"]);
    assert_eq!(listed(index, &by_words(&[("unheard", 1, 1)], 1)).await, [""; 0]);
    assert_eq!(listed(index, &by_words(&[], 0)).await, [""; 0]);
}

/// An alternative is held if all its terms are; whatever is held counts once. Alternatives of which the
/// index knows no word match nothing.
pub async fn a_word_is_met_by_one_of_its_alternatives(index: &Index) {
    let entries = [
        described("all", "mobile handset", "cell phone cover"),
        described("cell", "cell phone", ""),
        described("cover", "cover", "handset"),
        described("half", "phone", "cover"),
        described("split", "phone cover", "cell"),
    ];
    keep(index, &entries).await;
    let either = |anywhere, title, least| {
        let mut query = by_words(&[("mobile", anywhere, title), ("cover", 1, 0)], least);
        if let Matching::Some { words: Some(rule), .. } = &mut query.matching {
            let lists: [&[&str]; 4] =
                [&["cell", "phone"], &["handset"], &["pocket", "phone"], &["telly"]];
            let owned = |list: &[&str]| list.iter().map(|term| (*term).to_owned()).collect();
            rule.terms[0].alternatives = lists.map(owned).to_vec();
        }
        query
    };
    assert_eq!(listed(index, &either(2, 0, 2)).await, ["all", "cell", "cover", "split"]);
    assert_eq!(listed(index, &either(2, 0, 3)).await, ["all", "cover", "split"]);
    assert_eq!(listed(index, &either(2, 0, 4)).await, [""; 0], "no weight counts twice");
    assert_eq!(listed(index, &either(0, 2, 2)).await, ["all", "cell"], "wholly in the title");
    let mut unknown = either(1, 1, 1);
    if let Matching::Some { words: Some(rule), .. } = &mut unknown.matching {
        let alternatives = rule.terms[0].alternatives[..1].to_vec();
        let (text, anywhere) = ("unheard".to_owned(), 1);
        rule.terms = vec![WeightedTerm { text, anywhere, named: 1, alternatives }];
    }
    assert_eq!(listed(index, &unknown).await, ["all", "cell", "split"]);
}

/// They need no words in common with the query, and the filter applies to them as well.
pub async fn products_match_by_their_ids_whatever_their_words(index: &Index) {
    keep_lamps(index, &[("a", priced(1.0)), ("b", priced(2.0)), ("c", priced(3.0))]).await;
    let also = ["c", "a", "unknown"].map(id).to_vec();
    let named = Matching::Some { words: None, also: also.clone(), near: None };
    let query = MatchQuery { matching: named, ..browse(Filter::default()) };
    assert_eq!(listed(index, &query).await, ["a", "c"]);
    let filter = Filter::default().with_ids([id("a"), id("b")]);
    assert_eq!(listed(index, &MatchQuery { filter, ..query }).await, ["a"]);
    let MatchQuery { matching: Matching::Some { words, .. }, .. } = by_words(&[("lamp", 1, 0)], 1)
    else {
        panic!("a query by words")
    };
    let both = MatchQuery {
        matching: Matching::Some { words, also, near: None },
        ..browse(Filter::default())
    };
    assert_eq!(listed(index, &both).await, ["a", "b", "c"], "each once");
}

/// Both must be enough. The similarity is exact.
pub async fn products_match_by_words_and_similarity_together(index: &Index) {
    let entries = [
        titled("near", 1, "lamp", 10.0),
        titled("edge", 1, "red lamp", 59.0),
        titled("far", 1, "lamp", 61.0),
        titled("other", 1, "tripod", 0.0),
        titled("named", 1, "tripod", 90.0),
    ];
    keep(index, &entries).await;
    let term = WeightedTerm { text: "lamp".to_owned(), anywhere: 1, ..WeightedTerm::default() };
    let near = NearRule {
        words: WordRule { terms: vec![term], least: 1 },
        vector: vector(direction(0.0)),
        least: Similarity::new(0.5).unwrap(),
    };
    let matching = Matching::Some { words: None, also: vec![id("named")], near: Some(near) };
    let query = MatchQuery { matching, ..browse(Filter::default()) };
    assert_eq!(listed(index, &query).await, ["edge", "named", "near"]);
    let filter = Filter::default().with_ids([id("near"), id("far")]);
    assert_eq!(listed(index, &MatchQuery { filter, ..query }).await, ["near"]);
}

/// Whatever the number of products, under every filter. Products without a value are in no count.
pub async fn totals_and_facets_count_all_products_that_match(index: &Index) {
    let catalogue = catalogue(index).await;
    for filter in filters() {
        let admitted = catalogue
            .iter()
            .filter(|(name, (facets, _))| filter.admits(&id(name), facets, &thing()));
        let admitted: Vec<_> = admitted.map(|(_, (facets, _))| facets).collect();
        let words = by_words(&[("thing", 0, 1)], 1);
        for query in [words, browse(Filter::default())] {
            let facets = all_facets(&filter);
            let found =
                matches(index, &MatchQuery { filter: filter.clone(), facets, ..query }).await;
            assert_eq!(found.total, admitted.len() as u64, "{filter:?}");
            for (field, counts) in fields().into_iter().zip(found.facets) {
                assert_eq!(sorted(counts), count(&field, &admitted), "{field:?} of {filter:?}");
            }
        }
    }
}

/// Its counts are independent of the total and of other facets: under a chosen brand, all brands are
/// counted. It may also count products of its own.
pub async fn a_facet_is_counted_under_its_own_filter(index: &Index) {
    let values = [("a", "Lumo"), ("b", "Lumo"), ("c", "Pebble"), ("d", "Arc")];
    keep_lamps(index, &values.map(|(name, brand)| (name, branded(brand)))).await;
    keep(index, &[IndexEntry { facets: branded("Arc"), ..titled("e", 1, "tripod", 0.0) }]).await;
    let field = FacetField::Keyword(KeywordField::Brand);
    let chosen = Filter::default().with_any_of(KeywordField::Brand, ["Lumo"]);
    let facet = |filter: &Filter, also: &[&str]| FacetQuery {
        field: field.clone(),
        filter: filter.clone(),
        also: also.iter().map(|name| id(name)).collect(),
    };
    let none = Filter::default();
    let facets = vec![facet(&none, &[]), facet(&chosen, &[]), facet(&none, &["e", "a"])];
    let query = MatchQuery { filter: chosen, facets, ..by_words(&[("lamp", 0, 1)], 1) };
    let found = matches(index, &query).await;
    let counts = |counts: &[(&str, u64)]| {
        FacetCounts::Keyword(counts.iter().map(|&(value, n)| (value.to_owned(), n)).collect())
    };
    assert_eq!(found.total, 2);
    let expected = [
        counts(&[("Arc", 1), ("Lumo", 2), ("Pebble", 1)]),
        counts(&[("Lumo", 2)]),
        counts(&[("Arc", 2), ("Lumo", 2), ("Pebble", 1)]),
    ];
    assert_eq!(found.facets.into_iter().map(sorted).collect::<Vec<_>>(), expected);
}

/// In either direction.
pub async fn a_list_is_sorted_with_missing_numbers_last_and_ties_by_id(index: &Index) {
    let none = FacetValues::default;
    let priced = |rating, price| FacetValues { rating: Some(rating), ..priced(price) };
    let facets = [
        ("b", priced(4.0, 10.0)),
        ("B", priced(3.0, 10.0)),
        ("10", priced(4.5, 10.0)),
        ("9", priced(2.0, 9.99)),
        ("y", none()),
        ("x", none()),
        ("z", priced(4.5, 1e9)),
    ];
    keep_lamps(index, &facets).await;
    let list = |field: NumberField, descending| async move {
        let order = MatchOrder { field: field.into(), descending };
        let page = Some(MatchPage { order, without: Vec::new(), offset: 0, limit: 100 });
        let query = MatchQuery { page, ..by_words(&[("lamp", 1, 0)], 1) };
        let found = matches(index, &query).await;
        found.page.iter().map(ProductId::to_string).collect::<Vec<_>>()
    };
    assert_eq!(list(NumberField::Price, false).await, ["9", "10", "B", "b", "z", "x", "y"]);
    assert_eq!(list(NumberField::Price, true).await, ["z", "10", "B", "b", "9", "x", "y"]);
    assert_eq!(list(NumberField::Rating, true).await, ["10", "z", "b", "B", "9", "x", "y"]);
}

/// In the same order, whatever the size of a page; a page after the last is empty.
pub async fn the_pages_of_a_list_contain_every_product_once(index: &Index) {
    let catalogue = catalogue(index).await;
    let mut expected: Vec<_> =
        catalogue.iter().map(|(name, (facets, _))| (facets.price, name)).collect();
    expected.sort_by(|a, b| {
        let price = |one: Option<f64>| one.unwrap_or(f64::INFINITY);
        price(a.0).total_cmp(&price(b.0)).then_with(|| a.1.cmp(b.1))
    });
    let size = catalogue.len() / 7 + 1;
    let mut listed = Vec::new();
    for page in 0..8 {
        let query =
            MatchQuery { page: Some(by_price(page * size, size)), ..browse(Filter::default()) };
        let found = matches(index, &query).await;
        assert_eq!(found.total, catalogue.len() as u64);
        listed.extend(found.page);
    }
    assert!(
        listed.iter().map(ProductId::as_str).eq(expected.iter().map(|(_, name)| name.as_str()))
    );
    let after =
        MatchQuery { page: Some(by_price(catalogue.len(), size)), ..browse(Filter::default()) };
    assert_eq!(matches(index, &after).await.page, []);
}

/// Of which offset and limit do not count them.
pub async fn a_list_leaves_out_products_that_still_count(index: &Index) {
    keep_lamps(index, &["a", "b", "c", "d"].map(|name| (name, priced(1.0)))).await;
    let mut query = MatchQuery { page: Some(by_price(1, 2)), ..by_words(&[("lamp", 0, 1)], 1) };
    if let Some(page) = &mut query.page {
        page.without = ["b", "unknown"].map(id).to_vec();
    }
    query.facets = all_facets(&Filter::default());
    let found = matches(index, &query).await;
    assert_eq!((found.total, found.page), (4, ["c", "d"].map(id).to_vec()));
    let FacetCounts::Number(Some(prices)) = &found.facets[3] else { panic!("prices") };
    assert_eq!(prices.counts.iter().sum::<u64>(), 4);
}

/// Filters find every spelling.
pub async fn values_are_filtered_without_case_and_marks_and_counted_as_written(index: &Index) {
    let brands = [("a", "Café"), ("b", "CAFE"), ("c", "cafe\u{301}"), ("d", "Cafe "), ("e", "")];
    keep_lamps(index, &brands.map(|(name, brand)| (name, branded(brand)))).await;
    for asked in ["café", "CAFÉ", "cafe"] {
        let filter = Filter::default().with_any_of(KeywordField::Brand, [asked]);
        let query = MatchQuery { facets: all_facets(&filter), ..browse(filter) };
        assert_eq!(listed(index, &query).await, ["a", "b", "c"]);
        let brands = ["CAFE", "Café", "cafe\u{301}"].map(|brand| (brand.to_owned(), 1));
        let mut expected = brands.to_vec();
        expected.sort();
        let counts = sorted(matches(index, &query).await.facets.swap_remove(2));
        assert_eq!(counts, FacetCounts::Keyword(expected));
    }
}

/// Of titles, values and removals; a removed product is in no count.
pub async fn matches_follow_the_latest_writes(index: &Index) {
    let query = by_words(&[("lamp", 0, 1)], 1);
    keep(index, &[titled("a", 1, "lamp", 0.0), titled("b", 1, "lamp", 0.0)]).await;
    assert_eq!(listed(index, &query).await, ["a", "b"]);
    let moved = IndexEntry {
        version: akin_entities::Version(2),
        embedding: EntryEmbedding::Unchanged,
        ..described("a", "tripod", "lamp")
    };
    keep(index, &[moved]).await;
    assert_eq!(listed(index, &query).await, ["b"]);
    remove(index, &[("b", 2)]).await;
    assert_eq!(listed(index, &query).await, [""; 0]);
    assert_eq!(listed(index, &browse(Filter::default())).await, ["a"]);
    let back = titled("b", 3, "lamp lamp", 0.0);
    keep(index, &[IndexEntry { embedding: embedded(direction(1.0), "b"), ..back }]).await;
    assert_eq!(listed(index, &query).await, ["b"]);
}

/// It counts nothing and lists nothing.
pub async fn an_empty_index_has_no_matches(index: &Index) {
    for query in [browse(Filter::default()), by_words(&[("lamp", 1, 1)], 1)] {
        let facets = all_facets(&Filter::default());
        let found =
            matches(index, &MatchQuery { facets, page: Some(by_price(0, 10)), ..query }).await;
        assert_eq!((found.total, found.page, found.facets.len()), (0, vec![], 6));
        assert_eq!(found.facets[0], FacetCounts::Keyword(vec![]));
        assert_eq!(found.facets[4], FacetCounts::Number(None));
    }
}

/// The error names the limit.
pub async fn a_page_beyond_the_greatest_depth_is_refused(index: &Index) {
    keep_lamps(index, &[("a", priced(1.0))]).await;
    let last = MatchQuery { page: Some(by_price(MAX_DEPTH - 10, 10)), ..browse(Filter::default()) };
    assert_eq!(matches(index, &last).await.page, []);
    for (offset, limit) in [(MAX_DEPTH - 9, 10), (usize::MAX, usize::MAX)] {
        let query = MatchQuery { page: Some(by_price(offset, limit)), ..browse(Filter::default()) };
        let error = index.matches(&query).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.report().contains(&MAX_DEPTH.to_string()), "{}", error.report());
    }
}
