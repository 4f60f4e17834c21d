//! The route of a `SageMaker` container.

use crate::Server;
use crate::answer::{Encoding, Vector};
use crate::body::{Received, receive};
use crate::error::{ApiError, Problem};
use crate::inputs::Inputs;
use crate::memory::Charge;
use crate::service::{EmbeddedTexts, TextBatch};
use crate::tei::{EmbedOptions, TeiError, embed_inputs};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The fields of a request: `text`, `texts` or TEI's `inputs`.
#[derive(Debug, Deserialize)]
struct Fields {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    texts: Option<Inputs>,
    #[serde(default)]
    inputs: Option<Inputs>,
    #[serde(default)]
    encoding_format: Option<Encoding>,
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    normalize: Option<bool>,
    #[serde(default)]
    prompt_name: Option<String>,
    #[serde(default)]
    truncation_direction: Option<String>,
    #[serde(default)]
    dimensions: Option<usize>,
}

/// How the texts are read, and their embeddings written.
#[derive(Clone, Copy, Debug)]
struct Form {
    truncate: bool,
    encoding: Encoding,
}

/// The embedding of `text`.
#[derive(Debug, Serialize)]
struct TextView<'a> {
    result: Option<Vector<'a>>,
    #[serde(flatten)]
    model: &'a ModelView,
    truncated: usize,
}

/// The embeddings of `texts`; null for a text on which the model failed.
#[derive(Debug, Serialize)]
struct TextsView<'a> {
    results: Vec<Option<Vector<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FailureView>,
    #[serde(flatten)]
    model: &'a ModelView,
    truncated: usize,
}

/// A text on which the model failed.
#[derive(Debug, Serialize)]
struct FailureView {
    index: usize,
    error: &'static str,
}

/// The model of the embeddings.
#[derive(Debug, Serialize)]
struct ModelView {
    model: String,
    dimension: usize,
    token_limit: usize,
}

/// `GET /ping`: the process serves.
pub(crate) async fn ping() -> Json<Value> {
    Json(json!({"message": "pong"}))
}

/// `POST /invocations`, in each of the three forms.
pub(crate) async fn invoke(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, TeiError> {
    let Received::<Fields> { fields, charge } = receive(&server, request).await?;
    let Fields { truncate, normalize, prompt_name, truncation_direction, dimensions, .. } = fields;
    let options =
        EmbedOptions { truncate, truncation_direction, normalize, prompt_name, dimensions };
    options.check(&server)?;
    let form = Form {
        truncate: truncate.unwrap_or(true),
        encoding: fields.encoding_format.unwrap_or_default(),
    };
    Ok(match (fields.text, fields.texts, fields.inputs) {
        (Some(text), None, None) => embed_text(&server, text, form, charge).await?,
        (None, Some(Inputs::Many(texts)), None) => {
            embed_texts(&server, texts, form, charge).await?
        }
        (None, Some(_), None) => {
            let message = "texts must be a list of texts";
            return Err(ApiError::new(Problem::Unprocessable, message).at("texts").into());
        }
        (None, None, Some(_)) if form.encoding != Encoding::Float => {
            let message = "inputs are answered in the format of TEI, which has no base64";
            return Err(ApiError::new(Problem::Unprocessable, message)
                .at("encoding_format")
                .into());
        }
        (None, None, Some(inputs)) => embed_inputs(&server, inputs, &options, charge).await?,
        _ => {
            let message = "the body must have one of the fields text, texts and inputs";
            return Err(ApiError::new(Problem::Invalid, message).into());
        }
    })
}

async fn embed_text(
    server: &Server,
    text: String,
    Form { truncate, encoding }: Form,
    mut charge: Charge,
) -> Result<Response, ApiError> {
    let batch = TextBatch { texts: vec![text], field: "text", truncate };
    let embedded = server.embed(batch, &mut charge).await?.all("text")?;
    let model = ModelView::of(server);
    let write = move |embedded: &EmbeddedTexts| {
        let embedding = embedded.results.iter().flatten().next();
        let result = embedding.map(|embedding| Vector(embedding, encoding));
        let truncated = embedded.truncated;
        serde_json::to_vec(&TextView { result, model: &model, truncated })
    };
    server.answer(embedded, charge, write).await
}

async fn embed_texts(
    server: &Server,
    texts: Vec<String>,
    Form { truncate, encoding }: Form,
    mut charge: Charge,
) -> Result<Response, ApiError> {
    let batch = TextBatch { texts, field: "texts", truncate };
    let mut embedded = server.embed(batch, &mut charge).await?;
    if !embedded.results.is_empty() && embedded.results.iter().all(Result::is_err) {
        embedded = embedded.all("texts")?;
    }
    let model = ModelView::of(server);
    let write = move |embedded: &EmbeddedTexts| {
        let vector = |result| Result::ok(result).map(|embedding| Vector(embedding, encoding));
        let results = embedded.results.iter().map(Result::as_ref);
        let failed = embedded.results.iter().enumerate().filter(|(_, result)| result.is_err());
        serde_json::to_vec(&TextsView {
            results: results.map(vector).collect(),
            errors: failed.map(|(index, _)| FailureView { index, error: FAILED }).collect(),
            model: &model,
            truncated: embedded.truncated,
        })
    };
    server.answer(embedded, charge, write).await
}

const FAILED: &str = "the model failed on this text; see the log of the server";

impl ModelView {
    fn of(server: &Server) -> Self {
        let embedder = &server.model.embedder;
        let fingerprint = embedder.fingerprint();
        let (model, dimension) = (fingerprint.to_string(), fingerprint.dimension);
        Self { model, dimension, token_limit: embedder.token_limit() }
    }
}
