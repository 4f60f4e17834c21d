//! The search page: files that `make web` builds from `web/`, embedded in the binary.

use crate::error::ApiError;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::response::Builder;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};
use std::fmt::Write;

/// The built page. A file whose name ends with `.br` or `.gz` is the compressed form of another.
#[derive(Embed)]
#[folder = "page/"]
struct Files;

/// The paths of the page's views, which its own router tells apart.
const VIEWS: [&str; 6] = ["/", "/products/{id}", "/compare", "/judge", "/status", "/docs"];

/// The content security policy of the page: scripts and styles from this server only, none of them inline,
/// and images from anywhere. The view that compares deployments asks other servers than this one.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
     connect-src 'self' https: http://localhost:* http://127.0.0.1:*; img-src 'self' https: data:; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Names of assets hold a hash of their content: a file never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The page itself names the assets, and is asked for anew.
const REVALIDATED: HeaderValue = HeaderValue::from_static("no-cache");

/// Builds the routes of the page.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let views =
        VIEWS.into_iter().fold(Router::new(), |router, view| router.route(view, get(view_of_page)));
    views.route("/assets/{name}", get(asset))
}

/// Returns the page, whatever view of it is asked for.
async fn view_of_page(request: HeaderMap) -> Result<Response<Body>, ApiError> {
    let mut response = file("index.html", REVALIDATED, &request)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

async fn asset(
    name: Result<Path<String>, PathRejection>,
    request: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let Path(name) = name.map_err(|_| no_such_file())?;
    file(&format!("assets/{name}"), FOREVER, &request)
}

fn no_such_file() -> ApiError {
    ApiError::not_found("no such file; reload the page, which may be of an earlier version")
}

/// Returns a file in the smallest form that the client accepts, or that it has it already.
fn file(path: &str, caching: HeaderValue, request: &HeaderMap) -> Result<Response<Body>, ApiError> {
    let content_type = content_type(path).ok_or_else(no_such_file)?;
    let (encoding, file) = smallest(path, request).ok_or_else(no_such_file)?;
    let tag = entity_tag(&file.metadata.sha256_hash());
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    let mut response = Builder::new()
        .header(header::CONTENT_TYPE, content_type)
        .header(header::CACHE_CONTROL, caching)
        .header(header::VARY, header::ACCEPT_ENCODING.as_str())
        .header(header::ETAG, tag);
    if let Some(encoding) = encoding {
        response = response.header(header::CONTENT_ENCODING, encoding);
    }
    let (status, body) = if is_known {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(file.data))
    };
    let response = response.status(status).body(body);
    response.map_err(|error| ApiError::unwritten(&error))
}

/// Returns the smallest form of a file that the client accepts, with its encoding.
fn smallest(path: &str, request: &HeaderMap) -> Option<(Option<&'static str>, EmbeddedFile)> {
    for (encoding, extension) in [("br", "br"), ("gzip", "gz")] {
        if accepts(request, encoding)
            && let Some(file) = Files::get(&format!("{path}.{extension}"))
        {
            return Some((Some(encoding), file));
        }
    }
    Files::get(path).map(|file| (None, file))
}

/// Returns true if the client accepts an encoding by name, with a weight other than 0.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter();
    let mut accepted =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    accepted.any(|entry| {
        let (name, weight) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = weight.trim().strip_prefix("q=").map(|weight| weight.trim().parse::<f32>());
        let is_refused = weight.is_some_and(|weight| weight.is_ok_and(|weight| weight <= 0.0));
        name.trim().eq_ignore_ascii_case(encoding) && !is_refused
    })
}

/// Returns the media type of a file of the page; `None` for others, and for compressed forms.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// Returns the entity tag of a content with this hash.
fn entity_tag(hash: &[u8; 32]) -> String {
    let mut tag = "\"".to_owned();
    for byte in &hash[..16] {
        // Writing to a string does not fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_accepted_by_its_name_and_weight() {
        for (accepted, is_accepted) in [
            ("gzip, deflate, br", true),
            ("gzip;q=1.0, BR;q=0.5", true),
            ("br;q=0", false),
            ("br; q=0.0, gzip", false),
            ("gzip", false),
            ("*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(accepts(&headers, "br"), is_accepted, "{accepted:?}");
        }
    }
}
