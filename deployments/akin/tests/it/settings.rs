//! Flags, the environment, and what is said of bad ones. Nothing here needs the model.

use crate::support::{Outcome, Place, masked};
use std::process::Stdio;

#[test]
fn all_bad_settings_are_named_at_once_before_anything_starts() {
    let place = Place::new();
    let outcome = place.run_in(
        &[
            ("AKIN_LIMIT", "many"),
            ("LOG_LEVEL", "loud"),
            ("AKIN_THREADS", "0"),
            ("AKIN_ENGINES", "x"),
        ],
        "search --mode fuzzy --threshold 1.5 tripod",
    );
    insta::assert_snapshot!(outcome.fails_with(2));
    let outcome = place.run_in(
        &[
            ("SEARCH_DEFAULT_LIMIT", "0"),
            ("SEARCH_DEFAULT_THRESHOLD", "NaN"),
            ("AKIN_IMAGES", "no-images"),
            ("AKIN_LISTEN", "x"),
        ],
        "serve",
    );
    insta::assert_snapshot!(outcome.fails_with(2));
    assert!(!place.path("data").exists());
}

#[test]
fn an_instruction_set_that_cannot_be_used_is_refused_with_those_that_can() {
    let place = Place::new();
    let outcome = place.run_in(&[("AKIN_CPU", "sse9")], "status").fails_with(2);
    let expected =
        "--cpu <SET> (AKIN_CPU) cannot be \"sse9\": no such instruction set as sse9: use ";
    assert!(outcome.stderr.contains(expected), "{outcome}");
    place.run_in(&[("AKIN_CPU", "portable")], "ingest --no-embed feed.csv").succeeds();
}

#[test]
fn a_missing_model_and_a_missing_folder_are_named_at_once() {
    let place = Place::new();
    let mut nowhere = place.akin("ingest feed.csv");
    for name in ["HOME", "XDG_CACHE_HOME", "AKIN_MODELS", "AKIN_DATA"] {
        nowhere.env_remove(name);
    }
    insta::assert_snapshot!(Outcome::from(nowhere.output().unwrap()).fails_with(2));
}

#[test]
fn without_a_model_nothing_is_begun_and_the_remedy_is_named() {
    let place = Place::new();
    for words in ["ingest feed.csv", "search tripod", "similar PH-1", "serve --listen 127.0.0.1:0"]
    {
        let outcome = place.run_in(&[("AKIN_MODELS", "no-models")], words);
        masked(|| insta::assert_snapshot!("no_model", outcome.fails_with(2)));
    }
    assert!(!place.path("data").exists());
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_default() {
    let place = Place::new();
    let data = |variables: &[(&str, &str)], flags: &str| {
        place.run_in(variables, &format!("ingest --no-embed feed.csv {flags}")).succeeds();
        let status = place.run_in(variables, &format!("status --json {flags}")).succeeds();
        status.json()["data"].as_str().unwrap().to_owned()
    };
    assert_eq!(data(&[], ""), "data");
    assert_eq!(data(&[("AKIN_DATA", "other")], ""), "other");
    assert_eq!(data(&[("AKIN_DATA", "other")], "--data third"), "third");
    // An empty variable is none.
    let (home, empty) = (place.path("home"), ("AKIN_DATA", ""));
    let home = home.to_str().unwrap();
    let expected = format!("{home}/.local/share/akin");
    assert_eq!(data(&[empty, ("HOME", home)], ""), expected);
    let xdg = ("XDG_DATA_HOME", home);
    assert_eq!(data(&[empty, ("HOME", "x"), xdg], ""), format!("{home}/akin"));
}

#[test]
fn a_switch_can_be_set_in_the_environment_by_any_word_for_yes() {
    let place = Place::new();
    place.run("ingest --no-embed feed.csv").succeeds();
    for (value, is_json) in [("1", true), ("true", true), ("yes", true), ("0", false), ("", false)]
    {
        let outcome = place.run_in(&[("AKIN_JSON", value)], "status").succeeds();
        assert_eq!(outcome.stdout.starts_with('{'), is_json, "{value}: {outcome}");
    }
    let outcome = place.run_in(&[("AKIN_JSON", "perhaps")], "status").fails_with(2);
    assert!(outcome.stderr.contains("--json (AKIN_JSON) cannot be \"perhaps\""), "{outcome}");
}

#[test]
fn a_feed_that_is_not_there_is_named_with_every_other() {
    let place = Place::new();
    let outcome = place.run("ingest none.csv feed.csv no/such.csv");
    insta::assert_snapshot!(outcome.fails_with(2));
    assert!(!place.path("data").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_a_failure_and_no_panic() {
    let place = Place::new();
    place.run("ingest --no-embed feed.csv").succeeds();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    for words in ["status", "status --json", "completions bash"] {
        let mut command = place.akin(words);
        command.stdout(full.try_clone().unwrap()).stderr(Stdio::piped());
        let outcome = Outcome::from(command.output().unwrap()).fails_with(1);
        assert!(
            outcome.stderr.starts_with("akin: the output cannot be written: No space"),
            "{outcome}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_command_silently() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = place.akin("completions bash").stdout(writer).stderr(Stdio::piped()).output();
    let outcome = Outcome::from(output.unwrap()).fails_with(141);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_command_that_only_reads_refuses_a_folder_without_a_catalogue() {
    let place = Place::new();
    for words in [
        "status",
        "queue",
        "queue dead",
        "queue redrive",
        "quarantine",
        "quarantine --csv -",
        "export",
        "copy --from local --to postgres --postgres-host 127.0.0.1 --postgres-port 1 \
         --postgres-user akin --postgres-db akin",
    ] {
        let outcome = place.run(&format!("{words} --data typo")).fails_with(2);
        assert!(outcome.stderr.contains("there is no catalogue in typo"), "{words}: {outcome}");
        assert!(!place.path("typo").exists(), "{words}");
    }
}
