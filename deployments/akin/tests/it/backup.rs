//! Backups of the embedded store, and their way back.

use crate::support::aws::Aws;
use crate::support::shop::Shop;
use crate::support::{Outcome, Sandbox, rows};
use std::fs;
use std::path::Path;

/// Creates a store with `count` products that are not embedded.
fn stocked(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("chairs.csv", rows(count, "CH", "Chair"));
    sandbox.run("ingest --no-embed chairs.csv").succeeds();
    sandbox
}

fn products(status: &Outcome) -> u64 {
    status.counts(["products"])[0]
}

/// Returns the number of products in the store that `flags` select.
fn held(sandbox: &Sandbox, flags: &str) -> u64 {
    products(&sandbox.run(&format!("status --json {flags}")).succeeds())
}

#[test]
fn a_store_is_backed_up_and_restored_elsewhere() {
    let sandbox = stocked(40);
    let backup = sandbox.run("backup --json backups/monday").succeeds();
    assert_eq!(backup.counts(["products", "indexed"]), [40, 0]);
    assert_eq!(backup.json()["place"], "backups/monday");
    let sum = backup.json()["sha256"].as_str().unwrap().to_owned();
    let line = fs::read_to_string(sandbox.path("backups/monday/akin.db.sha256")).unwrap();
    assert_eq!(line, format!("{sum}  akin.db\n"), "sha256sum --check reads it");
    let mut files: Vec<_> = fs::read_dir(sandbox.path("backups/monday"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["akin.db", "akin.db.sha256"]);

    let restored = sandbox.run("restore --json backups/monday --data elsewhere").succeeds();
    assert_eq!(restored.counts(["products", "indexed"]), [40, 0]);
    assert_eq!(held(&sandbox, "--data elsewhere"), 40);
    assert!(!sandbox.path("elsewhere/restore.partial").exists());
    let text = sandbox.run("restore backups/monday --data more").succeeds().stdout;
    assert!(text.starts_with("40 products, 0 of them searchable, were restored from"), "{text}");
}

#[test]
#[ignore = "needs the model: make model"]
fn what_was_restored_is_found_and_built_anew() {
    let sandbox = Sandbox::ingested();
    sandbox.run("backup monday").succeeds();
    sandbox.run("ingest --complete --max-removed 100 --max-refused 100 feed.csv").succeeds();
    sandbox.run("restore monday --data elsewhere").succeeds();
    assert!(sandbox.path("elsewhere/index").is_dir(), "the search files are there");
    let find = |flags: &str| {
        let found = sandbox.run(&format!("search --json {flags} phone tripod")).succeeds().json();
        found["hits"].clone()
    };
    assert_eq!(find("--data elsewhere"), find(""));
}

#[test]
fn a_catalogue_is_replaced_only_when_told() {
    let sandbox = stocked(40);
    sandbox.run("backup monday").succeeds();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    assert_eq!(held(&sandbox, ""), 44);
    let refused = sandbox.run("restore monday").fails_with(2);
    assert!(refused.stderr.contains("--replace"), "{refused}");
    assert_eq!(held(&sandbox, ""), 44);
    sandbox.run("restore --replace monday").succeeds();
    assert_eq!(held(&sandbox, ""), 40);
    let again = sandbox.run("ingest --no-embed --json feed.csv").succeeds();
    assert_eq!(again.counts(["inserted"]), [4], "the feed brings what came after the backup");
}

#[test]
fn places_that_cannot_be_meant_are_refused_with_the_remedy() {
    let sandbox = stocked(3);
    sandbox.run("backup monday").succeeds();
    for (arguments, expected) in [
        ("backup monday", "holds a backup already, which is not overwritten: name a new place"),
        ("backup data", "is the folder of the catalogue itself"),
        ("backup s3://shop", "expected s3://BUCKET/PREFIX"),
        ("backup tuesday --store postgres", "back that up by its own means"),
        ("backup tuesday --data none", "there is no catalogue to back up: --data"),
        ("restore tuesday --data none", "holds no complete backup: check the name"),
    ] {
        let refused = sandbox.run(arguments).fails_with(2);
        assert!(refused.stderr.contains(expected), "{arguments}: {refused}");
    }
    assert!(!sandbox.path("none").join("akin.db").exists());
    assert!(!sandbox.path("tuesday").exists(), "nothing is created");
}

#[test]
fn a_damaged_backup_is_named_and_replaces_nothing() {
    let sandbox = stocked(200);
    sandbox.run("backup monday").succeeds();
    let file = sandbox.path("monday/akin.db");
    let sound = fs::read(&file).unwrap();
    let mut flipped = sound.clone();
    flipped[sound.len() / 2] ^= 1;
    for bytes in [flipped, sound[..sound.len() - 8_192].to_vec(), Vec::new()] {
        fs::write(&file, bytes).unwrap();
        let refused = sandbox.run("restore --replace monday").fails_with(1);
        let expected = "the backup is damaged: restore another one";
        assert!(refused.stderr.contains("its SHA-256 is"), "{refused}");
        assert!(refused.stderr.contains(expected), "{refused}");
        assert_eq!(held(&sandbox, ""), 200);
    }
    fs::remove_file(&file).unwrap();
    let refused = sandbox.run("restore --replace monday").fails_with(2);
    assert!(refused.stderr.contains("monday/akin.db"), "{refused}");
    fs::write(&file, sound).unwrap();
    fs::write(sandbox.path("monday/akin.db.sha256"), "<html>").unwrap();
    let refused = sandbox.run("restore --replace monday").fails_with(1);
    assert!(refused.stderr.contains("expected 64 hexadecimal digits"), "{refused}");
    assert_eq!(held(&sandbox, ""), 200);
}

#[test]
fn a_damaged_catalogue_is_replaced_by_its_backup() {
    let sandbox = stocked(40);
    sandbox.run("backup monday").succeeds();
    fs::write(sandbox.path("data/akin.db"), "no database".repeat(2_000)).unwrap();
    sandbox.run("status").fails_with(1);
    sandbox.run("restore --replace monday").succeeds();
    assert_eq!(held(&sandbox, ""), 40);
}

/// Whenever it is killed: before, while or after it writes.
#[test]
fn a_killed_backup_restores_completely_or_not_at_all() {
    let sandbox = stocked(4_000);
    let mut incomplete = 0;
    for round in 0..6 {
        let place = format!("place-{round}");
        let mut child = sandbox.spawn(&format!("backup {place}"));
        // Half of the rounds wait until the copy has begun.
        while round % 2 == 0 && child.try_wait().unwrap().is_none() {
            if sandbox.path(&place).join("backup.partial").exists() {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let complete = sandbox.path(&place).join("akin.db.sha256").exists();
        if !complete {
            incomplete += 1;
            let refused = sandbox.run(&format!("restore {place} --data new-{round}")).fails_with(2);
            assert!(refused.stderr.contains("holds no complete backup"), "{refused}");
            assert!(!sandbox.path(&format!("new-{round}")).join("akin.db").exists());
            sandbox.run(&format!("backup {place}")).succeeds();
        }
        sandbox.run(&format!("restore {place} --data new-{round}")).succeeds();
        assert_eq!(held(&sandbox, &format!("--data new-{round}")), 4_000);
    }
    eprintln!("{incomplete} of 6 were killed before their end");
}

#[test]
fn a_backup_while_an_ingestion_writes_holds_one_of_its_states() {
    let sandbox = stocked(10);
    sandbox.write("lamps.csv", rows(20_000, "LA", "Lamp"));
    let mut ingestion = sandbox.spawn("ingest --no-embed lamps.csv");
    let mut last = 0;
    for round in 0.. {
        let ended = ingestion.try_wait().unwrap();
        let backup = sandbox.run(&format!("backup --json b{round}")).succeeds();
        let [held] = backup.counts(["products"]);
        assert!(held >= last && held >= 10, "{held} after {last}");
        last = held;
        sandbox.run(&format!("restore b{round} --data r{round}")).succeeds();
        assert_eq!(self::held(&sandbox, &format!("--data r{round}")), held);
        fs::remove_dir_all(sandbox.path(&format!("b{round}"))).unwrap();
        fs::remove_dir_all(sandbox.path(&format!("r{round}"))).unwrap();
        if let Some(status) = ended {
            assert!(status.success());
            break;
        }
    }
    assert_eq!(last, 20_010);
}

#[test]
#[ignore = "needs emulated AWS: make test"]
fn a_backup_in_s3_is_restored_and_a_damaged_one_refused() {
    let aws = Aws::new();
    let bucket = aws.create_bucket();
    let shop = aws.settings(Shop::local());
    // Larger than one part of an upload.
    let name = "A chair with a very long name ".repeat(40);
    shop.sandbox.write("chairs.csv", rows(16_000, "CH", &name));
    shop.run("ingest --no-embed chairs.csv").succeeds();
    let place = format!("s3://{bucket}/backups/monday");
    let backup = shop.json(&format!("backup {place}"));
    assert!(backup["bytes"].as_u64().unwrap() > 16 << 20, "{backup}");
    let left = |path: &Path| {
        fs::read_dir(path)
            .unwrap()
            .filter(|file| {
                file.as_ref().unwrap().path().extension().is_some_and(|is| is == "partial")
            })
            .count()
    };
    assert_eq!(left(&shop.sandbox.path("data")), 0);
    let refused = shop.run(&format!("backup {place}")).fails_with(2);
    assert!(refused.stderr.contains("holds a backup already"), "{refused}");
    shop.run(&format!("restore {place} --data elsewhere")).succeeds();
    assert_eq!(shop.json("status --data elsewhere")["products"], 16_000);

    aws.put("backups/monday/akin.db", "half");
    let refused = shop.run(&format!("restore {place} --data more")).fails_with(1);
    assert!(refused.stderr.contains("the backup is damaged"), "{refused}");
    let refused = shop.run(&format!("restore s3://{bucket}/none --data more")).fails_with(2);
    assert!(refused.stderr.contains("holds no complete backup"), "{refused}");
    let refused = shop.run("backup s3://akin-no-such-bucket/monday").fails_with(2);
    assert!(refused.stderr.contains("check the name of the bucket"), "{refused}");
}
