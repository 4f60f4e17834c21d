//! Writes embeddings as JSON.

use crate::Server;
use crate::error::ApiError;
use crate::memory::Charge;
use crate::service::EmbeddedTexts;
use akin_entities::Embedding;
use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};

/// The headers of responses with embeddings.
const MODEL: HeaderName = HeaderName::from_static("x-akin-model");
const TOKEN_LIMIT: HeaderName = HeaderName::from_static("x-akin-token-limit");
const TRUNCATED: HeaderName = HeaderName::from_static("x-akin-truncated");

/// The number of embeddings that are written on the thread of the request: a millisecond.
const FEW: usize = 64;

/// How an embedding is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encoding {
    /// A list of numbers.
    #[default]
    Float,
    /// The base64 of the coordinates as little-endian 32-bit floats.
    Base64,
}

/// An embedding in a JSON document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector<'a>(pub(crate) &'a Embedding, pub(crate) Encoding);

impl Serialize for Vector<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let coordinates = self.0.as_slice();
        match self.1 {
            Encoding::Float => serializer.collect_seq(coordinates),
            Encoding::Base64 => {
                let bytes: Vec<u8> = coordinates.iter().flat_map(|x| x.to_le_bytes()).collect();
                serializer.serialize_str(&STANDARD.encode(bytes))
            }
        }
    }
}

/// Bytes that return their charge when they are dropped.
struct Charged {
    bytes: Vec<u8>,
    _charge: Charge,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Server {
    /// Writes the document that `write` makes of `embedded`.
    pub(crate) async fn answer(
        &self,
        embedded: EmbeddedTexts,
        charge: Charge,
        write: impl FnOnce(&EmbeddedTexts) -> serde_json::Result<Vec<u8>> + Send + 'static,
    ) -> Result<Response, ApiError> {
        let truncated = embedded.truncated;
        let is_large = embedded.results.len() > FEW;
        let written = crate::blocking(is_large, move || write(&embedded)).await;
        let mut bytes = written.map_err(|error| ApiError::unwritten(&error))?;
        bytes.shrink_to_fit();
        let body = Bytes::from_owner(Charged { bytes, _charge: charge });
        let fingerprint = self.model.embedder.fingerprint().to_string();
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (MODEL, text_header(&fingerprint)),
            (TOKEN_LIMIT, self.model.embedder.token_limit().into()),
            (TRUNCATED, truncated.into()),
        ];
        Ok((headers, body).into_response())
    }
}

/// Writes a document of bounded size.
pub(crate) fn document(view: &impl Serialize, charge: Charge) -> Result<Response, ApiError> {
    let bytes = serde_json::to_vec(view).map_err(|error| ApiError::unwritten(&error))?;
    let body = Bytes::from_owner(Charged { bytes, _charge: charge });
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Returns a header of the visible ASCII characters of `text`: a folder's name may have others.
fn text_header(text: &str) -> HeaderValue {
    let visible = |character: char| if character.is_ascii_graphic() { character } else { '?' };
    let text: String = text.chars().map(visible).collect();
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("unnamed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_is_written_as_numbers_or_as_base64_of_little_endian_floats() {
        let embedding = Embedding::new(&[3.0, -4.0]).unwrap();
        let written = |encoding| serde_json::to_string(&Vector(&embedding, encoding)).unwrap();
        assert_eq!(written(Encoding::Float), "[0.6,-0.8]");
        // 0.6f32 is 3F19999A, -0.8f32 is BF4CCCCD.
        assert_eq!(written(Encoding::Base64), "\"mpkZP83MTL8=\"");
    }

    #[test]
    fn any_name_is_a_header() {
        assert_eq!(text_header("größe\n@1/int8/384"), "gr??e?@1/int8/384");
    }
}
