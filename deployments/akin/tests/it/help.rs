//! Help, version, completions and usage errors.

use crate::support::{Sandbox, masked};

#[test]
fn every_subcommand_has_help() {
    let sandbox = Sandbox::new();
    for command in [
        "",
        "ingest",
        "search",
        "similar",
        "suggest",
        "serve",
        "serve-embeddings",
        "worker",
        "queue",
        "status",
        "quarantine",
        "model",
        "model get",
        "model pack",
        "model export",
        "model check",
        "model list",
        "evaluate",
        "relevance",
        "relevance check",
        "export",
        "copy",
        "backup",
        "restore",
        "doctor",
        "health",
        "indexes",
        "migrate",
        "completions",
        "manual",
    ] {
        let help = sandbox.run(&format!("{command} --help")).succeeds();
        let name = format!("help {command}").trim().replace(' ', "_");
        masked(|| insta::assert_snapshot!(name, help.stdout));
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = Sandbox::new().run("-V").succeeds().stdout;
    assert_eq!(version, format!("akin {}\n", env!("CARGO_PKG_VERSION")));
    let long = Sandbox::new().run("--version").succeeds().stdout;
    let lines: Vec<_> = long.lines().collect();
    assert_eq!(lines[0], version.trim_end());
    assert!(lines[1].starts_with("commit: "), "{long}");
    assert_eq!(lines[2], "default model: all-MiniLM-L6-v2, int8");
    assert!(lines[3].starts_with("machine: "), "{long}");
}

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    sandbox.run("manual share/man1").succeeds();
    let page = |name: &str| {
        let path = sandbox.path("share/man1").join(format!("{name}.1"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    for name in ["akin", "akin-ingest", "akin-backup", "akin-model-export", "akin-doctor"] {
        assert!(page(name).contains(".SH SYNOPSIS"), "{name}");
    }
    assert!(page("akin-search").contains("AKIN_LIMIT"), "variables are named");
    let refused = sandbox.run("manual feed.csv").fails_with(1);
    assert!(refused.stderr.contains("cannot write to feed.csv"), "{refused}");
}

#[test]
fn completions_contain_every_command_in_every_shell() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.run(&format!("completions {shell}")).succeeds().stdout;
        for word in
            ["ingest", "search", "similar", "serve", "quarantine", "evaluate", "worker", "no-embed"]
        {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
}

#[test]
fn hidden_flags_are_not_offered_by_shells() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Sandbox::new().run(&format!("completions {shell}")).succeeds().stdout;
        assert!(!script.contains("cpu"), "{shell}");
    }
}

#[test]
fn shells_offer_files_only_where_a_value_is_a_path() {
    let script = Sandbox::new().run("completions zsh").succeeds().stdout;
    let line = |flag: &str| script.lines().find(|line| line.contains(flag)).unwrap();
    for flag in ["'--format=", "'--currency=", "'--limit=", "'--every="] {
        assert!(!line(flag).contains(":_default"), "{}", line(flag));
    }
    for (flag, completer) in [("data", "files"), ("output", "files"), ("map", "default")] {
        let line = line(&format!("'--{flag}="));
        assert!(line.contains(&format!(":_{completer}")), "{line}");
    }
}

#[test]
fn a_missing_or_unknown_command_is_a_usage_error() {
    let sandbox = Sandbox::new();
    for arguments in ["", "serach tripod", "ingest", "similar", "search --loud tripod"] {
        let outcome = sandbox.run(arguments).fails_with(2);
        assert!(outcome.stderr.contains("Usage: akin"), "{arguments}: {outcome}");
    }
    for arguments in
        ["search tripod --limit", "search tripod --data=", "ingest feed.csv --log-level"]
    {
        let outcome = sandbox.run(arguments).fails_with(2);
        assert!(outcome.stderr.contains("a value is required for '--"), "{arguments}: {outcome}");
    }
}
