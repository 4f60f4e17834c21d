//! Interrupted runs, and the runs that continue their work.
//!
//! `AKIN_KILLS` sets how many runs are killed, `AKIN_SEED` the seed of their times, and `AKIN_FEED` the feed.

use crate::support::contents::searchable_contents;
use crate::support::{Outcome, Sandbox, masked, rows, sample, send_signal};
use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

fn feed() -> PathBuf {
    env::var_os("AKIN_FEED").map_or_else(|| sample("catalogue.csv"), PathBuf::from)
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// Starts an ingestion of the feed.
fn spawn_ingestion(sandbox: &Sandbox) -> Child {
    sandbox.spawn(&format!("ingest --json {}", feed().display()))
}

fn wait(child: Child) -> Outcome {
    child.wait_with_output().unwrap().into()
}

/// Returns the next number of the pseudo-random generator `SplitMix64`.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[tokio::test]
#[ignore = "needs the model: make model"]
async fn repeatedly_killed_runs_lose_nothing_and_do_nothing_twice() {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (kills, seed) = (number("AKIN_KILLS", 8), number("AKIN_SEED", seconds));
    eprintln!("AKIN_SEED={seed} AKIN_KILLS={kills}");
    let (whole, killed) = (Sandbox::new(), Sandbox::new());
    let began = Instant::now();
    let expected = wait(spawn_ingestion(&whole)).succeeds();
    // Each run continues where the last one ended, so the kills are spread over the whole work.
    let longest = began.elapsed().as_micros() * 2 / u128::from(kills);
    let mut state = seed;
    let mut hits = 0;
    for _ in 0..kills {
        let mut child = spawn_ingestion(&killed);
        let pause = u128::from(next_random(&mut state)) % longest;
        std::thread::sleep(Duration::from_micros(u64::try_from(pause).unwrap()));
        hits += u64::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    eprintln!("{hits} runs were killed before their end");
    assert!(hits > 0, "no kill came in time");
    let last = wait(spawn_ingestion(&killed)).succeeds();
    let [read, quarantined] = expected.counts(["read", "quarantined"]);
    assert_eq!(last.counts(["read", "quarantined", "failed"]), [read, quarantined, 0]);
    let (expected, found) = (
        searchable_contents(&whole.path("data")).await,
        searchable_contents(&killed.path("data")).await,
    );
    assert!(!expected.is_empty());
    assert!(expected == found, "the stores differ: {:?}", differences(&expected, &found));
    let again = wait(spawn_ingestion(&killed)).succeeds();
    assert_eq!(again.counts(["inserted", "changed", "embedded", "updated_fields"]), [0; 4]);
}

type Contents = std::collections::BTreeMap<String, String>;

/// Returns up to three entries that only one of the two contains.
fn differences<'a>(a: &'a Contents, b: &'a Contents) -> Vec<(&'a String, &'a String)> {
    let only_a = a.iter().filter(|(id, product)| b.get(*id) != Some(product));
    only_a.chain(b.iter().filter(|(id, _)| !a.contains_key(*id))).take(3).collect()
}

#[tokio::test]
#[ignore = "needs the model: make model"]
async fn ctrl_c_while_embedding_ends_cleanly_and_the_next_run_continues() {
    let sandbox = Sandbox::new();
    let child = spawn_ingestion(&sandbox);
    // Only the ingestion creates the catalogue, so `status` would fail before it has.
    while !sandbox.path("data/akin.db").exists() {}
    let indexed = || sandbox.run("status --json").succeeds().json()["indexed"].as_u64().unwrap();
    while indexed() == 0 {}
    send_signal("INT", &child);
    let outcome = wait(child).fails_with(130);
    assert_eq!(outcome.stdout, "", "an interrupted run reports nothing");
    let kept = "interrupted; completed work is kept, and the next run continues from there\n";
    assert!(outcome.stderr.ends_with(kept), "{outcome}");
    let status = sandbox.run("status --json").succeeds();
    let [products, done, waiting] = status.counts(["products", "indexed", "waiting"]);
    assert_eq!(done + waiting, products, "no product is both indexed and waiting");
    assert_eq!(status.json()["runs"][0]["outcome"], "interrupted");
    let rest = wait(spawn_ingestion(&sandbox)).succeeds();
    let [inserted, unchanged, embedded] = rest.counts(["inserted", "unchanged", "embedded"]);
    let all = sandbox.run("status --json").succeeds().json()["products"].as_u64().unwrap();
    assert_eq!((done + embedded, inserted), (all, 0), "{rest}");
    assert!(unchanged >= all);
}

#[test]
fn ctrl_c_while_reading_ends_cleanly_before_anything_is_changed() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.akin("ingest --no-embed --feed-name pipe -");
        let (out, err) = (Stdio::piped(), Stdio::piped());
        let mut child = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(rows(5_000, "CH", "Chair").as_bytes()).unwrap();
        // A pipe buffers less than this, so the run is in the middle of its feed.
        send_signal(signal, &child);
        let outcome = wait(child).fails_with(code);
        masked(|| insta::assert_snapshot!(format!("interrupted_by_{signal}"), outcome));
        drop(input);
        let status = sandbox.run("status --json").succeeds();
        assert_eq!(
            status.counts(["products"]),
            [0],
            "a feed is surveyed to its end before it is stored"
        );
        assert_eq!(status.json()["runs"][0]["outcome"], "interrupted");
        sandbox.run("ingest --no-embed feed.csv").succeeds();
    }
}
