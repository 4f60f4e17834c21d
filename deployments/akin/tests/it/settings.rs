//! Flags and environment variables, and the messages for invalid ones. No test needs the model.

use crate::support::{Outcome, Sandbox, limit_open_files, masked};
use std::process::Stdio;

#[test]
fn a_value_that_cannot_be_used_is_answered_with_those_that_can() {
    let sandbox = Sandbox::new();
    let refused = |variables: &[(&str, &str)], arguments: &str| {
        sandbox.run_with_env(variables, arguments).fails_with(2).stderr
    };
    let switch = refused(&[("AKIN_COMPLETE", "maybe")], "ingest --no-embed feed.csv");
    assert!(
        switch.contains("(AKIN_COMPLETE) cannot be \"maybe\": expected true or false"),
        "{switch}"
    );
    let threads = refused(&[], "search --threads 100000 lamp");
    assert!(
        threads.contains("cannot be \"100000\": expected a number from 1 to 1024"),
        "{threads}"
    );
    let map = refused(&[("AKIN_FEED_MAP", " ")], "ingest --no-embed feed.csv");
    assert!(map.contains("expected pairs such as cost=actual_price"), "{map}");
    let xml = sandbox.run("ingest --no-embed --format xml feed.csv").fails_with(1).stderr;
    assert!(xml.contains("there is no XML element: is the file of another format?"), "{xml}");
    sandbox.write("shop.csv", "sku,label,cost\n1,Lamp,5\n");
    let mapped = "ingest --no-embed --json --map sku=id,label=title,cost=price shop.csv";
    assert_eq!(sandbox.run(mapped).succeeds().counts(["inserted"]), [1]);
    let token =
        refused(&[("HF_TOKEN", "one\ntwo")], "model get some/model --hub http://127.0.0.1:9");
    assert!(token.contains("HF_TOKEN contains a space, a line break"), "{token}");
}

#[test]
fn all_invalid_settings_are_named_at_once_before_anything_starts() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run_with_env(
        &[
            ("AKIN_LIMIT", "many"),
            ("LOG_LEVEL", "loud"),
            ("AKIN_THREADS", "0"),
            ("AKIN_ENGINES", "x"),
        ],
        "search --mode fuzzy --threshold 1.5 tripod",
    );
    insta::assert_snapshot!(outcome.fails_with(2));
    let outcome = sandbox.run_with_env(
        &[
            ("SEARCH_DEFAULT_LIMIT", "0"),
            ("SEARCH_DEFAULT_THRESHOLD", "NaN"),
            ("AKIN_IMAGES", "no-images"),
            ("AKIN_LISTEN", "x"),
        ],
        "serve",
    );
    insta::assert_snapshot!(outcome.fails_with(2));
    assert!(!sandbox.path("data").exists());
}

#[test]
fn an_unavailable_instruction_set_is_refused_and_the_available_ones_are_named() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run_with_env(&[("AKIN_CPU", "sse9")], "status").fails_with(2);
    let expected =
        "--cpu <SET> (AKIN_CPU) cannot be \"sse9\": no such instruction set as sse9: use ";
    assert!(outcome.stderr.contains(expected), "{outcome}");
    sandbox.run_with_env(&[("AKIN_CPU", "portable")], "ingest --no-embed feed.csv").succeeds();
}

#[test]
fn a_missing_model_and_a_missing_folder_are_named_at_once() {
    let sandbox = Sandbox::new();
    let mut nowhere = sandbox.akin("ingest feed.csv");
    for name in ["HOME", "XDG_CACHE_HOME", "AKIN_MODELS", "AKIN_DATA"] {
        nowhere.env_remove(name);
    }
    insta::assert_snapshot!(Outcome::from(nowhere.output().unwrap()).fails_with(2));
}

#[test]
fn without_a_model_nothing_starts_and_the_remedy_is_named() {
    let sandbox = Sandbox::new();
    for arguments in
        ["ingest feed.csv", "search tripod", "similar PH-1", "serve --listen 127.0.0.1:0"]
    {
        let outcome = sandbox.run_with_env(&[("AKIN_MODELS", "no-models")], arguments);
        masked(|| insta::assert_snapshot!("no_model", outcome.fails_with(2)));
    }
    assert!(!sandbox.path("data").exists());
}

