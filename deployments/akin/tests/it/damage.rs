//! Stores that are damaged, foreign, read-only, full, or shared.
#![cfg(unix)]

use crate::support::{FEED, Outcome, Place, masked, rows, with_a_full_disk};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_damaged_database_is_refused_by_name_with_the_remedy() {
    let place = Place::new();
    place.run("ingest --no-embed feed.csv").succeeds();
    let database = place.path("data/akin.db");
    let sound = fs::read(&database).unwrap();
    for (name, smash) in [("header", 0..100), ("pages", 4096..sound.len())] {
        let mut bytes = sound.clone();
        bytes[smash].fill(0xA5);
        fs::write(&database, bytes).unwrap();
        for words in ["status", "quarantine", "ingest --no-embed feed.csv"] {
            let outcome = place.run(words).fails_with(1);
            assert!(outcome.stderr.contains("data/akin.db"), "{name}: {outcome}");
            assert!(outcome.stderr.contains("restore it from a backup"), "{name}: {outcome}");
        }
    }
    fs::write(&database, "this is no database, but a text of some length").unwrap();
    masked(|| insta::assert_snapshot!(place.run("status").fails_with(1)));
    fs::write(&database, sound).unwrap();
    assert_eq!(place.run("status --json").succeeds().json()["products"], 4);
}

#[test]
fn a_folder_that_cannot_be_is_refused() {
    let place = Place::new();
    let outcome = place.run("status --data feed.csv").fails_with(2);
    assert!(outcome.stderr.contains("feed.csv"), "{outcome}");
}

#[test]
#[ignore = "needs the model: make model"]
fn search_files_that_are_lost_or_damaged_are_built_anew() {
    let place = Place::ingested();
    let search = || place.run("search --json --limit 3 desk lamp").succeeds().stdout;
    let expected = search();
    let files = || {
        let files = fs::read_dir(place.path("data/index")).unwrap();
        files.map(|file| file.unwrap().path()).filter(|file| fs::metadata(file).unwrap().len() > 0)
    };
    assert!(files().count() > 0);
    for damage in [
        |_: &[u8]| Vec::new(),
        |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec(),
        |bytes: &[u8]| bytes.iter().map(|byte| !byte).collect(),
    ] {
        for file in files() {
            let damaged = damage(&fs::read(&file).unwrap());
            // A process that maps the file must not see it change, so it is another file.
            fs::remove_file(&file).unwrap();
            fs::write(&file, damaged).unwrap();
        }
        assert_eq!(search(), expected);
        place.run("ingest feed.csv").succeeds();
        assert_eq!(search(), expected);
    }
    fs::remove_dir_all(place.path("data/index")).unwrap();
    assert_eq!(search(), expected);
}

/// Takes from all the right to write to the store, and gives a command that runs as somebody who
/// then has it not: root may write everywhere.
fn as_a_reader(place: &Place, words: &str) -> Command {
    let data = place.path("data");
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(place.0.path(), 0o755);
    let mut folders = vec![data.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                allow(&path, 0o444);
            }
        }
        allow(&folder, 0o555);
    }
    // The program may lie where that somebody cannot go. Another process copies it: a file that this one
    // has open for writing cannot be executed while a child of another test inherits it.
    let program = place.path("akin");
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_akin")).arg(&program).status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(program);
    command.args(words.split_whitespace()).current_dir(place.0.path()).env_clear();
    command.env("AKIN_DATA", "data").env("HOME", "/").stdin(Stdio::null());
    let is_root = fs::write(data.join("probe"), "").is_ok();
    if is_root {
        fs::remove_file(data.join("probe")).unwrap();
        command.uid(65_534);
    }
    command
}

fn run(mut command: Command) -> Outcome {
    command.output().unwrap().into()
}

/// Gives the right to write back, so that the folder can be removed.
fn give_back(place: &Place) {
    for folder in ["data", "data/index"] {
        if place.path(folder).is_dir() {
            fs::set_permissions(place.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

#[test]
fn a_read_only_folder_can_be_read_and_says_why_it_cannot_be_written() {
    let place = Place::new();
    place.run("ingest --no-embed feed.csv").succeeds();
    let status = run(as_a_reader(&place, "status --json")).succeeds();
    assert_eq!(status.json()["products"], 4);
    run(as_a_reader(&place, "quarantine")).succeeds();
    let refused = run(as_a_reader(&place, "ingest --no-embed feed.csv"));
    give_back(&place);
    masked(|| insta::assert_snapshot!(refused.fails_with(2)));
}

#[test]
#[ignore = "needs the model: make model"]
fn a_read_only_folder_can_be_searched() {
    let place = Place::ingested();
    let models = place.run("model list --json").succeeds().json();
    let mut int8 = models.as_array().unwrap().iter().filter_map(|model| model["path"].as_str());
    let int8 = int8.find(|path| path.ends_with("int8.sbert")).expect("make model");
    fs::copy(int8, place.path("int8.sbert")).unwrap();
    for has_files in [true, false] {
        if !has_files {
            fs::remove_dir_all(place.path("data/index")).unwrap();
        }
        let mut search = as_a_reader(&place, "search --json --limit 1 desk lamp");
        search.env("AKIN_MODEL", "int8.sbert");
        let outcome = run(search);
        give_back(&place);
        assert_eq!(outcome.succeeds().json()["hits"][0]["product"]["product_id"], "HO-1");
    }
}

#[test]
fn a_full_disk_is_reported_and_loses_nothing() {
    let place = Place::new();
    place.write("many.csv", rows(20_000, "CH", "Chair"));
    let ingest = place.akin("ingest --no-embed --json many.csv");
    let outcome = run(with_a_full_disk(&ingest, 4_000)).fails_with(1);
    assert!(outcome.stderr.contains("nothing was lost"), "{outcome}");
    assert_eq!(outcome.stdout, "");
    let rest = place.run("ingest --no-embed --json many.csv").succeeds();
    let [inserted, changed, unchanged] = rest.counts(["inserted", "changed", "unchanged"]);
    assert_eq!((inserted + unchanged, changed), (20_000, 0));
    assert_eq!(place.run("status --json").json()["products"], 20_000);
}

/// Ingests two feeds at once, each by a process of its own.
fn two_at_once(place: &Place, words: &str) {
    place.write("more.csv", FEED.replace("PH-", "PX-").replace("HO-", "HX-"));
    let begin = |feed: &str| place.begin(&format!("ingest --json {words} {feed}"));
    for child in [begin("feed.csv"), begin("more.csv")] {
        let outcome = Outcome::from(child.wait_with_output().unwrap()).succeeds();
        assert_eq!(outcome.counts(["read", "inserted", "failed"]), [5, 4, 0]);
    }
    assert_eq!(place.run("status --json").json()["products"], 8);
}

#[test]
fn two_processes_that_ingest_at_once_wait_for_each_other() {
    for _ in 0..5 {
        two_at_once(&Place::new(), "--no-embed");
    }
}

#[test]
#[ignore = "needs the model: make model"]
fn two_processes_that_embed_at_once_leave_nothing_undone() {
    let place = Place::new();
    two_at_once(&place, "");
    let status = place.run("status --json").succeeds().json();
    assert_eq!((&status["indexed"], &status["waiting"]), (&8.into(), &0.into()));
    for id in ["PH-1", "PX-1"] {
        place.run(&format!("similar {id}")).succeeds();
    }
}
