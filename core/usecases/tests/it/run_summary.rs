//! The results of an ingestion, as the run log records them.

use akin_entities::ProductId;
use akin_ports::{ErrorKind, PortError, RunCounts, RunOutcome};
use akin_usecases::{CatalogueSummary, EmbedSummary, IngestError, IngestSummary, RunSummary};

fn unreadable(feed: &str) -> IngestError {
    let source = PortError::new("disk", ErrorKind::Unavailable, "no space left");
    IngestError::Feed { feed: feed.to_owned(), source }
}

/// Creates a summary in which these feeds were not read and these products not embedded.
fn summary(feeds: &[&str], products: &[&str]) -> RunSummary {
    let failure = |id: &&str| {
        let error = PortError::new("model", ErrorKind::Refused, "not a number");
        (ProductId::new(*id).unwrap(), error)
    };
    RunSummary {
        catalogue: CatalogueSummary {
            rows: IngestSummary { read: 1, unchanged: 1, ..IngestSummary::default() },
            unread: feeds.iter().map(|feed| unreadable(feed)).collect(),
            ..CatalogueSummary::default()
        },
        embedding: EmbedSummary {
            failures: products.iter().map(failure).collect(),
            ..EmbedSummary::default()
        },
    }
}

fn partly(reason: &str) -> RunOutcome {
    RunOutcome::Partly(reason.to_owned())
}

#[test]
fn the_counts_cover_feeds_and_embedding() {
    let rows = IngestSummary {
        read: 9,
        inserted: 1,
        changed: 2,
        unchanged: 3,
        held_newer: 8,
        repeated: 10,
        quarantined: 4,
        blanked: 11,
        ..IngestSummary::default()
    };
    let run = RunSummary {
        catalogue: CatalogueSummary { rows, removed: 5, ..CatalogueSummary::default() },
        embedding: EmbedSummary {
            embedded: 6,
            updated_fields: 7,
            ..summary(&[], &["a"]).embedding
        },
    };
    let expected = RunCounts {
        read: 9,
        inserted: 1,
        changed: 2,
        unchanged: 3,
        held_newer: 8,
        repeated: 10,
        removed: 5,
        quarantined: 4,
        blanked: 11,
        embedded: 6,
        updated_fields: 7,
        failed: 1,
    };
    assert_eq!(run.counts(), expected);
}

#[test]
fn a_run_is_finished_unless_a_feed_or_a_product_failed() {
    assert_eq!(summary(&[], &[]).outcome(), RunOutcome::Finished);
    let feed = "the feed a.csv cannot be read: disk is unavailable: no space left";
    assert_eq!(summary(&["a.csv"], &[]).outcome(), partly(feed));
    let outcome = summary(&[], &["P-1"]).outcome();
    let RunOutcome::Partly(reason) = &outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with("product P-1 was not embedded: model refused"), "{reason}");
    assert!(reason.ends_with("not a number"), "{reason}");
}

#[test]
fn a_run_that_could_read_none_of_its_feeds_has_failed() {
    let mut run = summary(&["a.csv", "b.csv"], &[]);
    run.catalogue.rows = IngestSummary::default();
    let feed = "the feed a.csv cannot be read: disk is unavailable: no space left";
    assert_eq!(run.outcome(), RunOutcome::Failed(format!("{feed}, and 1 more")));
    run.embedding.embedded = 1;
    assert_eq!(run.outcome(), partly(&format!("{feed}, and 1 more")), "it did earlier work");
}

#[test]
fn an_outcome_gives_the_first_problem_and_the_number_of_the_others() {
    let feed = "the feed a.csv cannot be read: disk is unavailable: no space left";
    assert_eq!(summary(&["a.csv"], &["P-1"]).outcome(), partly(&format!("{feed}, and 1 more")));
    let several = summary(&["a.csv", "b.csv"], &["P-1", "P-2"]);
    assert_eq!(several.outcome(), partly(&format!("{feed}, and 3 more")));
}

#[test]
fn a_run_that_an_error_ended_was_refused_or_failed() {
    let refusal = IngestError::EmptySnapshot { held: 3 };
    assert_eq!(refusal.outcome(), RunOutcome::Refused(refusal.to_string()));
    let reason = "the feed a.csv cannot be read: disk is unavailable: no space left";
    assert_eq!(unreadable("a.csv").outcome(), RunOutcome::Failed(reason.to_owned()));
}
