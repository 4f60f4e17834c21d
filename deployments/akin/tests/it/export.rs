//! `akin export`: all products, one per line.

use crate::support::{Outcome, Sandbox, limit_file_size, rows};
use serde_json::Value;
use std::fs;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[test]
#[ignore = "needs the model: make model"]
fn an_export_contains_every_product_with_its_embedding() {
    let sandbox = Sandbox::ingested();
    let all = lines(&sandbox.run("export").succeeds().stdout);
    let ids: Vec<_> = all.iter().map(|line| line["product_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["HO-1", "HO-2", "PH-1", "PH-2"]);
    for line in &all {
        let embedding = line["embedding"].as_array().unwrap();
        let length: f64 = embedding.iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
        assert!(embedding.len() == 384 && (length - 1.0).abs() < 1e-3);
        assert!(line["model"].as_str().unwrap().starts_with("all-MiniLM-L6-v2@"));
    }
    assert_eq!(all[2]["discount_price"], 617.5);
    let export = sandbox.run("export --no-embeddings --output all.jsonl").succeeds();
    assert_eq!(export.stdout, "");
    let written = fs::read_to_string(sandbox.path("all.jsonl")).unwrap();
    assert_eq!(lines(&written).len(), 4);
    assert!(!written.contains("embedding") && !sandbox.path("all.jsonl.partial").exists());
}

#[test]
fn products_without_an_embedding_are_exported_too() {
    let sandbox = Sandbox::new();
    sandbox.write("many.csv", rows(1_200, "id", "A thing"));
    sandbox.run("ingest --no-embed many.csv").succeeds();
    let all = lines(&sandbox.run("export").succeeds().stdout);
    assert_eq!(all.len(), 1_200);
    assert!(all.iter().all(|line| line["model"].is_null() && line.get("embedding").is_none()));
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let outcome = sandbox.run("export --output nowhere/all.jsonl").fails_with(1);
    let expected = "cannot write nowhere/all.jsonl.partial (--output)";
    assert!(outcome.stderr.contains(expected), "{outcome}");
}

#[test]
fn ingesting_an_export_changes_nothing() {
    let sandbox = Sandbox::new();
    let feed = "product_id,name,main_category,sub_category,brand,description,attributes,image,link,\
        ratings,no_of_ratings,discount_price,actual_price\n\
        A,Tripod > legs & co,\"Photo, video\",Tripods,Lumo,\"He said \"\"steady\"\"\",color: red,\
        https://shop.example/a.jpg,https://shop.example/dp/B09K6F8S98,4.25,1234,₹617.50,\"₹1,29,900\"\n\
        B,Yen,,,,,,,,,,,JPY 12999\n\
        C,Dinar,,,,,,,,,,,KWD 12.125\n\
        D,\"0,50 €\",,,,,,,,,,\"0,50 €\",\n\
        E,Pound,,,,,,,,5,,,£8\n\
        F,No price,,,,,,,,,,,\n";
    sandbox.write("shop.csv", feed);
    sandbox.run("ingest --no-embed --rate GBP=HKD:10.2 shop.csv").succeeds();
    sandbox.run("export --output all.jsonl").succeeds();
    let again = sandbox.run("ingest --no-embed --json --complete all.jsonl").succeeds();
    assert_eq!(again.counts(["read", "changed", "unchanged", "quarantined"]), [6, 0, 6, 0]);
    let elsewhere = "--data elsewhere";
    sandbox.run(&format!("ingest --no-embed {elsewhere} all.jsonl")).succeeds();
    sandbox.run(&format!("export {elsewhere} --output copy.jsonl")).succeeds();
    let contents = |name: &str| {
        let mut lines = lines(&fs::read_to_string(sandbox.path(name)).unwrap());
        for line in &mut lines {
            // These dates belong to the run that stored the product.
            let fields = line.as_object_mut().unwrap();
            assert!(fields.remove("modified_date").is_some());
            assert!(fields.remove("created_date").is_some());
        }
        lines
    };
    assert_eq!(contents("all.jsonl"), contents("copy.jsonl"));
}

#[cfg(unix)]
#[test]
fn files_of_the_catalogue_are_their_owners_alone_unless_they_replace_others() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let mode = |name: &str| fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("data"), mode("data/akin.db")], [0o700, 0o600]);
    sandbox.write("precious", "precious");
    symlink(sandbox.path("precious"), sandbox.path("all.jsonl.partial")).unwrap();
    sandbox.run("export --output all.jsonl").succeeds();
    sandbox.run("quarantine --csv rows.csv").succeeds();
    assert_eq!([mode("all.jsonl"), mode("rows.csv")], [0o600; 2]);
    assert_eq!(fs::read_to_string(sandbox.path("precious")).unwrap(), "precious");
    fs::set_permissions(sandbox.path("rows.csv"), fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.run("quarantine --csv rows.csv --overwrite").succeeds();
    assert_eq!(mode("rows.csv"), 0o644);
}

