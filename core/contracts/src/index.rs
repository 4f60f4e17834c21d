//! The contract of [`ProductIndex`]. Embeddings have [`crate::sample::DIMENSION`] coordinates.

mod concurrency;
mod copy;
mod counts;
mod filters;
mod matches;
mod models;
mod phrases;
mod removal;
mod similarity;
mod statistics;
mod tags;
mod terms;
mod union;
mod words;
mod writes;

pub use concurrency::*;
pub use copy::*;
pub use filters::*;
pub use matches::*;
pub use models::*;
pub use phrases::*;
pub use removal::*;
pub use similarity::*;
pub use statistics::*;
pub use tags::*;
pub use terms::*;
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
            an_empty_index_answers_every_call,
            an_index_keeps_its_identity,
            an_index_keeps_the_name_of_its_analysis,
            an_empty_batch_changes_nothing,
            an_entry_is_found_as_it_was_written,
            unusual_ids_are_kept_distinct,
            texts_of_any_length_are_kept_unchanged,
            a_word_of_100_kilobytes_is_harmless,
            a_late_older_entry_neither_overwrites_nor_fails,
            an_entry_of_the_same_version_overwrites,
            the_newest_entry_of_a_repeated_id_counts,
            a_redelivered_batch_changes_nothing,
            a_batch_may_hold_many_entries,
            an_unchanged_embedding_stays_while_everything_else_changes,
            an_unchanged_embedding_that_is_not_held_fails_alone,
            an_entry_that_the_index_cannot_hold_fails_alone,
            a_removed_product_is_not_found,
            removing_a_product_twice_or_an_unknown_one_is_harmless,
            a_late_older_removal_neither_removes_nor_fails,
            a_late_older_entry_does_not_undo_a_removal,
            a_removed_product_returns_with_a_newer_entry,
            a_removed_product_keeps_no_embedding,
            vectors_of_another_model_fail_alone,
            an_embedding_of_the_wrong_dimension_fails_alone,
            a_query_of_another_model_is_refused,
            a_query_of_another_dimension_is_refused,
            an_emptied_index_adopts_another_model,
            the_nearest_products_have_exact_cosines,
            the_threshold_is_a_cosine,
            the_threshold_does_not_apply_to_products_found_by_words,
            without_an_embedding_there_are_no_cosines,
            the_nearest_of_many_products_are_found,
            any_term_may_match_in_any_field,
            a_product_with_more_of_the_terms_is_found_first,
            terms_match_whole_and_unchanged,
            unknown_and_repeated_terms_change_nothing,
            both_parts_return_as_many_candidates_as_asked_for,
            a_product_found_by_both_parts_is_returned_once,
            facets_are_returned_unchanged_if_asked_for,
            a_query_for_nothing_finds_nothing,
            a_depth_beyond_the_catalogue_returns_all_products,
            ties_at_the_depth_are_always_cut_the_same_way,
            every_filter_admits_exactly_the_products_that_match,
            a_filtered_search_returns_as_many_as_qualify,
            filters_apply_to_the_latest_writes,
            unusual_values_can_be_filtered_by,
            a_phrase_is_held_adjacent_and_in_order_in_one_field,
            one_spelling_of_a_phrase_is_enough,
            terms_of_a_phrase_are_taken_literally,
            phrases_filter_any_number_of_products,
            phrases_follow_the_latest_writes,
            products_match_by_the_weights_of_their_words,
            a_word_is_met_by_one_of_its_alternatives,
            products_match_by_their_ids_whatever_their_words,
            products_match_by_words_and_similarity_together,
            totals_and_facets_count_all_products_that_match,
            a_facet_is_counted_under_its_own_filter,
            a_list_is_sorted_with_missing_numbers_last_and_ties_by_id,
            the_pages_of_a_list_contain_every_product_once,
            a_list_leaves_out_products_that_still_count,
            values_are_filtered_without_case_and_marks_and_counted_as_written,
            matches_follow_the_latest_writes,
            fields_by_name_are_counted_by_value,
            products_are_sorted_by_the_numbers_of_a_field_by_name,
            fields_by_name_follow_the_latest_writes,
            an_empty_index_has_no_matches,
            a_page_beyond_the_greatest_depth_is_refused,
            the_statistics_match_a_count_of_the_products,
            the_statistics_follow_changes_and_removals,
            statistics_do_not_change_once_returned,
            every_word_is_visited_by_its_first_letter,
            words_and_terms_are_visited_by_their_beginnings,
            names_with_several_terms_are_counted_for_each_of_others,
            eight_writers_of_one_product_leave_its_newest_version,
            eight_writers_of_many_products_lose_no_product,
            a_reader_never_sees_half_an_entry,
            a_list_names_every_entry_once_in_the_order_of_the_ids,
        );
    };
}

/// Returns a query without terms or a vector.
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

/// Returns a query for products with any of these `terms`, separated by blanks.
fn for_words(terms: &str) -> CandidateQuery {
    let terms = terms.split_whitespace().map(str::to_owned).collect();
    CandidateQuery { terms, ..query() }
}

/// Returns a query for products near `embedding`.
fn near(embedding: Embedding) -> CandidateQuery {
    CandidateQuery { vector: Some(vector(embedding)), ..query() }
}

/// Returns the embedding as a query vector of the suites' model.
fn vector(embedding: Embedding) -> QueryVector {
    QueryVector { embedding, fingerprint: fingerprint() }
}

/// Writes `entries` and returns those that failed.
async fn upsert(index: &Index, entries: &[IndexEntry]) -> Failures {
    let failures = index.upsert(entries).await.unwrap();
    index.refresh().await;
    failures
}

/// Writes `entries`, none of which may fail.
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

/// Returns the candidates, sorted by id, without duplicates.
async fn candidates(index: &Index, query: &CandidateQuery) -> Vec<Candidate> {
    let mut found = index.candidates(query).await.unwrap();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    assert!(found.is_sorted_by(|a, b| a.id < b.id), "a candidate is returned twice: {found:?}");
    found
}

/// Returns the ids of the candidates, sorted.
async fn ids(index: &Index, query: &CandidateQuery) -> Vec<String> {
    candidates(index, query).await.into_iter().map(|found| found.id.to_string()).collect()
}

/// Asserts that two cosines are equal except for rounding.
fn assert_close(found: f32, expected: f32) {
    assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
}

/// The recall of nearest-neighbor searches.
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

    /// Asserts a recall of at least .99.
    fn assert_high(&self) {
        assert!(self.right * 100 >= self.wanted * 99, "{self:?}");
    }
}
