//! Compares sets of documents with a naive model.

use crate::support::{Dice, Model, build, schema};
use flat_index::{
    DocumentFilter, DocumentOrder, DocumentSet, IndexDocument, RuleTerm, Snapshot, TermRule,
};
use std::collections::BTreeMap;

/// Returns the weight of a document: 1 for a lamp, 2 more if the first field says so; likewise 5 and 3
/// for red.
fn weight(document: &IndexDocument) -> u32 {
    let weigh = |word: &str, anywhere: u32, first: u32| {
        let mut fields = document.text.split('\n').map(|field| field.split(' ').any(|w| w == word));
        let is_first = fields.next().unwrap();
        let is_anywhere = is_first || fields.any(|contains| contains);
        u32::from(is_anywhere) * anywhere + u32::from(is_first) * first
    };
    weigh("lamp", 1, 2) + weigh("red", 5, 3)
}

fn compare(set: &DocumentSet<'_>, expected: &[&IndexDocument]) {
    assert_eq!((set.len(), set.is_empty()), (expected.len(), expected.is_empty()));
    let mut counts = BTreeMap::<&str, u64>::new();
    for document in expected {
        *counts.entry(&document.keywords[0]).or_default() += 1;
    }
    assert_eq!(set.keyword_counts(0).into_iter().collect::<BTreeMap<_, _>>(), counts);
    let numbers = expected.iter().filter_map(|document| document.numbers[0]);
    let mut visited = Vec::new();
    set.visit_numbers(0, |number| visited.push(number));
    visited.sort_by(f64::total_cmp);
    let mut sorted: Vec<_> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(visited, sorted);
    let mut counts = BTreeMap::<&str, u64>::new();
    for tag in expected.iter().flat_map(|document| &document.tags) {
        *counts.entry(&tag.value).or_default() += u64::from(tag.name == "color");
    }
    counts.retain(|_, count| *count > 0);
    assert_eq!(set.tag_counts("color").into_iter().collect::<BTreeMap<_, _>>(), counts);
    assert_eq!(set.tag_counts("colo"), []);
    for descending in [false, true] {
        compare_list_by_tag(set, expected, descending);
        let sign = if descending { -1.0 } else { 1.0 };
        let mut listed: Vec<_> = expected
            .iter()
            .map(|document| {
                (document.numbers[0].map_or(f64::INFINITY, |x| x * sign), &document.key)
            })
            .collect();
        listed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        let order = DocumentOrder { column: 0, descending };
        for (offset, limit) in [(0, 3), (2, 5), (7, 100), (0, 0)] {
            let page = listed.iter().skip(offset).take(limit).map(|(_, key)| key.as_str());
            let found = set.list(order, offset, limit);
            assert!(found.iter().map(|key| &**key).eq(page), "{found:?} of {listed:?}");
        }
    }
}

/// Sizes from 5 are no numbers.
fn compare_list_by_tag(set: &DocumentSet<'_>, expected: &[&IndexDocument], descending: bool) {
    let number = |value: &str| value.parse::<f64>().ok().filter(|number| *number < 5.0);
    let sign = if descending { -1.0 } else { 1.0 };
    let rank = |document: &IndexDocument| {
        let sizes = document.tags.iter().filter(|tag| tag.name == "size");
        let numbers = sizes.filter_map(|tag| number(&tag.value));
        numbers.map(|number| number * sign).fold(f64::INFINITY, f64::min)
    };
    let mut listed: Vec<_> = expected.iter().map(|one| (rank(one), &one.key)).collect();
    listed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    let page = listed.iter().skip(2).take(5).map(|(_, key)| key.as_str());
    let found = set.list_by_tag(("size", descending), number, 2, 5);
    assert!(found.iter().map(|key| &**key).eq(page), "{found:?} of {listed:?}");
}

