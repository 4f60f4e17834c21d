//! Maps the server's errors to [`PortError`], with the remedy for an operator.

use akin_ports::{ErrorKind, PortError, with_causes};
use serde_json::Value;
use std::time::Duration;

/// The name of this adapter in errors.
pub(crate) const SYSTEM: &str = "opensearch";

/// An error that the server reports for a request or for one document.
#[derive(Clone, Debug)]
pub(crate) struct ServerError {
    pub(crate) status: u16,
    /// Such as `index_not_found_exception`; empty if the response is not `OpenSearch`'s own.
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

/// Maps a request that got no response.
pub(crate) fn transport(error: &opensearch::Error, timeout: Duration) -> PortError {
    let causes = with_causes(error);
    if error.is_timeout() {
        let seconds = timeout.as_secs_f64();
        return unavailable(format!(
            "no response within {seconds} s: check the server's load, or raise OPENSEARCH_TIMEOUT"
        ));
    }
    let contains = |words: &[&str]| words.iter().any(|word| causes.contains(word));
    if contains(&["certificate", "UnknownIssuer", "CertificateError"]) {
        return misconfigured(format!(
            "the server's certificate is not trusted: set OPENSEARCH_CA_FILE to the authority that \
            signed it, or OPENSEARCH_ENDPOINT to the name it was issued for ({causes})"
        ));
    }
    if contains(&["Temporary failure in name resolution"]) {
        return unavailable(format!("the host name cannot be resolved at the moment ({causes})"));
    }
    if contains(&["dns error", "failed to lookup address"]) {
        return misconfigured(format!(
            "the host does not exist: check OPENSEARCH_ENDPOINT ({causes})"
        ));
    }
    if contains(&["InvalidContentType", "corrupt message", "invalid HTTP", "InvalidMessage"]) {
        return misconfigured(format!(
            "the server uses another protocol: check http:// or https:// in OPENSEARCH_ENDPOINT ({causes})"
        ));
    }
    if contains(&["onnection refused"]) {
        return unavailable(format!(
            "connection refused: start OpenSearch, or check OPENSEARCH_ENDPOINT ({causes})"
        ));
    }
    unavailable(format!("the connection was lost ({causes})"))
}

impl ServerError {
    /// Parses `{"error": {"type", "reason"}}`; any other body becomes the reason.
    pub(crate) fn parse(status: u16, body: &str) -> Self {
        let response = serde_json::from_str::<Value>(body).unwrap_or_default();
        match response.get("error") {
            Some(error @ Value::Object(_)) => Self::from_json(status, error),
            Some(Value::String(reason)) => Self::from_text(status, reason),
            _ => Self::from_text(status, response["message"].as_str().unwrap_or(body)),
        }
    }

    /// Parses the error of one document in a successful response.
    pub(crate) fn for_document(error: &Value) -> Self {
        let gone = error["type"] == "index_not_found_exception";
        // Otherwise its shard is not ready yet.
        Self::from_json(if gone { 404 } else { 503 }, error)
    }

    /// Parses `{"type", "reason", "root_cause", "caused_by"}`.
    pub(crate) fn from_json(status: u16, error: &Value) -> Self {
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

    fn from_text(status: u16, reason: &str) -> Self {
        Self { status, kind: String::new(), reason: shorten(reason) }
    }
}

/// Returns the text as one line of at most 300 characters.
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
                "the server rejected the credentials: check OPENSEARCH_USERNAME and \
                OPENSEARCH_PASSWORD",
            ),
            _ if blocked => unavailable(format!(
                "the index is blocked for writes: free disk space on the server ({reason})"
            )),
            403 => misconfigured(format!(
                "access denied: grant the user rights to the index of OPENSEARCH_INDEX_NAME; for signed \
                requests, check OPENSEARCH_AWS_REGION and the AWS keys ({reason})"
            )),
            404 => misconfigured(format!(
                "the index of OPENSEARCH_INDEX_NAME does not exist: run `akin migrate` ({reason})"
            )),
            413 => refused(format!(
                "the request is too large: lower OPENSEARCH_UPSERT_BATCH_SIZE ({reason})"
            )),
            400..=499 if *status != 429 => refused(format!("{kind}: {reason}")),
            429 | 502..=504 => unavailable(format!("the server is busy ({status}: {reason})")),
            _ => corrupt(format!("the server failed ({status}): {kind}: {reason}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: u16, body: &str) -> String {
        PortError::from(ServerError::parse(status, body)).report()
    }

    #[test]
    fn a_refusal_names_the_setting_and_the_remedy() {
        let missing =
            r#"{"error":{"type":"index_not_found_exception","reason":"no such index [a]"}}"#;
        assert_eq!(
            report(404, missing),
            "opensearch is misconfigured: the index of OPENSEARCH_INDEX_NAME does not exist: run \
            `akin migrate` (no such index [a])"
        );
        assert!(report(401, "Unauthorized").contains("OPENSEARCH_PASSWORD"));
        assert!(report(403, r#"{"message":"The security token is invalid"}"#).contains("token"));
    }

    #[test]
    fn any_response_becomes_one_short_line() {
        for body in ["", "<html>\n\n</html>", "[1]", "{\"error\":7}", &"x".repeat(10_000)] {
            let report = report(503, body);
            assert!(report.len() < 400 && !report.contains('\n'), "{report}");
            assert!(report.contains("is unavailable"));
        }
    }
}
