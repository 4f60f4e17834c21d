//! The contract of [`ChangeQueue`](akin_ports::ChangeQueue) and [`DeadLetters`](akin_ports::DeadLetters).
//!
//! A queue that lacks one of the [`QueueCapabilities`](akin_ports::QueueCapabilities) runs every rule
//! too: where the capability matters, the rule asserts what the port documents instead.

mod concurrency;
mod dead_letters;
mod leases;
mod messages;
mod outcomes;
mod steps;

pub use concurrency::*;
pub use dead_letters::*;
pub use leases::*;
pub use messages::*;
pub use outcomes::*;

/// Makes a test of each rule, against the fresh, empty queue that `$fresh().await` returns as a
/// [`Subject`](crate::Subject). Its lease must last a minute or longer. The attributes go to each test.
#[macro_export]
macro_rules! change_queue_contract {
    ($fresh:path $(, $attribute:meta)*) => {
        $crate::rules!(
            queue, ($fresh().await), [$($attribute),*],
            changes_are_received_as_they_were_sent_the_oldest_first,
            no_more_messages_are_received_than_asked_for,
            empty_batches_do_nothing,
            several_versions_of_a_product_are_separate_messages,
            unusual_ids_and_versions_are_received_unchanged,
            a_batch_may_hold_many_changes,
            a_leased_message_is_delivered_to_nobody_else,
            a_message_whose_lease_ended_is_delivered_again,
            an_extended_lease_starts_again,
            a_receipt_does_nothing_once_its_message_was_delivered_again,
            an_unknown_receipt_does_nothing,
            an_acknowledged_message_never_comes_back,
            a_released_message_comes_back_after_a_delay_and_its_attempt_does_not_count,
            a_failed_message_comes_back_after_a_growing_delay,
            the_fifth_failure_makes_a_dead_letter_with_its_reason,
            an_outcome_reported_twice_counts_once,
            an_outcome_affects_no_other_message,
            a_message_received_five_times_without_an_outcome_becomes_a_dead_letter,
            a_message_received_twice_without_an_outcome_is_delivered_alone,
            a_settled_message_is_no_longer_isolated,
            dead_letters_are_listed_in_order_and_page_by_page,
            a_cursor_of_another_queue_is_refused,
            unusual_reasons_are_listed_unchanged,
            a_redriven_message_has_all_its_attempts_again,
            no_more_dead_letters_are_redriven_than_asked_for,
            a_redriven_message_without_an_outcome_is_still_isolated,
            messages_are_counted_as_waiting_in_flight_or_dead,
            eight_receivers_are_each_delivered_different_messages,
            no_message_is_lost_while_some_send_and_others_settle,
        );
    };
}
