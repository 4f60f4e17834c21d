//! Text from feeds, queries and file names reaches a terminal without control of it.

use crate::support::{Outcome, Place};

/// Sets a title, clears the screen by a C0 and a C1 sequence, rings, and reverses text.
const HOSTILE: &str = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}2J\u{202e}";

/// Asserts that neither output contains a character that controls a terminal.
fn is_printable(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let bad =
            |is: char| (is.is_control() && is != '\n') || ('\u{202a}'..='\u{202e}').contains(&is);
        assert!(!text.contains(bad), "{text:?}");
    }
}

/// A folder with a feed of a hostile name and hostile values, ingested.
fn place() -> (Place, String) {
    let place = Place::new();
    let feed = format!("shop{HOSTILE}.csv");
    let rows = format!(
        "product_id,name,actual_price\nA{HOSTILE},Lamp{HOSTILE} red,5\nB,Cup,{HOSTILE}call\nC,Vase,6\nD,Bowl,7\n"
    );
    place.write(&feed, rows);
    (place, feed)
}

#[test]
fn a_feed_cannot_control_the_terminal_of_any_command() {
    let (place, feed) = place();
    let ingested = place
        .run(&format!("ingest --no-embed --max-refused 60% --log-level debug {feed}"))
        .succeeds();
    assert!(ingested.stderr.contains(r"shop\u001b]0;title"), "the feed is named: {ingested}");
    assert!(ingested.stderr.contains("call"), "the value is quoted: {ingested}");
    is_printable(&ingested);
    for words in ["quarantine", "quarantine --json", "status", "status --json"] {
        let outcome = place.run(words).succeeds();
        assert!(
            outcome.stdout.contains(r"\u009b2J") || words == "status --json",
            "{words}: {outcome}"
        );
        is_printable(&outcome);
    }
    let exported = place.run("export --no-embeddings").succeeds().stdout;
    assert_eq!(exported.lines().count(), 3, "{exported}");
}

#[test]
fn a_file_name_and_a_query_cannot_control_the_terminal_either() {
    let place = Place::new();
    for words in [
        format!("ingest --no-embed {HOSTILE}.csv"),
        format!("search --data missing{HOSTILE} lamp{HOSTILE}"),
        format!("quarantine --log-level debug --data missing{HOSTILE}"),
    ] {
        is_printable(&place.run(&words));
    }
}
