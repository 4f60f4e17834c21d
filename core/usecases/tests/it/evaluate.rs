use crate::shop::{Shop, id, row};
use akin_entities::{Query, SearchMode};
use akin_evaluation::{Grade, Judgments, Measure};
use akin_usecases::{EvaluateSearch, JudgedQuery};
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
        let evaluation = evaluate.run(mode, &queries, depth, &observe).await.unwrap();
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
    let evaluation = evaluate.run(SearchMode::Hybrid, &queries, depth, &|_| ()).await.unwrap();
    let recall: Vec<_> = evaluation.by_query(Measure::Recall).collect();
    assert_eq!(recall, [("last", Some(1.0))]);
}
