//! Measures agree with values computed by hand, and have the properties of their definitions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use akin_entities::ProductId;
use akin_evaluation::{
    Evaluation, Grade, JudgedSet, Judgments, Measure, SetEvaluation, bootstrap_mean,
    bootstrap_ratio, compare_evaluations, judged_ndcg, ndcg, paired_difference, precision, recall,
    reciprocal_rank,
};
use proptest::prelude::*;
use std::num::NonZeroUsize;

fn depth(depth: usize) -> NonZeroUsize {
    NonZeroUsize::new(depth).unwrap()
}

fn id(number: usize) -> ProductId {
    ProductId::new(format!("p{number}")).unwrap()
}

fn ids(numbers: &[usize]) -> Vec<ProductId> {
    numbers.iter().copied().map(id).collect()
}

/// Judges product 0 with the first grade, product 1 with the second, ...
fn judged(grades: &[u8]) -> Judgments {
    let grade = |(number, grade): (usize, &u8)| (id(number), Grade::new(*grade).unwrap());
    grades.iter().enumerate().map(grade).collect()
}

fn assert_near(left: Option<f64>, right: f64) {
    let left = left.unwrap();
    assert!((left - right).abs() < 1e-9, "{left} is not {right}");
}

#[test]
fn ndcg_agrees_with_a_sum_computed_by_hand() {
    // The gains are 7, 3, 1. Ranked as 3, 1, 7 they sum to 3 + 1 / log2 3 + 7 / 2; ideally to
    // 7 + 3 / log2 3 + 1 / 2.
    let judgments = judged(&[3, 2, 1, 0]);
    let by_hand = (3.0 + 0.630_929_753_571_457_4 + 3.5) / (7.0 + 1.892_789_260_714_372_2 + 0.5);
    assert_near(ndcg(&ids(&[1, 2, 0]), &judgments, depth(10)), by_hand);
    assert_near(ndcg(&ids(&[1]), &judgments, depth(1)), 3.0 / 7.0);
    assert_near(ndcg(&[], &judgments, depth(10)), 0.0);
    assert!(ndcg(&[], &judgments, depth(10)).unwrap().is_sign_positive());
    assert_eq!(ndcg(&ids(&[0]), &judged(&[0]), depth(10)), None);
}

#[test]
fn a_hit_without_a_grade_lowers_plain_ndcg_only() {
    let judgments = judged(&[3]);
    assert_near(ndcg(&ids(&[9, 0]), &judgments, depth(10)), 0.630_929_753_571_457_4);
    assert_near(judged_ndcg(&ids(&[9, 0]), &judgments, depth(10)), 1.0);
    assert_near(ndcg(&ids(&[9, 0]), &judgments, depth(1)), 0.0);
    assert_near(judged_ndcg(&ids(&[9, 0]), &judgments, depth(1)), 1.0);
}

#[test]
fn products_are_relevant_from_grade_two() {
    let judgments = judged(&[1, 2, 3, 0, 2]);
    let ranking = ids(&[0, 9, 1, 2]);
    assert_near(reciprocal_rank(&ranking, &judgments), 1.0 / 3.0);
    assert_near(recall(&ranking, &judgments, depth(4)), 2.0 / 3.0);
    assert_near(recall(&ranking, &judgments, depth(3)), 1.0 / 3.0);
    assert_near(precision(&ranking, &judgments, depth(4)), 0.5);
    assert_near(precision(&ranking, &judgments, depth(10)), 0.2);
    assert_near(reciprocal_rank(&ids(&[0]), &judgments), 0.0);
    assert_eq!(reciprocal_rank(&ranking, &judged(&[1, 1])), None);
}

#[test]
fn a_grade_is_a_number_from_0_to_3() {
    for grade in 0..=3 {
        assert_eq!(grade.to_string().parse::<Grade>(), Grade::new(grade));
    }
    assert_eq!(Grade::new(4).unwrap_err().to_string(), "not a grade of 0 to 3: \"4\"");
    for text in ["", "4", "-1", "2.0", "good", "256"] {
        let message = text.parse::<Grade>().unwrap_err().to_string();
        assert_eq!(message, format!("not a grade of 0 to 3: {text:?}"));
    }
}

