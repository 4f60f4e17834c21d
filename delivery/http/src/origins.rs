use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use std::str::FromStr;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember what it was allowed.
const REMEMBERED: Duration = Duration::from_hours(24);

/// An origin whose pages may use the API from a browser: `https://shop.example`, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let expected = || {
            format!(
                "{text:?} is no origin: expected a scheme and a host without a path, such as https://shop.example, or *"
            )
        };
        let uri = Uri::from_str(text).map_err(|_| expected())?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        // A browser sends neither a path nor a slash at the end.
        let is_origin =
            is_web && uri.host().is_some_and(|host| !host.is_empty()) && !text.ends_with('/');
        let has_path = uri.path() != "/" || uri.query().is_some() || text.contains('@');
        if text != "*" && (!is_origin || has_path) {
            return Err(expected());
        }
        HeaderValue::from_str(&text.to_ascii_lowercase()).map(Self).map_err(|_| expected())
    }
}

/// Returns the layer that answers preflight requests and allows `origins`; `None` if there are none. No origin is
/// allowed to send credentials of a browser, such as cookies.
pub(crate) fn layer(origins: &[Origin]) -> Option<CorsLayer> {
    let allowed = match origins {
        [] => return None,
        origins if origins.iter().any(|Origin(origin)| origin == "*") => AllowOrigin::any(),
        origins => AllowOrigin::list(origins.iter().map(|Origin(origin)| origin.clone())),
    };
    let request_id = HeaderName::from_static("x-request-id");
    let timing = HeaderName::from_static("server-timing");
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION, request_id.clone()])
        .expose_headers([request_id, timing, header::RETRY_AFTER])
        .max_age(REMEMBERED);
    Some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for text in ["https://shop.example", "http://127.0.0.1:5173", "*", " https://Shop.example "]
        {
            assert!(text.parse::<Origin>().is_ok(), "{text:?}");
        }
        for text in [
            "",
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://shop.example/a",
            "ftp://a.example",
            "https://a@shop.example",
            "https://shop.example?x",
            "null",
            "https://*.shop.example/x",
        ] {
            let error = text.parse::<Origin>().expect_err(text);
            assert!(error.contains("such as https://shop.example"), "{error}");
        }
    }
}
