//! `OpenAI`'s format.

use crate::Server;
use crate::answer::{Encoding, Vector};
use crate::body::{Received, receive};
use crate::error::{ApiError, Format, Problem};
use crate::inputs::Inputs;
use crate::service::{EmbeddedTexts, TextBatch};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The fields of a request. Others, such as `model` and `user`, are ignored: the server has one model.
#[derive(Debug, Deserialize)]
struct Fields {
    input: Inputs,
    #[serde(default)]
    encoding_format: Option<Encoding>,
    #[serde(default)]
    dimensions: Option<usize>,
    /// Not `OpenAI`'s: false refuses texts that are longer than the model reads.
    #[serde(default)]
    truncate: Option<bool>,
}

/// An error in `OpenAI`'s format.
#[derive(Debug)]
pub(crate) struct OpenAiError(ApiError);

impl From<ApiError> for OpenAiError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for OpenAiError {
    fn into_response(self) -> Response {
        self.0.respond(Format::OpenAi)
    }
}

#[derive(Debug, Serialize)]
struct EmbeddingList<'a> {
    object: &'static str,
    data: Vec<EmbeddingItem<'a>>,
    model: &'a str,
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct EmbeddingItem<'a> {
    object: &'static str,
    index: usize,
    embedding: Vector<'a>,
}

#[derive(Debug, Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

/// `POST /v1/embeddings`.
pub(crate) async fn embeddings(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, OpenAiError> {
    let Received::<Fields> { fields, mut charge } = receive(&server, request).await?;
    let encoding = fields.encoding_format.unwrap_or_default();
    let texts = fields.into_texts(&server)?;
    let embedded = server.embed(texts, &mut charge).await?.all("input")?;
    let model = server.model.embedder.fingerprint().model.clone();
    let write = move |embedded: &EmbeddedTexts| {
        let item = |(index, embedding)| EmbeddingItem {
            object: "embedding",
            index,
            embedding: Vector(embedding, encoding),
        };
        let embeddings = embedded.results.iter().flatten();
        serde_json::to_vec(&EmbeddingList {
            object: "list",
            data: embeddings.enumerate().map(item).collect(),
            model: &model,
            usage: Usage { prompt_tokens: embedded.tokens, total_tokens: embedded.tokens },
        })
    };
    Ok(server.answer(embedded, charge, write).await?)
}

impl Fields {
    fn into_texts(self, server: &Server) -> Result<TextBatch, ApiError> {
        let dimension = server.model.embedder.fingerprint().dimension;
        if let Some(other) = self.dimensions.filter(|wanted| *wanted != dimension) {
            let message = format!("the model has {dimension} dimensions, and cannot give {other}");
            return Err(ApiError::new(Problem::Invalid, message).at("dimensions"));
        }
        let texts = self.input.into_texts().ok_or_else(|| {
            let message = "input contains token ids of another vocabulary; send texts \
                           (LangChain: OpenAIEmbeddings(check_embedding_ctx_length=False))";
            ApiError::new(Problem::Invalid, message).at("input")
        })?;
        if texts.is_empty() {
            return Err(ApiError::new(Problem::Empty, "input contains no text").at("input"));
        }
        if let Some(index) = texts.iter().position(String::is_empty) {
            let field = if texts.len() == 1 { "input".into() } else { format!("input[{index}]") };
            let message = format!("{field} is an empty text");
            return Err(ApiError::new(Problem::Empty, message).at(field));
        }
        Ok(TextBatch { texts, field: "input", truncate: self.truncate.unwrap_or(true) })
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct ModelList {
    object: &'static str,
    data: [ModelItem; 1],
}

#[derive(Debug, Serialize)]
pub(crate) struct ModelItem {
    id: String,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

/// `GET /v1/models`: the only model.
pub(crate) async fn models(State(server): State<Arc<Server>>) -> Json<ModelList> {
    Json(ModelList { object: "list", data: [item(&server)] })
}

/// `GET /v1/models/{model}`: the only model, whatever it is called.
pub(crate) async fn model(State(server): State<Arc<Server>>) -> Json<ModelItem> {
    Json(item(&server))
}

fn item(server: &Server) -> ModelItem {
    let id = server.model.embedder.fingerprint().model.clone();
    ModelItem { id, object: "model", created: 0, owned_by: "akin" }
}