fn compare_all(snapshot: &Snapshot, model: &Model, dice: &mut Dice) {
    compare(&snapshot.all(), &model.values().collect::<Vec<_>>());
    let terms = [
        RuleTerm { text: "lamp", anywhere: 1, heading: 2, alternatives: &[] },
        RuleTerm { text: "red", anywhere: 5, heading: 3, alternatives: &[] },
        RuleTerm { text: "unknown", anywhere: 9, heading: 9, alternatives: &[] },
    ];
    let keys: Vec<_> = (0..8).map(|_| dice.document().key).collect();
    let keyed = snapshot.keyed(keys.iter().map(String::as_str).chain(["unknown"]));
    compare(&keyed, &model.values().filter(|d| keys.contains(&d.key)).collect::<Vec<_>>());
    let filter = DocumentFilter { keys: keys.clone(), ..DocumentFilter::default() };
    compare(
        &snapshot.all().filtered(&filter).unwrap(),
        &model.values().filter(|d| keys.contains(&d.key)).collect::<Vec<_>>(),
    );
    let others = DocumentFilter { without_keys: keys.clone(), ..DocumentFilter::default() };
    compare(
        &snapshot.all().filtered(&others).unwrap(),
        &model.values().filter(|d| !keys.contains(&d.key)).collect::<Vec<_>>(),
    );
    compare_alternatives(snapshot, model);
    let values = ["red", "oak", "unknown"].map(str::to_owned);
    let tagged =
        DocumentFilter { tags: vec![("color".into(), values.into())], ..DocumentFilter::default() };
    let is_tagged = |document: &&IndexDocument| {
        document.tags.iter().any(|tag| ["red", "oak"].contains(&&*tag.value))
    };
    compare(
        &snapshot.all().filtered(&tagged).unwrap(),
        &model.values().filter(is_tagged).collect::<Vec<_>>(),
    );
    for least in [1, 3, 5, 8, 9, 11, 12] {
        let matching = snapshot.matching(&TermRule { terms: &terms, least });
        let matches = |d: &IndexDocument| weight(d) >= least;
        compare(&matching, &model.values().filter(|d| matches(d)).collect::<Vec<_>>());
        let united = matching.clone().union(&keyed);
        let expected = model.values().filter(|d| matches(d) || keys.contains(&d.key));
        compare(&united, &expected.collect::<Vec<_>>());
        let filter = DocumentFilter {
            numbers: vec![("price".into(), 2.0, 7.0)],
            ..DocumentFilter::default()
        };
        let cut = matching.without(&keyed).filtered(&filter).unwrap();
        let is_priced = |d: &IndexDocument| d.numbers[0].is_some_and(|x| (2.0..=7.0).contains(&x));
        let expected =
            model.values().filter(|d| matches(d) && !keys.contains(&d.key) && is_priced(d));
        compare(&cut, &expected.collect::<Vec<_>>());
    }
}

/// A lamp, or what is an oak desk, counts 1, and 2 more if the first field says so; "red" counts 5.
fn compare_alternatives(snapshot: &Snapshot, model: &Model) {
    let alternatives = [vec!["oak", "desk"], vec!["unknown", "red"], vec![]];
    let either = RuleTerm { text: "lamp", anywhere: 1, heading: 2, alternatives: &alternatives };
    let red = RuleTerm { text: "red", anywhere: 5, heading: 0, alternatives: &[] };
    let held = |document: &IndexDocument, word: &str| {
        let (first, _) = document.text.split_once('\n').unwrap();
        let has = |text: &str| text.split_whitespace().any(|other| other == word);
        (has(&document.text), has(first))
    };
    let weight = |document: &IndexDocument| {
        let [lamp, oak, desk] = ["lamp", "oak", "desk"].map(|word| held(document, word));
        u32::from(lamp.0 || oak.0 && desk.0)
            + 2 * u32::from(lamp.1 || oak.1 && desk.1)
            + 5 * u32::from(held(document, "red").0)
    };
    for least in [1, 2, 3, 5, 6, 8, 9] {
        let matching = snapshot.matching(&TermRule { terms: &[either, red], least });
        let expected = model.values().filter(|document| weight(document) >= least);
        compare(&matching, &expected.collect::<Vec<_>>());
    }
}

#[test]
fn sets_agree_with_a_naive_model_through_changes_and_rebuilds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let (mut dice, mut model) = (Dice(11), Model::new());
    let mut snapshot = Snapshot::new(schema(), None).unwrap();
    for round in 1..60 {
        let changes = dice.changes(&mut model);
        snapshot = snapshot.apply(round, changes).unwrap();
        compare_all(&snapshot, &model, &mut dice);
        if round % 20 == 0 {
            let base = build(&path, &schema(), round, model.values().cloned());
            snapshot = Snapshot::new(schema(), Some(&base)).unwrap();
            compare_all(&snapshot, &model, &mut dice);
        }
    }
}
