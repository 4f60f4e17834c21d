//! Reads the body of a request within its limits.

use crate::Server;
use crate::error::{ApiError, Problem};
use crate::memory::Charge;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// The memory that is charged for a byte of the body: the byte, and a byte of the texts in it.
const COPIES: usize = 2;

/// The step in which a body of unknown length is charged.
const STEP: usize = 64 * 1024;

/// The fields of a request, and the memory that it takes.
#[derive(Debug)]
pub(crate) struct Received<T> {
    pub(crate) fields: T,
    pub(crate) charge: Charge,
}

/// Reads a JSON object, whatever its Content-Type.
pub(crate) async fn receive<T>(server: &Server, request: Request) -> Result<Received<T>, ApiError>
where
    T: DeserializeOwned + Send + 'static,
{
    refuse_encoding(request.headers())?;
    let (bytes, charge) = read(server, request).await?;
    let is_large = bytes.len() > STEP;
    let fields = crate::blocking(is_large, move || parse(&bytes)).await?;
    Ok(Received { fields, charge })
}

/// Reads all bytes. They are charged before they are held.
async fn read(server: &Server, request: Request) -> Result<(Vec<u8>, Charge), ApiError> {
    let limit = server.limits.body_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(ApiError::large_body(limit));
    }
    let mut charged = announced.unwrap_or(STEP);
    let overloaded = || ApiError::overloaded("other requests take the memory");
    let mut charge = server.memory.charge(charged * COPIES).ok_or_else(overloaded)?;
    let mut bytes = Vec::with_capacity(charged.min(limit));
    let mut parts = Body::into_data_stream(request.into_body());
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| ApiError::new(Problem::Invalid, "the body broke off"))?;
        if bytes.len() + part.len() > limit {
            return Err(ApiError::large_body(limit));
        }
        if bytes.len() + part.len() > charged {
            let more = part.len().max(STEP);
            if !charge.grow(more * COPIES) {
                return Err(overloaded());
            }
            charged += more;
        }
        bytes.extend_from_slice(&part);
    }
    Ok((bytes, charge))
}

/// Parses a JSON object. An error names the field, and what it must be.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(ApiError::new(Problem::Invalid, "the body must be a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => {
            let text = error.to_string();
            let missing =
                text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
            let field = missing.map(|(field, _)| field.to_owned());
            let error = ApiError::new(Problem::Unprocessable, text);
            match field {
                Some(field) => error.at(field),
                None => error,
            }
        }
        _ => ApiError::new(Problem::Invalid, format!("the body is not valid JSON: {error}")),
    })
}

/// Refuses a compressed body: its size says nothing about the memory that it takes.
fn refuse_encoding(headers: &HeaderMap) -> Result<(), ApiError> {
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let name = String::from_utf8_lossy(value.as_bytes());
        if !matches!(&*name.trim().to_ascii_lowercase(), "" | "identity") {
            return Err(ApiError::new(
                Problem::Encoded,
                format!(
                    "the server does not read bodies of Content-Encoding {name:?}; send the JSON itself"
                ),
            ));
        }
    }
    Ok(())
}
