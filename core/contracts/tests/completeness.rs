//! Every rule of a suite is run by its macro, and every name in a macro is a rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the files of a suite: its own, and those of its folder if it has one.
fn files(suite: &str) -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folder = fs::read_dir(source.join(suite)).into_iter().flatten();
    let parts = folder.map(|file| file.expect("a file").path());
    parts.chain([source.join(format!("{suite}.rs"))]).collect()
}

fn rules_and_names(text: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let rule = |line: &str| Some(line.strip_prefix("pub async fn ")?.split('(').next()?.to_owned());
    let rules = text.lines().filter_map(rule).collect();
    let listed = text.split_once("[$($attribute),*],").and_then(|(_, rest)| rest.split_once(");"));
    let names = listed.map_or("", |(names, _)| names).split(',').map(str::trim);
    (rules, names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

#[test]
fn every_rule_is_run() {
    for suite in
        ["store", "index", "queue", "runs", "embedder", "feed", "feed_source", "backup_storage"]
    {
        let (mut rules, mut names) = (BTreeSet::new(), BTreeSet::new());
        for file in files(suite) {
            let found = rules_and_names(&fs::read_to_string(file).unwrap());
            rules.extend(found.0);
            names.extend(found.1);
        }
        assert!(rules.len() > 5, "{suite}: the rules were not found");
        assert_eq!(rules, names, "{suite}: on the left the rules, on the right what is run");
    }
}

#[test]
fn a_rule_that_is_not_run_is_noticed() {
    let text = "rules!(x, [$fresh], [$($attribute),*],\n one,\n);\npub async fn one(x: &X) {}\n\
                pub async fn two(x: &X) {}\n";
    let (rules, names) = rules_and_names(text);
    assert_eq!((rules.len(), names.len()), (2, 1));
}
