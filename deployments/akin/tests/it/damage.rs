//! Stores that are damaged, read-only, or in use by another process, foreign files, and full disks.
#![cfg(unix)]

use crate::support::{FEED, Outcome, Sandbox, limit_file_size, masked, rows};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_damaged_database_is_refused_by_name_with_the_remedy() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let database = sandbox.path("data/akin.db");
    let sound = fs::read(&database).unwrap();
    for (name, damaged) in [("header", 0..100), ("pages", 4096..sound.len())] {
        let mut bytes = sound.clone();
        bytes[damaged].fill(0xA5);
        fs::write(&database, bytes).unwrap();
        for arguments in ["status", "quarantine", "ingest --no-embed feed.csv"] {
            let outcome = sandbox.run(arguments).fails_with(1);
            assert!(outcome.stderr.contains("data/akin.db"), "{name}: {outcome}");
            assert!(outcome.stderr.contains("restore it from a backup"), "{name}: {outcome}");
        }
    }
    fs::write(&database, "this is not a database but a text of some length").unwrap();
    masked(|| insta::assert_snapshot!(sandbox.run("status").fails_with(1)));
    fs::write(&database, sound).unwrap();
    assert_eq!(sandbox.run("status --json").succeeds().json()["products"], 4);
}

#[test]
fn a_data_path_that_is_a_file_is_refused() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("status --data feed.csv").fails_with(2);
    assert!(outcome.stderr.contains("feed.csv"), "{outcome}");
}

#[test]
#[ignore = "needs the model: make model"]
fn missing_or_damaged_search_files_are_rebuilt() {
    let sandbox = Sandbox::ingested();
    let search = || sandbox.run("search --json --limit 3 desk lamp").succeeds().stdout;
    let expected = search();
    let files = || {
        let files = fs::read_dir(sandbox.path("data/index")).unwrap();
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
            // The file is replaced, because a process may have mapped the old one.
            fs::remove_file(&file).unwrap();
            fs::write(&file, damaged).unwrap();
        }
        assert_eq!(search(), expected);
        sandbox.run("ingest feed.csv").succeeds();
        assert_eq!(search(), expected);
    }
    fs::remove_dir_all(sandbox.path("data/index")).unwrap();
    assert_eq!(search(), expected);
}

/// Makes the store read-only, and returns a command without write access to it. Root can write
/// everywhere, so as root, the command runs as another user.
fn without_write_access(sandbox: &Sandbox, arguments: &str) -> Command {
    let data = sandbox.path("data");
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(sandbox.0.path(), 0o755);
    let mut folders = vec![data.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                set_mode(&path, 0o444);
            }
        }
        set_mode(&folder, 0o555);
    }
    // The other user may have no access to the build folder, so the program is copied. `cp` does it: a
    // file that this process has open for writing cannot be executed while another test's child inherits
    // the handle.
    let program = sandbox.path("akin");
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_akin")).arg(&program).status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).current_dir(sandbox.0.path()).env_clear();
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

/// Restores write access, so that the folder can be removed.
fn restore_write_access(sandbox: &Sandbox) {
    for folder in ["data", "data/index"] {
        if sandbox.path(folder).is_dir() {
            fs::set_permissions(sandbox.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

#[test]
fn a_read_only_folder_can_be_read_and_refuses_writes_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let status = run(without_write_access(&sandbox, "status --json")).succeeds();
    assert_eq!(status.json()["products"], 4);
    run(without_write_access(&sandbox, "quarantine")).succeeds();
    let refused = run(without_write_access(&sandbox, "ingest --no-embed feed.csv"));
    restore_write_access(&sandbox);
    masked(|| insta::assert_snapshot!(refused.fails_with(2)));
}

#[test]
fn a_catalogue_of_another_user_is_not_taken_for_a_missing_one() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let status = without_write_access(&sandbox, "status");
    fs::set_permissions(sandbox.path("data"), fs::Permissions::from_mode(0o000)).unwrap();
    let outcome = run(status).fails_with(2);
    restore_write_access(&sandbox);
    for part in ["data/akin.db", "for this user"] {
        assert!(outcome.stderr.contains(part), "{outcome}");
    }
}

#[test]
#[ignore = "needs the model: make model"]
fn a_read_only_folder_can_be_searched() {
    let sandbox = Sandbox::ingested();
    let models = sandbox.run("model list --json").succeeds().json();
    let mut int8 = models.as_array().unwrap().iter().filter_map(|model| model["path"].as_str());
    let int8 = int8.find(|path| path.ends_with("int8.sbert")).expect("make model");
    fs::copy(int8, sandbox.path("int8.sbert")).unwrap();
    for has_files in [true, false] {
        if !has_files {
            fs::remove_dir_all(sandbox.path("data/index")).unwrap();
        }
        let mut search = without_write_access(&sandbox, "search --json --limit 1 desk lamp");
        search.env("AKIN_MODEL", "int8.sbert");
        let outcome = run(search);
        restore_write_access(&sandbox);
        assert_eq!(outcome.succeeds().json()["hits"][0]["product"]["product_id"], "HO-1");
    }
}

#[test]
fn a_full_disk_is_reported_and_loses_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("many.csv", rows(20_000, "CH", "Chair"));
    let ingest = sandbox.akin("ingest --no-embed --json many.csv");
    let outcome = run(limit_file_size(&ingest, 4_000)).fails_with(1);
    assert!(outcome.stderr.contains("nothing was lost"), "{outcome}");
    assert_eq!(outcome.stdout, "");
    let second = sandbox.run("ingest --no-embed --json many.csv").succeeds();
    let [inserted, changed, unchanged] = second.counts(["inserted", "changed", "unchanged"]);
    assert_eq!((inserted + unchanged, changed), (20_000, 0));
    assert_eq!(sandbox.run("status --json").json()["products"], 20_000);
}

/// Ingests two feeds in concurrent processes.
fn ingest_concurrently(sandbox: &Sandbox, arguments: &str) {
    sandbox.write("more.csv", FEED.replace("PH-", "PX-").replace("HO-", "HX-"));
    let spawn = |feed: &str| sandbox.spawn(&format!("ingest --json {arguments} {feed}"));
    for child in [spawn("feed.csv"), spawn("more.csv")] {
        let outcome = Outcome::from(child.wait_with_output().unwrap()).succeeds();
        assert_eq!(outcome.counts(["read", "inserted", "failed"]), [5, 4, 0]);
    }
    assert_eq!(sandbox.run("status --json").json()["products"], 8);
}

#[test]
fn concurrent_ingestions_wait_for_each_other() {
    for _ in 0..5 {
        ingest_concurrently(&Sandbox::new(), "--no-embed");
    }
}

#[test]
#[ignore = "needs the model: make model"]
fn concurrent_ingestions_embed_everything() {
    let sandbox = Sandbox::new();
    ingest_concurrently(&sandbox, "");
    let status = sandbox.run("status --json").succeeds().json();
    assert_eq!((&status["indexed"], &status["waiting"]), (&8.into(), &0.into()));
    for id in ["PH-1", "PX-1"] {
        sandbox.run(&format!("similar {id}")).succeeds();
    }
}
