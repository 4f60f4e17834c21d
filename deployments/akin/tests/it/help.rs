//! What the command says of itself.

use crate::support::{Place, masked};

#[test]
fn every_subcommand_has_help() {
    let place = Place::new();
    for command in [
        "",
        "ingest",
        "search",
        "similar",
        "serve",
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
        "export",
        "copy",
        "migrate",
        "completions",
    ] {
        let help = place.run(&format!("{command} --help")).succeeds();
        let name = format!("help {command}").trim().replace(' ', "_");
        masked(|| insta::assert_snapshot!(name, help.stdout));
    }
}

#[test]
fn the_version_is_the_packages() {
    let version = Place::new().run("--version").succeeds().stdout;
    assert_eq!(version, format!("akin {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_every_command_in_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&format!("completions {shell}")).succeeds().stdout;
        for word in
            ["ingest", "search", "similar", "serve", "quarantine", "evaluate", "worker", "no-embed"]
        {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
}

#[test]
fn no_command_or_an_unknown_one_is_bad_usage() {
    let place = Place::new();
    for words in ["", "serach tripod", "search", "ingest", "similar", "search --loud tripod"] {
        let outcome = place.run(words).fails_with(2);
        assert!(outcome.stderr.contains("Usage: akin"), "{words}: {outcome}");
    }
    for words in ["search tripod --limit", "search tripod --data=", "ingest feed.csv --log-level"] {
        let outcome = place.run(words).fails_with(2);
        assert!(outcome.stderr.contains("a value is required for '--"), "{words}: {outcome}");
    }
}