#[test]
fn a_repeated_hit_counts_once() {
    let judgments = judged(&[3, 3]);
    let (repeated, once) = (ids(&[0, 0, 1]), ids(&[0, 1]));
    for measure in Measure::ALL {
        assert_eq!(
            measure.compute(&repeated, &judgments, depth(10)),
            measure.compute(&once, &judgments, depth(10))
        );
    }
}

#[test]
fn an_interval_contains_the_mean_and_is_reproducible() {
    let values: Vec<_> = (0..100).map(|value| f64::from(value % 2)).collect();
    let estimate = bootstrap_mean(&values).unwrap();
    assert!((estimate.mean - 0.5).abs() < 1e-12 && estimate.queries == 100);
    // The normal approximation is 0.5 ± 1.96 * 0.05.
    assert!(
        (estimate.low - 0.402).abs() < 0.02 && (estimate.high - 0.598).abs() < 0.02,
        "{estimate:?}"
    );
    assert_eq!(bootstrap_mean(&values), Some(estimate));
    assert_eq!(bootstrap_mean(&[]), None);
}

#[test]
fn the_p_value_is_the_probability_of_the_difference_by_chance() {
    // Two of the 2^10 sign assignments of ten equal differences are as large: p = 2 / 1024.
    let clear = paired_difference(&[0.1; 10]).unwrap();
    assert!((clear.p_value - 2.0 / 1024.0).abs() < 0.0015, "{clear:?}");
    assert!((clear.mean.low - 0.1).abs() < 1e-9);
    assert!((paired_difference(&[0.1, -0.1]).unwrap().p_value - 1.0).abs() < f64::EPSILON);
    assert!((paired_difference(&[0.0; 5]).unwrap().p_value - 1.0).abs() < f64::EPSILON);
}

#[test]
fn evaluations_are_compared_over_the_queries_that_both_measured() {
    let (mut lexical, mut hybrid) =
        (Evaluation::new("lexical", depth(10)), Evaluation::new("hybrid", depth(10)));
    let judgments = judged(&[3, 0]);
    lexical.add("tripod", &ids(&[1, 0]), &judgments);
    lexical.add("only here", &ids(&[0]), &judgments);
    lexical.add("nothing relevant", &ids(&[0]), &judged(&[0]));
    hybrid.add("tripod", &ids(&[0, 1]), &judgments);
    let comparison = compare_evaluations(&lexical, &hybrid, Measure::ReciprocalRank).unwrap();
    assert_eq!((comparison.from.as_str(), comparison.to.as_str()), ("lexical", "hybrid"));
    assert_eq!(comparison.difference.mean.queries, 1);
    assert!((comparison.difference.mean.mean - 0.5).abs() < 1e-12);
    let report = lexical.report();
    assert_eq!((report.queries, report.measures[0].name.as_str()), (3, "nDCG@10"));
    assert_eq!(report.measures[0].mean.unwrap().queries, 2);
    assert_eq!(
        compare_evaluations(&lexical, &Evaluation::new("none", depth(10)), Measure::Ndcg),
        None
    );
    assert_eq!(
        compare_evaluations(&lexical, &Evaluation::new("short", depth(5)), Measure::Ndcg),
        None
    );
}

#[test]
fn a_result_set_is_measured_over_its_judged_products_only() {
    // Products 0 and 1 are relevant, 2 and 3 are not, 9 was not judged.
    let judgments = judged(&[3, 2, 1, 0]);
    let set = JudgedSet::new(&ids(&[0, 2, 9, 0]), &judgments);
    assert_eq!(set, JudgedSet { relevant_found: 1, judged_found: 2, relevant: 2 });
    assert_near(set.precision(), 0.5);
    assert_near(set.recall(), 0.5);
    let nothing = JudgedSet::new(&ids(&[9]), &judgments);
    assert_eq!((nothing.precision(), nothing.recall()), (None, Some(0.0)));
    let nothing_relevant = JudgedSet::new(&ids(&[0]), &judged(&[1]));
    assert_eq!((nothing_relevant.precision(), nothing_relevant.recall()), (Some(0.0), None));
}

