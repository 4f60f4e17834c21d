use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use http::{Method, Request, Uri};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// A request to an API Gateway HTTP API or a function URL: payload format 2.0.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpEvent {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    headers: HashMap<String, String>,
    request_context: RequestContext,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    #[serde(default)]
    stage: String,
    #[serde(default)]
    request_id: String,
    http: HttpDescription,
}

#[derive(Clone, Debug, Deserialize)]
struct HttpDescription {
    method: String,
}

/// The answer to a request, for API Gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpAnswer {
    pub(crate) status_code: u16,
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cookies: Vec<String>,
    pub(crate) body: String,
    pub(crate) is_base64_encoded: bool,
}

/// The stage whose name is not part of the path.
const DEFAULT_STAGE: &str = "$default";

/// The header with the id of a request. API Gateway's id is in its own log, too.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl HttpEvent {
    /// Returns the request for the router: the path is without the stage and without `base_path`, the
    /// mapping of a custom domain. An error says what of the request cannot be read.
    pub(crate) fn into_request(self, base_path: &str) -> Result<Request<Full<Bytes>>, String> {
        let method = Method::from_bytes(self.request_context.http.method.as_bytes())
            .map_err(|_| "the method is not one of HTTP".to_owned())?;
        let uri = self.uri(base_path)?;
        let headers = self.header_map();
        let mut request = Request::new(Full::new(self.into_body()?));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn uri(&self, base_path: &str) -> Result<Uri, String> {
        let mut path = self.raw_path.as_str();
        let stage = &self.request_context.stage;
        if stage != DEFAULT_STAGE {
            path = without_segment(path, stage);
        }
        path = without_segment(path, base_path);
        // A question mark in a decoded path is part of it.
        let mut target = escaped(if path.is_empty() { "/" } else { path }).replace('?', "%3F");
        if !target.starts_with('/') {
            target.insert(0, '/');
        }
        if !self.raw_query_string.is_empty() {
            target.push('?');
            target.push_str(&escaped(&self.raw_query_string));
        }
        target.parse().map_err(|_| "the path cannot be read".to_owned())
    }

    fn header_map(&self) -> HeaderMap {
        let cookies = (!self.cookies.is_empty()).then(|| self.cookies.join("; "));
        let cookies = cookies.and_then(|cookies| HeaderValue::from_str(&cookies).ok());
        let pairs = self.headers.iter().filter_map(|(name, value)| {
            // API Gateway has checked them; one that cannot be a header carries nothing.
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        let mut headers: HeaderMap = pairs.collect();
        headers.extend(cookies.map(|cookies| (COOKIE, cookies)));
        if let Ok(id) = HeaderValue::from_str(&self.request_context.request_id)
            && !id.is_empty()
        {
            headers.entry(REQUEST_ID).or_insert(id);
        }
        headers
    }

    fn into_body(self) -> Result<Bytes, String> {
        let body = self.body.unwrap_or_default();
        if !self.is_base64_encoded {
            return Ok(body.into());
        }
        let decoded = STANDARD.decode(body);
        decoded.map(Bytes::from).map_err(|_| "the body is not valid base64".to_owned())
    }
}

impl HttpAnswer {
    /// Returns the answer with this body, which is encoded unless it is text.
    pub(crate) fn new(status: u16, headers: &HeaderMap, body: Bytes) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut joined: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in headers.iter().filter(|(name, _)| *name != SET_COOKIE) {
            let known = joined.entry(name.to_string()).or_default();
            known.push_str(if known.is_empty() { "" } else { ", " });
            known.push_str(&text(value));
        }
        let cookies = headers.get_all(SET_COOKIE).iter().map(text).collect();
        let (body, is_base64_encoded) = match String::from_utf8(body.into()) {
            Ok(body) => (body, false),
            Err(error) => (STANDARD.encode(error.as_bytes()), true),
        };
        Self { status_code: status, headers: joined, cookies, body, is_base64_encoded }
    }

    /// Returns the number of bytes that the body has in the JSON of the answer.
    pub(crate) fn body_size(&self) -> usize {
        let escaped = self.body.bytes().map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
            0..32 => 6,
            _ => 1,
        });
        escaped.sum()
    }
}

/// Returns `path` without its first segments `segments`, if it begins with them.
fn without_segment<'a>(path: &'a str, segments: &str) -> &'a str {
    let segments = segments.trim_matches('/');
    let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(segments));
    match rest {
        Some(rest) if !segments.is_empty() && (rest.is_empty() || rest.starts_with('/')) => rest,
        _ => path,
    }
}

/// Escapes what must not stand in an address. API Gateway passes on decoded paths, and clients send
/// such queries.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        {
            escaped.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            write!(escaped, "%{byte:02X}").ok();
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