#[cfg(unix)]
#[test]
fn what_is_not_a_regular_file_is_written_to_and_never_replaced() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    symlink("/dev/null", sandbox.path("null")).unwrap();
    sandbox.run("export --output null").succeeds();
    sandbox.run("quarantine --csv null").succeeds();
    assert!(sandbox.path("null").is_symlink());
    for output in ["-", "/dev/stdout"] {
        let printed = sandbox.run(&format!("export --output {output}")).succeeds().stdout;
        assert_eq!(lines(&printed).len(), 4, "{output}");
    }
    assert!(!sandbox.path("-").exists());

    assert!(Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap().success());
    let mut export = sandbox.spawn("export --output pipe");
    let read = fs::read_to_string(sandbox.path("pipe")).unwrap();
    assert!(export.wait().unwrap().success());
    assert_eq!(lines(&read).len(), 4);
    assert!(fs::metadata(sandbox.path("pipe")).unwrap().file_type().is_fifo());
    assert!(!sandbox.path("pipe.partial").exists());
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_to_the_file_that_is_replaced() {
    use std::os::unix::fs::symlink;
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    fs::create_dir(sandbox.path("folder")).unwrap();
    sandbox.write("folder/current.jsonl", "old");
    symlink("folder/current.jsonl", sandbox.path("all.jsonl")).unwrap();
    sandbox.run("export --output all.jsonl").succeeds();
    assert!(sandbox.path("all.jsonl").is_symlink());
    let written = fs::read_to_string(sandbox.path("folder/current.jsonl")).unwrap();
    assert_eq!(lines(&written).len(), 4);
    symlink("nowhere", sandbox.path("dangling")).unwrap();
    let outcome = sandbox.run("export --output dangling").fails_with(1);
    assert!(outcome.stderr.contains("dangling (--output): it is a link to no file"), "{outcome}");
}

#[cfg(unix)]
#[test]
fn an_incomplete_file_is_removed() {
    let sandbox = Sandbox::new();
    sandbox.write("many.csv", rows(5_000, "id", "A thing"));
    sandbox.run("ingest --no-embed many.csv").succeeds();
    let command = sandbox.akin("export --output all.jsonl");
    let outcome: Outcome = limit_file_size(&command, 512).output().unwrap().into();
    let outcome = outcome.fails_with(1);
    assert!(outcome.stderr.contains("cannot write all.jsonl"), "{outcome}");
    assert!(!sandbox.path("all.jsonl").exists() && !sandbox.path("all.jsonl.partial").exists());
    fs::create_dir(sandbox.path("folder")).unwrap();
    for arguments in ["export --output folder", "quarantine --csv folder"] {
        let outcome = sandbox.run(arguments).fails_with(2);
        assert!(outcome.stderr.contains(": folder is a folder; name a file in it"), "{outcome}");
    }
    assert!(!sandbox.path("folder.partial").exists());
}
