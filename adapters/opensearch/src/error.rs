//! What a use case may know of this engine's errors, and what an operator can do about them.

use crate::SYSTEM;
use akin_ports::{ErrorKind, PortError};
use serde_json::Value;
use std::error::Error;
use std::time::Duration;

/// What the server says of a request that it refuses, as a whole or for one document.
#[derive(Clone, Debug)]
pub(crate) struct ServerError {
    pub(crate) status: u16,
    /// Such as `index_not_found_exception`; empty if the answer is not the server's own.
    pub(crate) kind: String,
    pub(crate) reason: String,
}

pub(crate) fn unavailable(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Unavailable, what.into())
}

pub(crate) fn refused(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Refused, what.into())
}

pub(crate) fn misconfigured(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Misconfigured, what.into())
}

pub(crate) fn corrupt(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Corrupt, what.into())
}

/// What it means that no answer came.
pub(crate) fn transport(error: &opensearch::Error, timeout: Duration) -> PortError {
    let story = story(error);
    if error.is_timeout() {
        let seconds = timeout.as_secs_f64();
        return unavailable(format!(
            "no answer within {seconds} s: look at the server's load, or raise OPENSEARCH_TIMEOUT"
        ));
    }
    let says = |words: &[&str]| words.iter().any(|word| story.contains(word));
    if says(&["certificate", "UnknownIssuer", "CertificateError"]) {
        return misconfigured(format!(
            "its certificate is not trusted: set OPENSEARCH_CA_FILE to the authority that signed \
             it, or OPENSEARCH_ENDPOINT to the name that it was made for ({story})"
        ));
    }
    if says(&["Temporary failure in name resolution"]) {
        return unavailable(format!("the name of its host cannot be resolved now ({story})"));
    }
    if says(&["dns error", "failed to lookup address"]) {
        return misconfigured(format!(
            "there is no such host: check OPENSEARCH_ENDPOINT ({story})"
        ));
    }
    if says(&["InvalidContentType", "corrupt message", "invalid HTTP", "InvalidMessage"]) {
        return misconfigured(format!(
            "it does not speak as OPENSEARCH_ENDPOINT says: http:// or https://? ({story})"
        ));
    }
    if says(&["onnection refused"]) {
        return unavailable(format!(
            "nobody listens there: start OpenSearch, or check OPENSEARCH_ENDPOINT ({story})"
        ));
    }
    unavailable(format!("the connection broke ({story})"))
}

/// The error and each cause behind it, none said twice.
fn story(error: &dyn Error) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !story.contains(&text) {
            story.push_str(": ");
            story.push_str(&text);
        }
        cause = error.source();
    }
    story
}

impl ServerError {
    /// Reads `{"error": {"type", "reason"}}`; whatever else is said is the reason.
    pub(crate) fn read(status: u16, body: &str) -> Self {
        let said = serde_json::from_str::<Value>(body).unwrap_or_default();
        match said.get("error") {
            Some(error @ Value::Object(_)) => Self::of(status, error),
            Some(Value::String(reason)) => Self::foreign(status, reason),
            _ => Self::foreign(status, said["message"].as_str().unwrap_or(body)),
        }
    }

    /// Why a document could not be read, although the request was understood.
    pub(crate) fn of_document(error: &Value) -> Self {
        let gone = error["type"] == "index_not_found_exception";
        // Else its shard is not ready, or on its way.
        Self::of(if gone { 404 } else { 503 }, error)
    }

    /// Reads `{"type", "reason", "root_cause", "caused_by"}`.
    pub(crate) fn of(status: u16, error: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut reason = text(&error["reason"]);
        for cause in
            [&error["root_cause"][0], &error["caused_by"], &error["failed_shards"][0]["reason"]]
        {
            let cause = text(&cause["reason"]);
            if !cause.is_empty() && !reason.contains(&cause) {
                reason = format!("{reason}: {cause}");
            }
        }
        Self { status, kind: text(&error["type"]), reason: shorten(&reason) }
    }

    fn foreign(status: u16, reason: &str) -> Self {
        Self { status, kind: String::new(), reason: shorten(reason) }
    }
}

/// One line of at most 300 characters.
fn shorten(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

impl From<ServerError> for PortError {
    fn from(error: ServerError) -> Self {
        let ServerError { status, kind, reason } = &error;
        let blocked = kind.contains("cluster_block") && matches!(status, 403 | 429);
        match status {
            401 => misconfigured(
                "it refuses the user or the password: set OPENSEARCH_USERNAME and \
                 OPENSEARCH_PASSWORD to one that it knows",
            ),
            _ if blocked => unavailable(format!(
                "it takes no writes: free some disk space on the server ({reason})"
            )),
            403 => misconfigured(format!(
                "the user may not do this: give it rights to the index of OPENSEARCH_INDEX_NAME; \
                 if requests are signed, check OPENSEARCH_AWS_REGION and the AWS keys ({reason})"
            )),
            404 => misconfigured(format!(
                "what OPENSEARCH_INDEX_NAME names is gone: run `akin migrate` ({reason})"
            )),
            413 => refused(format!(
                "the request is too large for it: lower OPENSEARCH_UPSERT_BATCH_SIZE ({reason})"
            )),
            400..=499 if *status != 429 => refused(format!("{kind}: {reason}")),
            429 | 502..=504 => unavailable(format!("it asks for patience ({status}: {reason})")),
            _ => corrupt(format!("it failed ({status}): {kind}: {reason}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: u16, body: &str) -> String {
        PortError::from(ServerError::read(status, body)).report()
    }

    #[test]
    fn a_refusal_names_the_setting_and_the_remedy() {
        let missing =
            r#"{"error":{"type":"index_not_found_exception","reason":"no such index [a]"}}"#;
        assert_eq!(
            report(404, missing),
            "opensearch is misconfigured: what OPENSEARCH_INDEX_NAME names is gone: run `akin \
             migrate` (no such index [a])"
        );
        assert!(report(401, "Unauthorized").contains("OPENSEARCH_PASSWORD"));
        assert!(report(403, r#"{"message":"The security token is invalid"}"#).contains("token"));
    }

    #[test]
    fn whatever_the_answer_is_it_becomes_one_short_line() {
        for body in ["", "<html>\n\n</html>", "[1]", "{\"error\":7}", &"x".repeat(10_000)] {
            let report = report(503, body);
            assert!(report.len() < 400 && !report.contains('\n'), "{report}");
            assert!(report.contains("is unavailable"));
        }
    }
}
