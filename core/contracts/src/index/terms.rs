use super::{Index, keep, remove};
use crate::sample::titled;
use akin_entities::{AnalyzedText, Statistics, Version};
use akin_ports::{EntryEmbedding, IndexEntry};
use std::collections::BTreeMap;

fn words(statistics: &dyn Statistics, beginning: &str) -> BTreeMap<String, u64> {
    let mut words = BTreeMap::new();
    statistics.visit_words_from(beginning, &mut |word, count| {
        assert_eq!(words.insert(word.to_owned(), count), None, "{word} is visited twice");
    });
    words
}

fn terms(statistics: &dyn Statistics, beginning: &str) -> BTreeMap<String, u64> {
    let mut terms = BTreeMap::new();
    statistics.visit_terms(beginning, &mut |term, count| {
        assert_eq!(terms.insert(term.to_owned(), count), None, "{term} is visited twice");
    });
    terms
}

fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect()
}

/// Words as they are written, terms as they were analyzed; not those that no product contains any longer.
pub async fn words_and_terms_are_visited_by_their_beginnings(index: &Index) {
    let entry = |name, title: &'static str, words: &str| IndexEntry {
        words: words.to_owned(),
        ..titled(name, 1, title, 0.0)
    };
    let entries = [
        entry("a", "tripod travel 電話", "tripods travels"),
        entry("b", "tripod trail gone tripod", "tripods trailing gone"),
        entry("c", "größe tri 電池", "größen tri"),
    ];
    keep(index, &entries).await;
    let moved = entry("b", "tripod trail", "tripod trails");
    let embedding = EntryEmbedding::Unchanged;
    keep(index, &[IndexEntry { version: Version(2), embedding, ..moved }]).await;
    remove(index, &[("c", 2)]).await;
    let statistics = index.statistics().await.unwrap();
    let statistics = &*statistics;
    assert_eq!(words(statistics, "tripod"), counts(&[("tripod", 1), ("tripods", 1)]));
    assert_eq!(words(statistics, "tra"), counts(&[("trails", 1), ("travels", 1)]));
    assert_eq!(terms(statistics, "tr"), counts(&[("trail", 1), ("travel", 1), ("tripod", 2)]));
    assert_eq!(terms(statistics, "電"), counts(&[("電話", 1)]));
    assert_eq!(terms(statistics, "電話"), counts(&[("電話", 1)]));
    for beginning in ["g", "größ", "", "TR", "tripods and", "x"] {
        assert_eq!(terms(statistics, beginning), counts(&[]), "{beginning}");
        assert_eq!(words(statistics, beginning), counts(&[]), "{beginning}");
    }
}

/// In their titles and brands, and as of the latest writes. Of no terms, all names hold each.
pub async fn names_with_several_terms_are_counted_for_each_of_others(index: &Index) {
    let entries = [
        titled("a", 1, "red phone tripod", 0.0),
        titled("b", 1, "red travel tripod tripod", 0.0),
        titled("c", 1, "red lamp", 0.0),
        titled("d", 1, "tripod 電話", 0.0),
    ];
    keep(index, &entries).await;
    let text = [vec!["tripod"], vec!["red"], vec!["lamp"], vec!["lumo"], vec!["travel"]];
    keep(index, &[IndexEntry { text: AnalyzedText::new(text), ..titled("e", 1, "", 0.0) }]).await;
    let counted = |all: &'static str, terms: &'static str| async move {
        let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let all = if all.is_empty() { Vec::new() } else { split(all) };
        index.name_counts(&all, &split(terms)).await.unwrap()
    };
    assert_eq!(counted("red", "tripod lamp travel unheard red tripod").await, [2, 1, 1, 0, 3, 2]);
    assert_eq!(counted("", "tripod red 電話 tri").await, [4, 3, 1, 0]);
    assert_eq!(counted("lumo", "tripod red lamp travel").await, [1, 0, 0, 0], "no other field");
    assert_eq!(counted("red tripod", "phone lamp").await, [1, 0]);
    assert_eq!(counted("red red", "lamp").await, [1]);
    assert_eq!(counted("unheard red", "lamp").await, [0]);
    assert_eq!(index.name_counts(&["red".to_owned()], &[]).await.unwrap(), [0; 0]);
    remove(index, &[("a", 2)]).await;
    keep(index, &[titled("c", 2, "red tripod", 0.0)]).await;
    assert_eq!(counted("red", "tripod lamp").await, [2, 0]);
}
