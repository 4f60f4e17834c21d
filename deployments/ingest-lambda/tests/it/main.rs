//! The function as a process.

use std::process::Command;

#[test]
fn without_settings_it_ends_at_once_and_names_what_is_missing() {
    let mut function = Command::new(env!("CARGO_BIN_EXE_ingest-lambda"));
    let output = function.env_clear().output().expect("a process");
    let log = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{log}");
    assert!(log.starts_with("error: "), "{log}");
    for name in ["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB", "AWS_SQS_SUBSCRIBED_QUEUE_URL"] {
        assert!(log.contains(name), "{name}: {log}");
    }
}