#[test]
fn sets_are_measured_over_all_judged_pairs_together() {
    let mut sets = SetEvaluation::default();
    assert_eq!((sets.precision(), sets.recall()), (None, None));
    sets.add("many", JudgedSet { relevant_found: 8, judged_found: 10, relevant: 10 });
    sets.add("few", JudgedSet { relevant_found: 0, judged_found: 2, relevant: 0 });
    sets.add("none", JudgedSet { relevant_found: 0, judged_found: 0, relevant: 2 });
    // 8 of the 12 found are relevant, 8 of the 12 relevant are found.
    let (precision, recall) = (sets.precision().unwrap(), sets.recall().unwrap());
    assert_near(Some(precision.mean), 8.0 / 12.0);
    assert_near(Some(recall.mean), 8.0 / 12.0);
    assert_eq!((precision.queries, recall.queries), (2, 2));
    assert_near(Some(precision.low), 0.0);
    assert_near(Some(precision.high), 0.8);
    assert_eq!(sets.by_query().count(), 3);
}

#[test]
fn a_ratio_of_equal_pairs_has_an_interval_of_no_width() {
    let estimate = bootstrap_ratio(&[(1, 4); 20]).unwrap();
    for value in [estimate.mean, estimate.low, estimate.high] {
        assert_near(Some(value), 0.25);
    }
    assert_eq!(bootstrap_ratio(&[(0, 0)]), None);
}

#[test]
fn a_restored_evaluation_equals_the_one_that_was_measured() {
    let (mut measured, judgments) = (Evaluation::new("hybrid", depth(10)), judged(&[3, 0, 2]));
    measured.add("tripod", &ids(&[1, 0]), &judgments);
    measured.add("nothing relevant", &ids(&[0]), &judged(&[0]));
    let mut restored = Evaluation::new("hybrid", measured.depth());
    for measure in Measure::ALL {
        for (query, value) in measured.by_query(measure) {
            restored.restore(query, measure, value);
        }
    }
    assert_eq!(restored, measured);
}

#[test]
fn values_that_differ_in_the_last_bit_do_not_differ() {
    let (mut before, mut after) =
        (Evaluation::new("before", depth(10)), Evaluation::new("after", depth(10)));
    for query in ["q1", "q2"] {
        before.restore(query, Measure::Ndcg, Some(0.3));
        after.restore(query, Measure::Ndcg, Some(0.1 + 0.2));
    }
    let mean = compare_evaluations(&after, &before, Measure::Ndcg).unwrap().difference.mean;
    for value in [mean.mean, mean.low, mean.high] {
        assert_eq!(format!("{value:+.3}"), "+0.000");
    }
}

fn judged_rankings() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    prop::collection::vec(0..=3_u8, 1..15).prop_flat_map(|grades| {
        let order: Vec<_> = (0..grades.len() + 3).collect();
        (Just(grades), Just(order).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn every_measure_is_0_to_1((grades, order) in judged_rankings(), at in 1..20_usize) {
        for measure in Measure::ALL {
            if let Some(value) = measure.compute(&ids(&order), &judged(&grades), depth(at)) {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value), "{measure:?} {value}");
            }
        }
    }

    #[test]
    fn the_ideal_order_gives_1((grades, _) in judged_rankings(), at in 1..20_usize) {
        let mut order: Vec<_> = (0..grades.len()).collect();
        order.sort_by_key(|&number| std::cmp::Reverse(grades[number]));
        if let Some(value) = ndcg(&ids(&order), &judged(&grades), depth(at)) {
            prop_assert!((value - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn moving_a_better_hit_up_never_lowers_a_measure(
        (grades, order) in judged_rankings(), one in 0..15_usize, other in 0..15_usize, at in 1..20_usize,
    ) {
        let (upper, lower) = (one.min(other) % order.len(), one.max(other) % order.len());
        let (upper, lower) = (upper.min(lower), upper.max(lower));
        // Products without a grade are skipped: the judged nDCG ignores their position.
        let (Some(above), Some(below)) = (grades.get(order[upper]), grades.get(order[lower])) else {
            return Ok(());
        };
        let mut swapped = order.clone();
        if below > above {
            swapped.swap(upper, lower);
        }
        for measure in Measure::ALL {
            let before = measure.compute(&ids(&order), &judged(&grades), depth(at));
            let after = measure.compute(&ids(&swapped), &judged(&grades), depth(at));
            prop_assert!(after.unwrap_or(0.0) >= before.unwrap_or(0.0) - 1e-12, "{measure:?}");
        }
    }
}
