//! Runs that are cut short, and the next ones, which go on.
//!
//! `AKIN_KILLS` says how often a run is killed, `AKIN_SEED` when; `AKIN_FEED` names another feed.

use crate::support::{Outcome, Place, masked, rows, send, twin};
use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

fn feed() -> PathBuf {
    let shipped = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/catalogue.csv");
    env::var_os("AKIN_FEED").map_or_else(shipped, PathBuf::from)
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// Begins to ingest the feed, and says nothing of it.
fn begin(place: &Place) -> Child {
    place.begin(&format!("ingest --json {}", feed().display()))
}

fn end(child: Child) -> Outcome {
    child.wait_with_output().unwrap().into()
}

/// The next number of the pseudo-random sequence that `SplitMix64` names.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[tokio::test]
#[ignore = "needs the model: make model"]
async fn a_run_that_is_killed_again_and_again_loses_nothing_and_does_nothing_twice() {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (kills, seed) = (number("AKIN_KILLS", 8), number("AKIN_SEED", seconds));
    eprintln!("AKIN_SEED={seed} AKIN_KILLS={kills}");
    let (whole, killed) = (Place::new(), Place::new());
    let began = Instant::now();
    let expected = end(begin(&whole)).succeeds();
    // So that the kills are spread over all of the work, for each run goes on where one ended.
    let longest = began.elapsed().as_micros() * 2 / u128::from(kills);
    let mut state = seed;
    let mut hits = 0;
    for _ in 0..kills {
        let mut child = begin(&killed);
        let pause = u128::from(next(&mut state)) % longest;
        std::thread::sleep(Duration::from_micros(u64::try_from(pause).unwrap()));
        hits += u64::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    eprintln!("{hits} runs were killed before their end");
    assert!(hits > 0, "no kill came in time");
    let last = end(begin(&killed)).succeeds();
    let [read, quarantined] = expected.counts(["read", "quarantined"]);
    assert_eq!(last.counts(["read", "quarantined", "failed"]), [read, quarantined, 0]);
    let (expected, found) =
        (twin::contents(&whole.path("data")).await, twin::contents(&killed.path("data")).await);
    assert!(!expected.is_empty());
    assert!(expected == found, "the stores differ: {:?}", differences(&expected, &found));
    let again = end(begin(&killed)).succeeds();
    assert_eq!(again.counts(["inserted", "changed", "embedded", "updated_fields"]), [0; 4]);
}

type Contents = std::collections::BTreeMap<String, String>;

/// The first entries that only one of the two has.
fn differences<'a>(a: &'a Contents, b: &'a Contents) -> Vec<(&'a String, &'a String)> {
    let of_a = a.iter().filter(|(id, product)| b.get(*id) != Some(product));
    of_a.chain(b.iter().filter(|(id, _)| !a.contains_key(*id))).take(3).collect()
}

#[tokio::test]
#[ignore = "needs the model: make model"]
async fn ctrl_c_while_embedding_ends_cleanly_and_the_next_run_goes_on() {
    let place = Place::new();
    let child = begin(&place);
    // Nobody but the ingestion creates the catalogue.
    while !place.path("data/akin.db").exists() {}
    let indexed = || place.run("status --json").succeeds().json()["indexed"].as_u64().unwrap();
    while indexed() == 0 {}
    send("INT", &child);
    let outcome = end(child).fails_with(130);
    assert_eq!(outcome.stdout, "", "a run that was cut short reports nothing");
    let kept = "interrupted; completed work is kept, and the next run continues from there\n";
    assert!(outcome.stderr.ends_with(kept), "{outcome}");
    let done = indexed();
    let rest = end(begin(&place)).succeeds();
    let [inserted, unchanged, embedded] = rest.counts(["inserted", "unchanged", "embedded"]);
    let all = place.run("status --json").succeeds().json()["products"].as_u64().unwrap();
    assert_eq!((done + embedded, inserted), (all, 0), "{rest}");
    assert!(unchanged >= all);
}

#[test]
fn ctrl_c_while_reading_ends_cleanly_before_anything_is_changed() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let place = Place::new();
        let mut command = place.akin("ingest --no-embed -");
        let (out, err) = (Stdio::piped(), Stdio::piped());
        let mut child = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(rows(5_000, "CH", "Chair").as_bytes()).unwrap();
        // A pipe holds less than that, so the run is somewhere in the middle of a feed without end.
        send(signal, &child);
        let outcome = end(child).fails_with(code);
        masked(|| insta::assert_snapshot!(format!("interrupted_by_{signal}"), outcome));
        drop(input);
        let status = place.run("status --json").succeeds();
        assert_eq!(status.counts(["products"]), [0], "a feed is surveyed whole before it counts");
        assert_eq!(status.json()["runs"][0]["outcome"], "interrupted");
        place.run("ingest --no-embed feed.csv").succeeds();
    }
}
