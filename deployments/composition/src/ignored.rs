//! Variables of earlier deployments that akin does not read.

use std::env;
use std::ffi::OsStr;

/// The variables, and what to know instead.
const IGNORED: [(&str, &str); 5] = [
    ("LOG_FORMAT", "LOG_JSON selects the format of the log"),
    ("LOG_SOURCE_EVENT", "events may hold personal data and are never logged"),
    ("TRANSFORMERS_CACHE", "AKIN_MODELS is the folder of models"),
    ("AWS_SQS_UPSERT_BATCH_SIZE", "SQS takes 10 messages at a time"),
    ("TZ", "all times are UTC"),
];

/// Logs once the names of variables that are set and have no effect. For deployments that stay: a
/// command would repeat it with every call.
pub fn warn_of_ignored_variables() {
    let set = ignored(|name| env::var_os(name).is_some_and(|value| is_news(name, &value)));
    if !set.is_empty() {
        tracing::warn!("these variables are set and have no effect: {}", set.join("; "));
    }
}

/// Describes the variables that are set.
fn ignored(is_set: impl Fn(&str) -> bool) -> Vec<String> {
    let set = IGNORED.into_iter().filter(|(name, _)| is_set(name));
    set.map(|(name, instead)| format!("{name} ({instead})")).collect()
}

/// Returns whether a value says anything: AWS Lambda itself sets the time zone to UTC.
fn is_news(name: &str, value: &OsStr) -> bool {
    let is_utc = ["UTC", ":UTC", "Etc/UTC", ":/etc/localtime"].iter().any(|utc| value == *utc);
    let is_default = name == "TZ" && is_utc;
    !value.is_empty() && !is_default
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_set_are_named_with_what_to_know_instead() {
        let described = ignored(|name| matches!(name, "LOG_FORMAT" | "TZ"));
        let expected =
            ["LOG_FORMAT (LOG_JSON selects the format of the log)", "TZ (all times are UTC)"];
        assert_eq!(described, expected);
        assert!(ignored(|_| false).is_empty());
    }

    #[test]
    fn the_time_zone_of_a_function_is_no_news() {
        for (name, value, expected) in [
            ("TZ", ":UTC", false),
            ("TZ", "Asia/Hong_Kong", true),
            ("LOG_FORMAT", "", false),
            ("LOG_FORMAT", "UTC", true),
        ] {
            assert_eq!(is_news(name, OsStr::new(value)), expected, "{name}={value}");
        }
    }
}