#[test]
fn more_connections_than_open_files_are_lowered_by_name() {
    let sandbox = Sandbox::new();
    for (files, connections, is_lowered) in [(256, 512, true), (256, 64, false)] {
        let mut command = sandbox.akin("serve --listen 127.0.0.1:0");
        // Without a model the server ends after it has read its settings.
        command.env("AKIN_MODELS", "no-models");
        command.env("AKIN_MAX_CONNECTIONS", connections.to_string());
        let outcome = Outcome::from(limit_open_files(&command, files).output().unwrap());
        let outcome = outcome.fails_with(2);
        for part in ["RLIMIT_NOFILE", "is 256", "--max-connections (AKIN_MAX_CONNECTIONS) 512"] {
            assert_eq!(outcome.stderr.contains(part), is_lowered, "{outcome}");
        }
    }
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_default() {
    let sandbox = Sandbox::new();
    let data = |variables: &[(&str, &str)], flags: &str| {
        sandbox.run_with_env(variables, &format!("ingest --no-embed feed.csv {flags}")).succeeds();
        let status = sandbox.run_with_env(variables, &format!("status --json {flags}")).succeeds();
        status.json()["data"].as_str().unwrap().to_owned()
    };
    assert_eq!(data(&[], ""), "data");
    assert_eq!(data(&[("AKIN_DATA", "other")], ""), "other");
    assert_eq!(data(&[("AKIN_DATA", "other")], "--data third"), "third");
    // An empty variable counts as unset.
    let (home, empty) = (sandbox.path("home"), ("AKIN_DATA", ""));
    let home = home.to_str().unwrap();
    let expected = format!("{home}/.local/share/akin");
    assert_eq!(data(&[empty, ("HOME", home)], ""), expected);
    let xdg = ("XDG_DATA_HOME", home);
    assert_eq!(data(&[empty, ("HOME", "x"), xdg], ""), format!("{home}/akin"));
}

#[test]
fn a_switch_can_be_set_in_the_environment_by_any_common_word_for_yes() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    for (value, is_json) in [("1", true), ("true", true), ("yes", true), ("0", false), ("", false)]
    {
        let outcome = sandbox.run_with_env(&[("AKIN_JSON", value)], "status").succeeds();
        assert_eq!(outcome.stdout.starts_with('{'), is_json, "{value}: {outcome}");
    }
    let outcome = sandbox.run_with_env(&[("AKIN_JSON", "perhaps")], "status").fails_with(2);
    assert!(outcome.stderr.contains("--json (AKIN_JSON) cannot be \"perhaps\""), "{outcome}");
}

#[test]
fn all_missing_feeds_are_named_at_once() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("ingest none.csv feed.csv no/such.csv");
    insta::assert_snapshot!(outcome.fails_with(2));
    assert!(!sandbox.path("data").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_an_error_and_not_a_panic() {
    let sandbox = Sandbox::new();
    sandbox.run("ingest --no-embed feed.csv").succeeds();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in ["status", "status --json", "completions bash"] {
        let mut command = sandbox.akin(arguments);
        command.stdout(full.try_clone().unwrap()).stderr(Stdio::piped());
        let outcome = Outcome::from(command.output().unwrap()).fails_with(1);
        assert!(
            outcome.stderr.starts_with("akin: the output cannot be written: No space"),
            "{outcome}"
        );
    }
}

#[test]
fn a_closed_pipe_ends_the_command_silently() {
    let sandbox = Sandbox::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = sandbox.akin("completions bash").stdout(writer).stderr(Stdio::piped()).output();
    let outcome = Outcome::from(output.unwrap()).fails_with(141);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn read_only_commands_refuse_a_folder_without_a_catalogue() {
    let sandbox = Sandbox::new();
    for arguments in [
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
        let outcome = sandbox.run(&format!("{arguments} --data typo")).fails_with(2);
        assert!(outcome.stderr.contains("there is no catalogue in typo"), "{arguments}: {outcome}");
        assert!(!sandbox.path("typo").exists(), "{arguments}");
    }
}
