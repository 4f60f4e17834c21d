//! The forms of requests and answers that endpoints understand.

use crate::error::{corrupt, refused};
use akin_entities::{Embedding, Fingerprint};
use akin_ports::PortResult;
use serde::Deserialize;
use serde_json::json;

/// A form of requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `{"texts"}` to `{"results"}`, with the model's name: `akin serve-embeddings`.
    Texts,
    /// `{"inputs"}` to a list: text-embeddings-inference.
    Inputs,
    /// `{"text"}` to `{"result"}`, one text at a time.
    Text,
}

/// What an endpoint says besides the embeddings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) token_limit: Option<usize>,
    pub(crate) truncated: usize,
}

/// An answer to `{"texts"}` or `{"text"}`.
#[derive(Debug, Deserialize)]
struct NamedAnswer {
    #[serde(default)]
    results: Option<Vec<Option<Vec<f32>>>>,
    #[serde(default)]
    result: Option<Vec<f32>>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    token_limit: Option<usize>,
    #[serde(default)]
    truncated: Option<usize>,
}

impl Form {
    /// Every form, in the order in which an endpoint is asked for them.
    pub(crate) const ALL: [Self; 3] = [Self::Texts, Self::Inputs, Self::Text];

    /// Returns the number of texts per request, where the settings say `batch_size`.
    pub(crate) fn batch_size(self, batch_size: usize) -> usize {
        if self == Self::Text { 1 } else { batch_size }
    }

    /// Writes a request. An empty text is sent as a space: some endpoints refuse empty ones.
    pub(crate) fn body(self, texts: &[String]) -> Vec<u8> {
        let texts: Vec<&str> = texts.iter().map(|text| sent(text)).collect();
        let body = match self {
            Self::Texts => json!({ "texts": texts }),
            Self::Inputs => json!({ "inputs": texts, "truncate": true }),
            Self::Text => json!({ "text": texts.first() }),
        };
        body.to_string().into_bytes()
    }

    /// Reads the embeddings of `count` texts. `dimension` is `None` if it is not known yet.
    pub(crate) fn read(
        self,
        body: &[u8],
        count: usize,
        dimension: Option<usize>,
    ) -> PortResult<(Vec<Embedding>, Description)> {
        let unreadable =
            |error| corrupt(format!("an answer of the endpoint is unreadable: {error}"));
        let (vectors, description) = if self == Self::Inputs {
            let vectors: Vec<Vec<f32>> = serde_json::from_slice(body).map_err(unreadable)?;
            (vectors, Description::default())
        } else {
            let answer: NamedAnswer = serde_json::from_slice(body).map_err(unreadable)?;
            answer.into_parts()?
        };
        if vectors.len() != count {
            let given = vectors.len();
            return Err(corrupt(format!("{given} embeddings were given for {count} texts")));
        }
        let embeddings = vectors.into_iter().map(|vector| embedding(vector, dimension));
        Ok((embeddings.collect::<PortResult<_>>()?, description))
    }
}

impl NamedAnswer {
    fn into_parts(self) -> PortResult<(Vec<Vec<f32>>, Description)> {
        let results = self.results.or_else(|| Some(vec![Some(self.result?)]));
        let results = results.ok_or_else(|| corrupt("an answer of the endpoint has no result"))?;
        if let Some(index) = results.iter().position(Option::is_none) {
            return Err(refused(format!("the endpoint's model failed on text {index} of a batch")));
        }
        let description = Description {
            fingerprint: self.model.as_deref().and_then(Fingerprint::parse),
            token_limit: self.token_limit,
            truncated: self.truncated.unwrap_or(0),
        };
        Ok((results.into_iter().flatten().collect(), description))
    }
}

fn sent(text: &str) -> &str {
    if text.is_empty() { " " } else { text }
}

/// Checks a vector, and scales it to length 1 unless it has that length.
fn embedding(vector: Vec<f32>, dimension: Option<usize>) -> PortResult<Embedding> {
    if let Some(dimension) = dimension.filter(|dimension| *dimension != vector.len()) {
        let given = vector.len();
        return Err(corrupt(format!("an embedding has {given} dimensions instead of {dimension}")));
    }
    Embedding::from_stored(vector).map_err(|error| corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_ports::ErrorKind;

    #[test]
    fn requests_have_the_fields_of_their_form() {
        let texts = ["a lamp".to_owned(), String::new()];
        let body = |form: Form| String::from_utf8(form.body(&texts)).unwrap();
        assert_eq!(body(Form::Texts), r#"{"texts":["a lamp"," "]}"#);
        assert_eq!(body(Form::Inputs), r#"{"inputs":["a lamp"," "],"truncate":true}"#);
        assert_eq!(body(Form::Text), r#"{"text":"a lamp"}"#);
    }

    #[test]
    fn each_form_of_answer_is_read() {
        let read =
            |form: Form, body: &str, count| form.read(body.as_bytes(), count, Some(2)).unwrap();
        let named = r#"{"results": [[3, 4], [0, 1]], "model": "a@0/int8/2", "token_limit": 9, "truncated": 1}"#;
        let (embeddings, description) = read(Form::Texts, named, 2);
        assert_eq!(embeddings[0].as_slice(), [0.6, 0.8]);
        assert_eq!(description.fingerprint.unwrap().to_string(), "a@0/int8/2");
        assert_eq!((description.token_limit, description.truncated), (Some(9), 1));
        let (embeddings, description) = read(Form::Text, r#"{"result": [0, 1]}"#, 1);
        assert_eq!(
            (embeddings[0].as_slice(), description),
            (&[0.0, 1.0][..], Description::default())
        );
        assert_eq!(read(Form::Inputs, "[[0, 1], [1, 0]]", 2).0.len(), 2);
    }

    #[test]
    fn an_answer_that_cannot_be_true_is_refused() {
        for (form, body, kind, part) in [
            (Form::Texts, "[[0, 1]]", ErrorKind::Corrupt, "unreadable"),
            (Form::Texts, "{}", ErrorKind::Corrupt, "no result"),
            (Form::Texts, r#"{"results": []}"#, ErrorKind::Corrupt, "0 embeddings"),
            (Form::Texts, r#"{"results": [[0, 1, 2]]}"#, ErrorKind::Corrupt, "3 dimensions"),
            (Form::Texts, r#"{"results": [null]}"#, ErrorKind::Refused, "failed on text 0"),
            (Form::Text, r#"{"result": [0, 0]}"#, ErrorKind::Corrupt, "no direction"),
            (Form::Inputs, "[[0, 1], [0, 1]]", ErrorKind::Corrupt, "2 embeddings"),
        ] {
            let error = form.read(body.as_bytes(), 1, Some(2)).unwrap_err();
            assert_eq!(error.kind, kind, "{body}");
            assert!(error.report().contains(part), "{body}: {}", error.report());
        }
    }
}
