use crate::shop::{Shop, id, row};
use akin_entities::{Query, SearchMode};
use akin_evaluation::{Grade, JudgedSet, Judgments, Measure};
use akin_usecases::{EvaluateSearch, JudgedQuery, MissedProduct};
use std::num::NonZeroUsize;
use std::sync::Mutex;

fn judged(name: &str, words: &str, grades: &[(&str, u8)]) -> JudgedQuery {
    let grade = |(product, grade): &(&str, u8)| (id(product), Grade::new(*grade).unwrap());
    let judgments: Judgments = grades.iter().map(grade).collect();
    JudgedQuery { name: name.to_owned(), query: Query::new(words).unwrap(), judgments }
}

#[tokio::test]
async fn every_mode_is_measured_over_every_query() {
    let shop = Shop::new();
    let rows =
        [row("1", "phone tripod", ""), row("2", "desk lamp", ""), row("3", "coffee cup", "")];
    shop.stock(&rows).await;
    let queries = [
        judged("right", "tripod for a phone", &[("1", 3), ("2", 0)]),
        judged("wrong", "desk lamp", &[("3", 3)]),
        judged("nothing to find", "cup", &[("1", 0)]),
    ];
    let evaluate = EvaluateSearch { search: shop.search() };
    let depth = NonZeroUsize::new(10).unwrap();
    for mode in SearchMode::ALL {
        let told = Mutex::new(Vec::new());
        let observe = |done| told.lock().unwrap().push(done);
        let evaluation = evaluate.run(mode, &queries, depth, &observe).await.unwrap().evaluation;
        assert_eq!(told.into_inner().unwrap(), [1, 2, 3]);
        let report = evaluation.report();
        assert_eq!((&*report.name, report.queries), (mode.name(), 3));
        let ranks: Vec<_> = evaluation.by_query(Measure::ReciprocalRank).collect();
        assert_eq!(ranks[0], ("nothing to find", None));
        assert_eq!(ranks[1], ("right", Some(1.0)));
        assert!(ranks[2].1.unwrap() < 1.0, "the cup is not the first for a lamp");
    }
}

#[tokio::test]
async fn hits_beyond_the_first_page_are_measured() {
    let shop = Shop::new();
    let rows: Vec<_> = (0..60).map(|n| row(&format!("{n:02}"), "phone tripod", "")).collect();
    shop.stock(&rows).await;
    // Ties are ordered by id, so product 59 comes last.
    let queries = [judged("last", "phone tripod", &[("59", 3)])];
    let depth = NonZeroUsize::new(60).unwrap();
    let evaluate = EvaluateSearch { search: shop.search() };
    let evaluated = evaluate.run(SearchMode::Hybrid, &queries, depth, &|_| ()).await.unwrap();
    let recall: Vec<_> = evaluated.evaluation.by_query(Measure::Recall).collect();
    assert_eq!(recall, [("last", Some(1.0))]);
}

#[tokio::test]
async fn the_result_set_its_cheapest_products_and_what_it_lacks_are_measured() {
    let shop = Shop::new();
    let rows = [
        row("1", "phone tripod", "300"),
        row("2", "phone tripod bag", "100"),
        row("3", "camera stand", "50"),
        row("4", "phone tripod head", "200"),
    ];
    shop.stock(&rows).await;
    let queries = [judged("q", "phone tripod", &[("1", 3), ("2", 0), ("3", 2)])];
    let evaluate = EvaluateSearch { search: shop.search() };
    let depth = NonZeroUsize::new(2).unwrap();
    let evaluated = evaluate.run(SearchMode::Lexical, &queries, depth, &|_| ()).await.unwrap();
    let set =
        |relevant_found, judged_found| JudgedSet { relevant_found, judged_found, relevant: 2 };
    assert_eq!(evaluated.sets.by_query().collect::<Vec<_>>(), [("q", set(1, 2))]);
    // The two cheapest of the three that hold the words: 2, which is wrong, and 4, which nobody judged.
    assert_eq!(evaluated.first_by_price.by_query().collect::<Vec<_>>(), [("q", set(0, 1))]);
    let [answer] = &*evaluated.answers else { panic!("one query, {:?}", evaluated.answers) };
    assert_eq!((answer.total, answer.hits.len()), (3, 2));
    assert_eq!((&*answer.hits[0].name, answer.hits[0].grade), ("phone tripod", Grade::new(3).ok()));
    let missed = MissedProduct { id: id("3"), grade: Grade::RELEVANT, rank: None, fits: false };
    assert_eq!(answer.missed, [missed]);
}

#[tokio::test]
async fn a_result_set_larger_than_a_page_is_measured_whole_and_what_is_shown_is_measured_apart() {
    let shop = Shop::new();
    let mut rows: Vec<_> = (0..1_200)
        .map(|n| row(&format!("{n:04}"), "phone tripod", &(2_000 - n).to_string()))
        .collect();
    rows.push(row("near", "phone", ""));
    shop.stock(&rows).await;
    let grades = [("0000", 3), ("1199", 3), ("near", 0)];
    let queries =
        [judged("tripods", "phone tripod", &grades), judged("nothing", "xqzzvwk", &grades)];
    let evaluate = EvaluateSearch { search: shop.search() };
    let depth = NonZeroUsize::new(10).unwrap();
    let evaluated = evaluate.run(SearchMode::Hybrid, &queries, depth, &|_| ()).await.unwrap();
    let set =
        |relevant_found| JudgedSet { relevant_found, judged_found: relevant_found, relevant: 2 };
    let sets: Vec<_> = evaluated.sets.by_query().collect();
    assert_eq!(sets, [("nothing", set(0)), ("tripods", set(2))]);
    // The cheapest product has the last id.
    let cheapest: Vec<_> = evaluated.first_by_price.by_query().collect();
    assert_eq!(cheapest, [("nothing", set(0)), ("tripods", set(1))]);
    let [tripods, nothing] = &*evaluated.answers else { panic!("two queries") };
    assert_eq!((tripods.total, nothing.total), (1_200, 0));
    assert!(!nothing.hits.is_empty(), "what comes closest is shown");
    let missed: Vec<_> =
        tripods.missed.iter().map(|product| (product.id.as_str(), product.fits)).collect();
    assert_eq!(missed, [("1199", true)]);
    let shown: Vec<_> = evaluated.shown.by_query(Measure::ReciprocalRank).collect();
    assert_eq!(shown[1], ("tripods", Some(1.0)));
}
