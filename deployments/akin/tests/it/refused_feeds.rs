//! Feeds and rows that `akin ingest` refuses or counts apart.

use crate::support::{Sandbox, masked};

#[test]
fn a_row_that_repeats_a_product_is_counted_and_named_with_both_lines() {
    let sandbox = Sandbox::new();
    let rows = "product_id,name\nX1,Lamp one\nX2,Cup\nX1,Lamp two\nX1,Lamp three\n";
    sandbox.write("feed.csv", rows);
    let rehearsed = sandbox.run("ingest --no-embed --json --dry-run feed.csv").succeeds();
    let outcome = sandbox.run("ingest --no-embed --json feed.csv").succeeds();
    for counted in [&rehearsed, &outcome] {
        let counts = counted.counts(["read", "inserted", "changed", "unchanged", "repeated"]);
        assert_eq!(counts, [4, 2, 0, 0, 2], "{counted}");
    }
    let notes = "feed.csv, line 4: the product \"X1\" is in line 2 too; its last row counts\n\
                 2 rows repeat products in all\n";
    assert_eq!(outcome.stderr, notes);
    let again = sandbox.run("ingest --no-embed feed.csv").succeeds();
    let counts = "0 new, 0 changed, 2 unchanged, 2 repeated, 0 removed, 0 quarantined";
    assert!(again.stdout.contains(counts), "{again}");
    let status = sandbox.run("status").succeeds();
    assert!(status.stdout.contains("4 read, 2 new, 0 changed, 2 repeated, 0 removed"), "{status}");
}

#[test]
fn a_file_that_is_not_a_feed_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.write("columns.csv", "titel;preis\nTripod;3\n");
    sandbox.write("empty.csv", "");
    sandbox.write("sheet.csv", b"PK\x03\x04 a spreadsheet");
    sandbox.write("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    sandbox.write("page.xml", "<!DOCTYPE html><title>Not found</title>");
    sandbox.write("noise.csv", (0..=255).cycle().take(4_000).collect::<Vec<u8>>());
    sandbox.write("text.csv", "Lorem ipsum ".repeat(1_000));
    std::fs::create_dir(sandbox.path("folder.csv")).unwrap();
    for (feed, code) in [
        ("columns.csv", 1),
        ("empty.csv", 1),
        ("sheet.csv", 1),
        ("picture.csv", 1),
        ("page.xml", 1),
        ("noise.csv", 1),
        ("text.csv", 1),
        ("folder.csv", 2),
    ] {
        let outcome = sandbox.run(&format!("ingest --no-embed {feed}")).fails_with(code);
        let last = sandbox.run("status --json --runs 1").succeeds().json()["runs"][0].clone();
        assert_eq!(last["outcome"], "failed", "{last}");
        masked(|| insta::assert_snapshot!(format!("refused_{feed}"), outcome));
    }
}

/// `product_id,name`, a tripod and a lamp: 32 bytes by gzip.
const GZIPPED: &[u8] =
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x2b\x28\xca\x4f\x29\x4d\x2e\x89\xcf\x4c\xd1\xc9\
    \x4b\xcc\x4d\xe5\x32\xd4\x09\x29\xca\x2c\xc8\x4f\xe1\x32\xd2\xf1\x49\xcc\x2d\xe0\x02\0\x37\xa1\
    \x90\x36\x20\0\0\0";

#[test]
fn a_feed_that_unpacks_to_more_than_the_limit_is_refused_with_the_setting() {
    let sandbox = Sandbox::new();
    sandbox.write("feed.csv.gz", GZIPPED);
    let limit = |bytes: u64| format!("ingest --no-embed --max-unpacked-bytes {bytes} feed.csv.gz");
    let outcome = sandbox.run(&limit(31)).fails_with(1);
    let said = outcome.stderr.replace('\n', " ");
    assert!(said.contains("feed.csv.gz") && said.contains("more than 31 bytes"), "{outcome}");
    assert!(said.contains("--max-unpacked-bytes (AKIN_MAX_UNPACKED_BYTES)"), "{outcome}");
    sandbox.run(&limit(32)).succeeds();
    let outcome = sandbox.run("ingest --max-unpacked-ratio 0 feed.csv.gz").fails_with(2);
    assert!(outcome.stderr.contains("--max-unpacked-ratio <N>"), "{outcome}");
}

#[test]
fn a_refused_feed_does_not_block_the_others() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.csv", "what,is,this\n1,2,3\n");
    let outcome = sandbox.run("ingest --no-embed --json bad.csv feed.csv").fails_with(1);
    assert_eq!(outcome.counts(["read", "inserted"]), [5, 4]);
    assert!(outcome.stderr.contains("akin: the feed bad.csv cannot be read"), "{outcome}");
}
