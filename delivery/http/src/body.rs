use crate::error::ApiError;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use std::fmt;
use std::marker::PhantomData;

/// An extractor that reads the body of a request: a JSON object. An array of the fields' values,
/// which serde would accept too, is refused.
#[derive(Debug)]
pub(crate) struct JsonObject<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonObject<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::invalid(
                "the request needs the header `Content-Type: application/json`",
            ));
        }
        if let Some(encoding) = encoding(request.headers()) {
            return Err(ApiError::encoded(&encoding));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(ApiError::unread)?;
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if first.is_some_and(|first| *first != b'{') {
            return Err(ApiError::invalid("the body must be a JSON object"));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let fields = deserialize(&mut deserializer)?;
        deserializer.end().map_err(|error| refusal("", &error))?;
        Ok(Self(fields))
    }
}

/// Reads the fields of a request. An error names the field and what it must be.
pub(crate) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, ApiError>
where
    D: Deserializer<'de, Error = serde_json::Error>,
    T: serde::Deserialize<'de>,
{
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| refusal(&error.path().to_string(), error.inner()))
}

/// Reads a field that is an object. Without it, serde accepts an array of the fields' values too.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}

/// The beginnings of serde's messages that name a field.
const NAMING: [&str; 3] = ["unknown field", "missing field", "duplicate field"];

/// Describes in a client's terms why the field at `path` was refused.
fn refusal(path: &str, error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    if error.classify() != Category::Data {
        return ApiError::invalid(format!("the body is not valid JSON: {text}"));
    }
    let text = text.split(" at line ").next().unwrap_or_default();
    // These already name the field, and the fields that exist.
    if NAMING.iter().any(|naming| text.starts_with(naming)) {
        return ApiError::invalid(text);
    }
    match expected(path) {
        Some(expected) => ApiError::invalid(format!("{path} must be {expected}")),
        None => ApiError::invalid(format!("{path}: {text}")),
    }
}

/// Returns what the value of a field or parameter must be; `None` for an unknown name.
pub(crate) fn expected(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix("filters.").unwrap_or(path);
    if name.ends_with(']') {
        // Every list is one of texts.
        return Some("a text");
    }
    Some(match name {
        "query" | "mode" | "engine" | "sort" => "a text",
        "page" => "a whole number from 1",
        "page_size" => "a whole number from 1 to 100",
        "limit" => "a whole number from 1 to 1000",
        "threshold" => "a number from -1 to 1",
        "facets" | "main_category" | "sub_category" | "brand" | "ids" => "a list of texts",
        "filters" => "an object of filters",
        "price" => "an object with min, max or both",
        "price.min" | "price.max" | "price_min" | "price_max" | "min_rating" => "a number",
        "discounted" | "explain" | "unfinished" => "true or false",
        _ => return None,
    })
}

/// Returns the encoding of a body that is not sent as it is.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let names: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let names = names.join(", ");
    let is_plain = |name: &str| matches!(&*name.trim().to_ascii_lowercase(), "" | "identity");
    (!names.split(',').all(is_plain)).then_some(names)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}
