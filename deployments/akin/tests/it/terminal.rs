//! Text from feeds, queries and file names cannot control the terminal.

use crate::support::{Outcome, Sandbox};

/// Sets a title, rings the bell, clears the screen by a C0 and a C1 sequence, and reverses the text.
const HOSTILE: &str = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}2J\u{202e}";

/// Asserts that neither output contains a character that controls a terminal.
fn assert_printable(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let is_control =
            |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.contains(is_control), "{text:?}");
    }
}

/// Creates a feed with a hostile name and hostile values, and returns its name.
fn hostile_feed() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let feed = format!("shop{HOSTILE}.csv");
    let rows = format!(
        "product_id,name,actual_price\nA{HOSTILE},Lamp{HOSTILE} red,5\nB,Cup,{HOSTILE}call\nC,Vase,6\nD,Bowl,7\n"
    );
    sandbox.write(&feed, rows);
    (sandbox, feed)
}

#[test]
fn a_feed_cannot_control_the_terminal_of_any_command() {
    let (sandbox, feed) = hostile_feed();
    let ingested = sandbox
        .run(&format!("ingest --no-embed --max-refused 60% --log-level debug {feed}"))
        .succeeds();
    assert!(ingested.stderr.contains(r"shop\u001b]0;title"), "the feed is named: {ingested}");
    assert!(ingested.stderr.contains("call"), "the value is quoted: {ingested}");
    assert_printable(&ingested);
    for arguments in ["quarantine", "quarantine --json", "status", "status --json"] {
        let outcome = sandbox.run(arguments).succeeds();
        assert!(
            outcome.stdout.contains(r"\u009b2J") || arguments == "status --json",
            "{arguments}: {outcome}"
        );
        assert_printable(&outcome);
    }
    let exported = sandbox.run("export --no-embeddings").succeeds().stdout;
    assert_eq!(exported.lines().count(), 4, "{exported}");
}

#[test]
fn a_file_name_and_a_query_cannot_control_the_terminal_either() {
    let sandbox = Sandbox::new();
    for arguments in [
        format!("ingest --no-embed {HOSTILE}.csv"),
        format!("search --data missing{HOSTILE} lamp{HOSTILE}"),
        format!("quarantine --log-level debug --data missing{HOSTILE}"),
    ] {
        assert_printable(&sandbox.run(&arguments));
    }
}
