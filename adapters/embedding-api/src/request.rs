//! The bodies of requests.

use crate::ApiFormat;
use serde::Serialize;

#[derive(Serialize)]
struct OpenAiBody<'a> {
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

#[derive(Serialize)]
struct TeiBody<'a> {
    inputs: Vec<&'a str>,
    truncate: bool,
    normalize: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

/// What every request says besides its texts.
#[derive(Clone, Debug)]
pub(crate) struct RequestOptions {
    pub(crate) format: ApiFormat,
    pub(crate) model: Option<String>,
    pub(crate) dimensions: Option<usize>,
}

impl RequestOptions {
    /// Writes a request. An empty text is sent as a space: APIs refuse empty ones, and a model reads no
    /// token of either.
    pub(crate) fn body<T: AsRef<str>>(&self, texts: &[T]) -> serde_json::Result<Vec<u8>> {
        let texts: Vec<&str> = texts.iter().map(|text| sent(text.as_ref())).collect();
        let dimensions = self.dimensions;
        match self.format {
            ApiFormat::OpenAi => serde_json::to_vec(&OpenAiBody {
                input: texts,
                model: self.model.as_deref(),
                encoding_format: "base64",
                dimensions,
            }),
            ApiFormat::Tei => serde_json::to_vec(&TeiBody {
                inputs: texts,
                truncate: true,
                normalize: true,
                dimensions,
            }),
        }
    }
}

fn sent(text: &str) -> &str {
    if text.is_empty() { " " } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(format: ApiFormat, model: Option<&str>) -> String {
        let options = RequestOptions { format, model: model.map(str::to_owned), dimensions: None };
        String::from_utf8(options.body(&["a lamp", ""]).unwrap()).unwrap()
    }

    #[test]
    fn requests_have_the_fields_of_their_format() {
        assert_eq!(
            body(ApiFormat::OpenAi, Some("m")),
            r#"{"input":["a lamp"," "],"model":"m","encoding_format":"base64"}"#
        );
        assert_eq!(
            body(ApiFormat::Tei, None),
            r#"{"inputs":["a lamp"," "],"truncate":true,"normalize":true}"#
        );
    }
}
