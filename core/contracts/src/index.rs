//! The contract of [`ProductIndex`]. Embeddings have [`crate::sample::DIMENSION`] coordinates.

mod concurrency;
mod copy;
mod filters;
mod meaning;
mod models;
mod removal;
mod statistics;
mod union;
mod words;
mod writes;

pub use concurrency::*;
pub use copy::*;
pub use filters::*;
pub use meaning::*;
pub use models::*;
pub use removal::*;
pub use statistics::*;
pub use union::*;
pub use words::*;
pub use writes::*;

use crate::Subject;
use crate::sample::{fingerprint, id};
use akin_entities::{Change, Embedding, Filter, Version};
use akin_ports::{Candidate, CandidateQuery, Failures, IndexEntry, ProductIndex, QueryVector};
use std::collections::HashMap;

type Index = Subject<dyn ProductIndex>;

/// A test of each rule, against the fresh, empty index that `$fresh().await` returns as a
/// [`Subject`]; the attributes go to each test.
#[macro_export]
macro_rules! product_index_contract {
    ($fresh:path $(, $attribute:meta)*) => {
        $crate::rules!(
            index, ($fresh().await), [$($attribute),*],
            an_empty_index_answers_everything,
            an_empty_batch_changes_nothing,
            an_entry_is_known_and_found_as_it_was_kept,
            unusual_ids_stay_apart,
            texts_of_any_length_are_kept_as_they_were,
            a_word_of_100_kilobytes_harms_nobody,
            a_late_older_entry_never_overwrites_and_is_no_failure,
            an_entry_of_the_same_version_overwrites,
            of_a_repeated_id_the_newest_counts,
            a_redelivered_batch_changes_nothing,
            many_entries_fit_into_a_batch,
            a_kept_meaning_stays_while_all_else_changes,
            a_kept_meaning_that_is_not_known_fails_alone,
            a_removed_product_is_not_found,
            removing_again_or_the_unknown_is_harmless,
            a_late_older_removal_is_no_failure_and_removes_nothing,
            a_removed_product_stays_removed_when_an_older_entry_is_late,
            a_removed_product_returns_with_a_newer_entry,
            a_removed_product_keeps_no_meaning,
            vectors_of_another_model_fail_alone,
            an_embedding_of_another_length_than_its_model_fails_alone,
            a_query_of_another_model_is_refused,
            a_query_of_another_dimension_is_refused,
            an_emptied_index_takes_another_model,
            the_nearest_come_with_their_exact_cosines,
            the_threshold_is_a_cosine,
            a_threshold_does_not_cut_those_found_by_words,
            without_an_embedding_there_are_no_cosines,
            among_many_the_nearest_are_found,
            any_term_may_match_in_any_field,
            a_product_with_more_of_the_terms_is_found_first,
            terms_are_compared_whole_and_as_they_are,
            unknown_and_repeated_terms_change_nothing,
            both_parts_bring_as_many_as_asked_for,
            a_product_found_by_both_parts_comes_once,
            facets_come_as_they_were_kept_where_they_are_asked_for,
            a_query_for_nothing_finds_nothing,
            a_depth_beyond_the_catalogue_brings_all,
            ties_are_cut_at_the_depth_and_always_alike,
            every_filter_lets_through_what_it_admits_and_no_more,
            a_filtered_search_brings_as_many_as_qualify,
            filters_see_what_was_written_last,
            unusual_values_are_filtered_as_they_are,
            the_statistics_are_those_that_counting_gives,
            the_statistics_follow_changes_and_removals,
            statistics_that_were_taken_stay_as_they_were,
            every_word_is_visited_by_its_first_letter,
            eight_writers_of_one_product_leave_the_newest,
            eight_writers_of_many_products_lose_none,
            a_reader_sees_each_entry_whole,
            a_list_names_every_entry_once_in_the_order_of_the_ids,
        );
    };
}

/// A query for nothing yet.
fn query() -> CandidateQuery {
    CandidateQuery {
        terms: Vec::new(),
        vector: None,
        filter: Filter::default(),
        depth: 10,
        threshold: None,
        with_facets: false,
    }
}

/// A query for products with any of these `terms`, separated by blanks.
fn for_words(terms: &str) -> CandidateQuery {
    let terms = terms.split_whitespace().map(str::to_owned).collect();
    CandidateQuery { terms, ..query() }
}

/// A query for products near `embedding`.
fn near(embedding: Embedding) -> CandidateQuery {
    CandidateQuery { vector: Some(vector(embedding)), ..query() }
}

/// Where the suites' model points.
fn vector(embedding: Embedding) -> QueryVector {
    QueryVector { embedding, fingerprint: fingerprint() }
}

/// Keeps `entries`; says which failed.
async fn upsert(index: &Index, entries: &[IndexEntry]) -> Failures {
    let failures = index.upsert(entries).await.unwrap();
    index.refresh().await;
    failures
}

/// Keeps `entries`, none of which may fail.
async fn keep(index: &Index, entries: &[IndexEntry]) {
    let failures = upsert(index, entries).await;
    assert!(failures.is_empty(), "{failures:?}");
}

/// Removes the products, none of which may fail.
async fn remove(index: &Index, products: &[(&str, i64)]) {
    let change =
        |&(name, version): &(&str, i64)| Change { id: id(name), version: Version(version) };
    let changes: Vec<_> = products.iter().map(change).collect();
    let failures = index.remove(&changes).await.unwrap();
    assert!(failures.is_empty(), "{failures:?}");
    index.refresh().await;
}

/// The candidates, by id; none comes twice.
async fn candidates(index: &Index, query: &CandidateQuery) -> Vec<Candidate> {
    let mut found = index.candidates(query).await.unwrap();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    assert!(found.is_sorted_by(|a, b| a.id < b.id), "a candidate comes twice: {found:?}");
    found
}

/// The ids of the candidates, in their order.
async fn ids(index: &Index, query: &CandidateQuery) -> Vec<String> {
    candidates(index, query).await.into_iter().map(|found| found.id.to_string()).collect()
}

/// What was written may be rounded on its way, though not so that it shows.
fn assert_close(found: f32, expected: f32) {
    assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
}

/// How many of the nearest were found.
#[derive(Debug, Default)]
struct Recall {
    right: usize,
    wanted: usize,
}

impl Recall {
    /// Counts an answer for the `depth` nearest of those whose cosines are `exact`; it must be as
    /// long as there are such, and its own cosines exact.
    fn count(&mut self, found: &[Candidate], depth: usize, exact: &HashMap<&str, f32>) {
        let depth = depth.min(exact.len());
        assert_eq!(found.len(), depth);
        let mut falling: Vec<_> = exact.values().copied().collect();
        falling.sort_by(|a, b| b.total_cmp(a));
        let least = falling[depth - 1] - 1e-5;
        for found in found {
            let cosine = exact[found.id.as_str()];
            assert_close(found.cosine.unwrap().get(), cosine);
            self.right += usize::from(cosine >= least);
        }
        self.wanted += depth;
    }

    /// At least .99 were.
    fn assert_high(&self) {
        assert!(self.right * 100 >= self.wanted * 99, "{self:?}");
    }
}
