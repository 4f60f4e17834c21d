//! The contract of [`ChangeQueue`].

mod concurrency;
mod dead_letters;
mod leases;
mod messages;
mod outcomes;

pub use concurrency::*;
pub use dead_letters::*;
pub use leases::*;
pub use messages::*;
pub use outcomes::*;

use crate::Subject;
use crate::sample::id;
use akin_entities::{Change, Version};
use akin_ports::{ChangeQueue, Delivery, MAX_ATTEMPTS, QueueCounts, Receipt};
use std::time::Duration;

type Queue = Subject<dyn ChangeQueue>;

/// A test of each rule, against the fresh, empty queue that `$fresh().await` returns as a
/// [`Subject`]; the attributes go to each test. Its lease is of a minute or longer.
#[macro_export]
macro_rules! change_queue_contract {
    ($fresh:path $(, $attribute:meta)*) => {
        $crate::rules!(
            queue, ($fresh().await), [$($attribute),*],
            each_change_is_received_as_it_was_sent_the_oldest_first,
            no_more_than_asked_for_is_received,
            empty_batches_do_nothing,
            several_versions_of_a_product_are_messages_of_their_own,
            unusual_ids_and_versions_come_back_as_they_were,
            many_changes_fit_into_a_batch,
            a_message_is_given_to_nobody_else_while_its_lease_lasts,
            a_message_whose_lease_ran_out_is_given_to_another,
            an_extended_lease_lasts_as_if_it_began_then,
            a_receipt_whose_message_another_was_given_does_nothing,
            a_receipt_that_never_was_does_nothing,
            what_was_acknowledged_never_comes_back,
            what_was_released_comes_back_after_a_pause_and_its_try_does_not_count,
            what_failed_comes_back_after_a_growing_pause,
            the_fifth_failure_makes_a_dead_letter_with_its_reason,
            what_is_settled_twice_is_settled_once,
            one_messages_outcome_is_its_alone,
            what_was_taken_five_times_and_never_finished_becomes_a_dead_letter,
            what_was_taken_twice_without_an_outcome_is_handed_out_alone,
            an_outcome_ends_the_loneliness_of_a_message,
            dead_letters_are_listed_in_their_order_and_page_by_page,
            unusual_reasons_come_back_as_they_were,
            what_is_redriven_is_tried_as_if_it_were_new,
            no_more_than_asked_for_is_redriven,
            what_killed_its_workers_stays_alone_when_it_is_redriven,
            the_counts_are_those_of_what_waits_what_is_taken_and_what_is_dead,
            eight_receivers_are_given_each_of_many_messages_once,
            receivers_who_settle_while_others_send_lose_nothing,
        );
    };
}

/// Longer than any pause and any lease.
const LONG: Duration = Duration::from_hours(2);

/// A time shorter than `time` by so many seconds.
fn shy_of(time: Duration, seconds: u64) -> Duration {
    time.checked_sub(Duration::from_secs(seconds)).unwrap()
}

/// The change of the product `name` to `version`.
fn change(name: &str, version: i64) -> Change {
    Change { id: id(name), version: Version(version) }
}

/// Sends changes of these products; none may fail.
async fn send(queue: &Queue, names: &[&str]) {
    let changes: Vec<_> = names.iter().map(|name| change(name, 1)).collect();
    let failures = queue.send(&changes).await.unwrap();
    assert!(failures.is_empty(), "{failures:?}");
}

async fn receive(queue: &Queue, limit: usize) -> Vec<Delivery> {
    queue.receive(limit).await.unwrap()
}

/// The one message that is in sight.
async fn receive_one(queue: &Queue) -> Delivery {
    let mut deliveries = receive(queue, 10).await;
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    deliveries.remove(0)
}

/// Takes whatever is in sight as often as there are tries, and never says what became of it.
async fn abandon(queue: &Queue) {
    for _ in 0..MAX_ATTEMPTS {
        while !receive(queue, 10).await.is_empty() {}
        queue.pass(LONG).await;
    }
    assert_eq!(receive(queue, 10).await, [], "what is given up is not handed out");
}

fn names(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.change.id.as_str()).collect()
}

fn receipts(deliveries: &[Delivery]) -> Vec<Receipt> {
    deliveries.iter().map(|delivery| delivery.receipt.clone()).collect()
}

/// Waiting, in flight, dead.
async fn counts(queue: &Queue) -> [u64; 3] {
    let QueueCounts { waiting, in_flight, dead } = queue.counts().await.unwrap();
    [waiting, in_flight, dead]
}
