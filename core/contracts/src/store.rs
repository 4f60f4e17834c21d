//! The contract of [`ProductStore`].

mod apply;
mod concurrency;
mod copy;
mod indexes;
mod outbox;
mod overtaking;
mod quarantine;
mod removal;
mod round_trip;

pub use apply::*;
pub use concurrency::*;
pub use copy::*;
pub use indexes::*;
pub use outbox::*;
pub use overtaking::*;
pub use quarantine::*;
pub use removal::*;
pub use round_trip::*;

use crate::Subject;
use akin_entities::{Product, ProductId, ProductRecord, Version};
use akin_ports::{Applied, OutboxEntry, ProductStore};
use std::collections::BTreeMap;

type Store = Subject<dyn ProductStore>;

/// A test of each rule, against the fresh, empty store that `$fresh().await` returns as a
/// [`Subject`]; the attributes go to each test.
#[macro_export]
macro_rules! product_store_contract {
    ($fresh:path $(, $attribute:meta)*) => {
        $crate::rules!(
            store, ($fresh().await), [$($attribute),*],
            a_product_is_fetched_as_it_was_applied,
            a_product_with_only_a_name_is_fetched_as_it_was_applied,
            unusual_ids_are_kept_distinct,
            unusual_texts_are_fetched_unchanged,
            the_largest_numbers_are_fetched_unchanged,
            fetching_unknown_and_repeated_ids_is_harmless,
            an_empty_batch_changes_nothing,
            a_new_product_is_inserted_and_announced,
            equal_content_is_not_touched,
            different_content_in_any_field_is_a_change,
            a_change_keeps_the_date_of_creation,
            a_late_older_version_neither_overwrites_nor_fails,
            the_later_of_two_batches_with_one_version_counts,
            the_last_of_a_repeated_id_counts,
            the_answer_names_every_product_of_a_batch_once,
            a_redelivered_batch_changes_nothing,
            a_batch_may_hold_many_products,
            a_product_that_the_store_cannot_hold_fails_alone,
            the_outbox_is_read_oldest_first_and_page_by_page,
            the_outbox_names_a_product_once_at_its_newest_version,
            clearing_removes_only_the_given_entries,
            clearing_twice_or_nothing_is_harmless,
            clearing_keeps_an_entry_whose_product_changed_in_the_meantime,
            no_two_outbox_entries_share_a_sequence,
            relayed_changes_leave_the_outbox_unless_they_are_refused,
            a_refused_row_is_kept_with_field_value_and_reason,
            a_value_without_which_its_row_was_kept_is_told_from_a_refused_row,
            a_refused_row_that_could_be_read_is_kept_whole,
            the_quarantine_is_listed_by_feed_and_line,
            the_quarantine_is_read_page_by_page,
            a_row_refused_again_is_kept_once,
            a_release_affects_only_earlier_rows_of_one_feed,
            what_is_cleared_leaves_the_quarantine_whatever_has_run_since,
            unusual_rows_are_kept_unchanged,
            rows_of_another_quarantine_are_kept_with_their_times_unless_refused_later,
            the_counts_match_what_the_store_holds,
            a_list_names_every_product_once_in_the_order_of_the_ids,
            a_restored_product_keeps_its_dates_and_is_not_announced,
            restoring_a_product_never_overwrites_a_newer_one,
            a_removed_product_is_gone_and_announced,
            removing_an_unknown_product_is_harmless,
            a_product_with_a_newer_version_is_not_removed,
            an_older_version_does_not_undo_a_removal,
            a_removed_product_that_returns_keeps_its_date_of_creation,
            the_ids_match_the_list,
            comparing_returns_what_applying_would_do_and_changes_nothing,
            concurrent_writes_and_removals_leave_the_newest_version,
            eight_writers_of_one_product_leave_its_newest_version,
            eight_writers_of_many_products_lose_no_product,
            a_run_begins_after_every_version_that_the_store_holds,
            the_writes_of_an_overtaken_run_are_refused,
            products_listed_by_a_newer_run_are_not_removed_by_an_older_one,
            a_batch_is_visible_completely_or_not_at_all,
            a_product_is_never_visible_without_its_outbox_entry,
            the_first_index_of_a_new_store_is_owed_what_waits,
            a_further_index_is_owed_every_product,
            a_registered_index_is_owed_nothing_more,
            an_index_that_was_created_again_replaces_the_old_one,
            an_index_that_was_forgotten_is_owed_everything_when_it_returns,
            what_is_taken_when_an_index_is_registered_is_not_cleared,
            the_first_index_over_copied_products_is_owed_what_it_may_lack,
            an_index_that_a_run_has_filled_is_owed_nothing,
            an_index_that_is_registered_while_products_are_written_is_owed_them_all,
            removed_products_are_listed_in_the_order_of_their_ids,
            a_product_that_another_store_removed_is_removed_unless_it_is_newer,
        );
    };
}

/// Applies `products` at `at`; none may fail.
async fn apply(store: &Store, products: &[Product], at: i64) -> Applied {
    let applied = store.apply(products, Version(at)).await.unwrap();
    assert!(applied.failures.is_empty(), "{:?}", applied.failures);
    store.refresh().await;
    applied
}

/// Returns the product `id`, which must exist.
async fn fetch(store: &Store, id: &ProductId) -> ProductRecord {
    let mut found = store.fetch(std::slice::from_ref(id)).await.unwrap();
    found.remove(id).unwrap_or_else(|| panic!("{id:?} is not known"))
}

/// Returns the whole outbox.
async fn outbox(store: &Store) -> Vec<OutboxEntry> {
    store.outbox(None, 100_000).await.unwrap()
}

/// Returns the ids and versions of the outbox.
async fn waiting(store: &Store) -> Vec<(String, i64)> {
    let entries = outbox(store).await;
    entries.iter().map(|entry| (entry.change.id.to_string(), entry.change.version.0)).collect()
}

/// Returns the list that names each product of a batch.
fn fates(applied: &Applied) -> BTreeMap<&str, &'static str> {
    let lists = [
        ("inserted", &applied.inserted),
        ("changed", &applied.changed),
        ("unchanged", &applied.unchanged),
        ("held newer", &applied.held_newer),
    ];
    let mut fates = BTreeMap::new();
    for (fate, ids) in lists {
        for id in ids {
            assert_eq!(fates.insert(id.as_str(), fate), None, "{id} is answered twice");
        }
    }
    fates
}
