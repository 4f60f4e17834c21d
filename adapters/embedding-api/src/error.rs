//! Maps failures of the server to [`PortError`], with the remedy for an operator.

use akin_ports::{ErrorKind, PortError, with_causes};
use serde_json::Value;
use std::time::Duration;

/// The name of this adapter in errors.
const SYSTEM: &str = "embedding API";

/// The maximum number of characters of a server's message.
const MESSAGE: usize = 300;

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

/// Maps a request that got no answer.
pub(crate) fn transport(error: reqwest::Error, timeout: Duration) -> PortError {
    // The address may contain a secret.
    let error = error.without_url();
    if error.is_timeout() {
        let seconds = timeout.as_secs_f64();
        return unavailable(format!(
            "no answer within {seconds} s: check the server's load, or raise AKIN_EMBEDDINGS_TIMEOUT"
        ));
    }
    let causes = with_causes(&error);
    let contains = |words: &[&str]| words.iter().any(|word| causes.contains(word));
    if contains(&["certificate", "UnknownIssuer"]) {
        return misconfigured(format!(
            "the server's certificate is not trusted: add its authority to the system's, or name the \
             server in AKIN_EMBEDDINGS_URL as the certificate does ({causes})"
        ));
    }
    if contains(&["InvalidContentType", "corrupt message", "invalid HTTP", "InvalidMessage"]) {
        return misconfigured(format!(
            "the server uses another protocol: check http:// or https:// in AKIN_EMBEDDINGS_URL ({causes})"
        ));
    }
    if contains(&["failed to lookup address", "dns error"]) && !contains(&["Temporary failure"]) {
        return misconfigured(format!(
            "the host does not exist: check AKIN_EMBEDDINGS_URL ({causes})"
        ));
    }
    unavailable(format!("the server cannot be reached ({causes})"))
}

/// Maps an answer with an error status.
pub(crate) fn status(status: u16, body: &[u8], key: Option<&str>) -> PortError {
    let message = message(body, key);
    match status {
        300..=399 => misconfigured(format!(
            "the server redirects requests: set AKIN_EMBEDDINGS_URL to where it serves them ({status})"
        )),
        401 | 403 => misconfigured(format!(
            "the server refuses the key: check AKIN_EMBEDDINGS_API_KEY ({status}: {message})"
        )),
        404 | 405 => misconfigured(format!(
            "the server has no such route or model: check AKIN_EMBEDDINGS_URL and \
             AKIN_EMBEDDINGS_MODEL ({status}: {message})"
        )),
        408 | 429 | 500 | 502..=504 => {
            unavailable(format!("the server is busy or failed ({status}: {message})"))
        }
        400..=499 => refused(format!("{status}: {message}")),
        _ => corrupt(format!("the server answered with status {status}: {message}")),
    }
}

/// Returns the server's message in one short line, without the key: some servers repeat it.
fn message(body: &[u8], key: Option<&str>) -> String {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let fields = [&document["error"]["message"], &document["error"], &document["message"]];
    let named = fields.into_iter().find_map(Value::as_str).map(str::to_owned);
    let text = named.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let text = match key {
        Some(key) => text.replace(key, "(key)"),
        None => text,
    };
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|character| !character.is_control()).take(MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_to_do() {
        use ErrorKind::{Corrupt, Misconfigured, Refused, Unavailable};
        for (code, kind, part) in [
            (302, Misconfigured, "AKIN_EMBEDDINGS_URL"),
            (401, Misconfigured, "AKIN_EMBEDDINGS_API_KEY"),
            (404, Misconfigured, "AKIN_EMBEDDINGS_MODEL"),
            (400, Refused, "400: no"),
            (413, Refused, "413"),
            (422, Refused, "422"),
            (424, Refused, "424"),
            (429, Unavailable, "busy"),
            (500, Unavailable, "failed"),
            (503, Unavailable, "503"),
            (200, Corrupt, "200"),
        ] {
            let error = status(code, br#"{"error": {"message": "no"}}"#, None);
            assert_eq!(error.kind, kind, "{code}");
            assert!(error.report().contains(part), "{}", error.report());
        }
    }

    #[test]
    fn any_body_becomes_one_short_line_without_the_key() {
        for body in ["", "<html>\n</html>", "{\"error\": \"bad hunter2\"}", &"x".repeat(9_999)] {
            let report = status(401, body.as_bytes(), Some("hunter2")).report();
            assert!(report.len() < 600 && !report.contains('\n'), "{report}");
            assert!(!report.contains("hunter2"), "{report}");
        }
    }
}
