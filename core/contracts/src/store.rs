//! The contract of [`ProductStore`].

mod apply;
mod concurrency;
mod copy;
mod outbox;
mod quarantine;
mod removal;
mod round_trip;

pub use apply::*;
pub use concurrency::*;
pub use copy::*;
pub use outbox::*;
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
            a_product_comes_back_as_it_was,
            a_product_with_no_more_than_a_name_comes_back_as_it_was,
            unusual_ids_stay_apart,
            unusual_texts_come_back_as_they_were,
            the_largest_numbers_come_back_as_they_were,
            unknown_and_repeated_ids_are_fetched_without_harm,
            an_empty_batch_changes_nothing,
            a_new_product_is_inserted_and_announced,
            equal_content_is_not_touched,
            other_content_in_any_field_is_a_change,
            a_change_keeps_the_date_of_creation,
            a_late_older_version_never_overwrites_and_is_no_failure,
            of_one_time_the_later_word_counts,
            of_a_repeated_id_the_last_one_counts,
            every_product_of_a_batch_is_answered_once,
            a_redelivered_batch_changes_nothing,
            many_products_fit_into_a_batch,
            the_outbox_is_read_oldest_first_and_page_by_page,
            the_outbox_names_a_product_once_at_its_newest_version,
            what_was_cleared_is_gone_and_nothing_else,
            clearing_twice_or_nothing_is_harmless,
            an_entry_whose_product_changed_meanwhile_stays,
            a_sequence_is_never_given_twice,
            a_refused_row_is_kept_with_all_that_was_said,
            a_refused_row_is_kept_whole_if_it_could_be_read,
            the_quarantine_is_listed_by_feed_and_line,
            the_quarantine_is_read_page_by_page,
            a_row_that_is_refused_again_is_kept_once,
            a_release_is_of_one_feed_and_of_earlier_times,
            unusual_rows_are_kept_as_they_were,
            the_counts_are_those_of_what_is_held,
            a_list_names_every_product_once_in_the_order_of_the_ids,
            a_restored_product_keeps_its_dates_and_is_not_announced,
            a_restored_product_never_overwrites_a_newer_one,
            a_removed_product_is_gone_and_announced,
            removing_what_is_not_there_is_harmless,
            a_product_of_a_newer_version_is_not_removed,
            what_was_said_before_a_removal_does_not_undo_it,
            a_product_that_comes_back_is_the_same_product,
            the_ids_are_those_of_the_list,
            a_comparison_says_what_applying_would_do_and_does_nothing,
            writers_and_removers_leave_the_newest_word,
            eight_writers_of_one_product_leave_the_newest,
            eight_writers_of_many_products_lose_none,
            a_batch_is_seen_wholly_or_not_at_all,
            a_product_is_never_seen_without_its_announcement,
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

/// The product `id`, which the store must know.
async fn fetch(store: &Store, id: &ProductId) -> ProductRecord {
    let mut found = store.fetch(std::slice::from_ref(id)).await.unwrap();
    found.remove(id).unwrap_or_else(|| panic!("{id:?} is not known"))
}

/// All that waits.
async fn outbox(store: &Store) -> Vec<OutboxEntry> {
    store.outbox(None, 100_000).await.unwrap()
}

/// What waits, without sequences: id and version.
async fn waiting(store: &Store) -> Vec<(String, i64)> {
    let entries = outbox(store).await;
    entries.iter().map(|entry| (entry.change.id.to_string(), entry.change.version.0)).collect()
}

/// What became of each product of a batch.
fn fates(applied: &Applied) -> BTreeMap<&str, &'static str> {
    let lists = [
        ("inserted", &applied.inserted),
        ("changed", &applied.changed),
        ("unchanged", &applied.unchanged),
    ];
    let mut fates = BTreeMap::new();
    for (fate, ids) in lists {
        for id in ids {
            assert_eq!(fates.insert(id.as_str(), fate), None, "{id} is answered twice");
        }
    }
    fates
}
