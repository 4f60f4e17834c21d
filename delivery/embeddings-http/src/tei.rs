//! The format of text-embeddings-inference.

use crate::Server;
use crate::answer::{Encoding, Vector, document};
use crate::body::{Received, receive};
use crate::error::{ApiError, Format, Problem};
use crate::inputs::Inputs;
use crate::memory::Charge;
use crate::service::{EmbeddedTexts, TextBatch};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The fields of a request. Others are ignored.
#[derive(Debug, Deserialize)]
struct EmbedFields {
    inputs: Inputs,
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    truncation_direction: Option<String>,
    #[serde(default)]
    normalize: Option<bool>,
    #[serde(default)]
    prompt_name: Option<String>,
    #[serde(default)]
    dimensions: Option<usize>,
}

/// The fields besides the texts.
#[derive(Debug, Default)]
pub(crate) struct EmbedOptions {
    /// By default, texts are truncated.
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<String>,
    pub(crate) normalize: Option<bool>,
    pub(crate) prompt_name: Option<String>,
    pub(crate) dimensions: Option<usize>,
}

/// An error in TEI's format.
#[derive(Debug)]
pub(crate) struct TeiError(ApiError);

impl From<ApiError> for TeiError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for TeiError {
    fn into_response(self) -> Response {
        self.0.respond(Format::Tei)
    }
}

/// `POST /embed`: a list of embeddings, one for each text.
pub(crate) async fn embed(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, TeiError> {
    let Received::<EmbedFields> { fields, charge } = receive(&server, request).await?;
    let EmbedFields { inputs, truncate, truncation_direction, normalize, prompt_name, dimensions } =
        fields;
    let options =
        EmbedOptions { truncate, truncation_direction, normalize, prompt_name, dimensions };
    Ok(embed_inputs(&server, inputs, &options, charge).await?)
}

/// Embeds `inputs`, and answers with a list of embeddings.
pub(crate) async fn embed_inputs(
    server: &Server,
    inputs: Inputs,
    options: &EmbedOptions,
    mut charge: Charge,
) -> Result<Response, ApiError> {
    options.check(server)?;
    let texts = texts(inputs)?;
    let truncate = options.truncate.unwrap_or(true);
    let batch = TextBatch { texts, field: "inputs", truncate };
    let embedded = server.embed(batch, &mut charge).await?.all("inputs")?;
    let write = |embedded: &EmbeddedTexts| {
        let embeddings = embedded.results.iter().flatten();
        let list: Vec<_> = embeddings.map(|vector| Vector(vector, Encoding::Float)).collect();
        serde_json::to_vec(&list)
    };
    server.answer(embedded, charge, write).await
}

fn texts(inputs: Inputs) -> Result<Vec<String>, ApiError> {
    let refused = |problem, message: &str| Err(ApiError::new(problem, message).at("inputs"));
    match inputs.into_texts() {
        None => refused(Problem::Unprocessable, "inputs contains token ids; send texts"),
        Some(texts) if texts.is_empty() => refused(Problem::Empty, "inputs contains no text"),
        Some(texts) => Ok(texts),
    }
}

impl EmbedOptions {
    /// Refuses what the server would otherwise ignore.
    pub(crate) fn check(&self, server: &Server) -> Result<(), ApiError> {
        let dimension = server.model.embedder.fingerprint().dimension;
        let refused = |field: &str, message: String| {
            Err(ApiError::new(Problem::Unprocessable, message).at(field))
        };
        if let Some(name) = &self.prompt_name {
            return refused("prompt_name", format!("the server has no prompt {name:?}"));
        }
        if self.normalize == Some(false) {
            let message = "normalize cannot be false: all embeddings have length 1";
            return refused("normalize", message.to_owned());
        }
        match &self.truncation_direction {
            Some(direction) if !direction.eq_ignore_ascii_case("right") => {
                return refused("truncation_direction", "texts are truncated on the right".into());
            }
            _ => {}
        }
        match self.dimensions {
            Some(other) if other != dimension => {
                refused("dimensions", format!("the model has {dimension} dimensions, not {other}"))
            }
            _ => Ok(()),
        }
    }
}

/// `GET /info`: the model and the limits.
pub(crate) async fn info(State(server): State<Arc<Server>>) -> Json<Value> {
    let (embedder, limits) = (&server.model.embedder, &server.limits);
    let fingerprint = embedder.fingerprint();
    let (name, hash) = fingerprint.model.rsplit_once('@').unwrap_or((&fingerprint.model, ""));
    Json(json!({
        "model_id": name,
        "model_sha": hash,
        "model_dtype": fingerprint.precision,
        "model_type": {"embedding": {}},
        "max_input_length": embedder.token_limit(),
        "max_batch_tokens": limits.batches.tokens,
        "max_client_batch_size": limits.texts,
        "auto_truncate": true,
        "version": env!("CARGO_PKG_VERSION"),
        "fingerprint": fingerprint.to_string(),
        "dimension": fingerprint.dimension,
        "token_limit": embedder.token_limit(),
        "max_body_bytes": limits.body_bytes,
    }))
}

/// The fields of a request for tokens.
#[derive(Debug, Deserialize)]
struct TokenizeFields {
    inputs: Inputs,
    #[serde(default)]
    add_special_tokens: Option<bool>,
    #[serde(default)]
    prompt_name: Option<String>,
}

/// A token. Where it is in the text is not known.
#[derive(Debug, Serialize)]
struct TokenView {
    id: u32,
    text: String,
    special: bool,
    start: Option<usize>,
    stop: Option<usize>,
}

/// The memory of a token in an answer, in bytes.
const TOKEN: usize = 160;

/// `POST /tokenize`: the tokens that the model reads of each text.
pub(crate) async fn tokenize(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, TeiError> {
    let Received::<TokenizeFields> { fields, mut charge } = receive(&server, request).await?;
    let options = EmbedOptions { prompt_name: fields.prompt_name, ..EmbedOptions::default() };
    options.check(&server)?;
    let texts = texts(fields.inputs)?;
    let (count, limit) = (texts.len(), server.limits.texts);
    if count > limit {
        let message = format!("{count} texts are more than the {limit} of a request");
        return Err(ApiError::new(Problem::ManyTexts, message).at("inputs").into());
    }
    let tokenized = server.tokenize(texts).await;
    let size: usize = tokenized.iter().map(|(_, text)| text.ids.len()).sum();
    if !charge.grow(size * TOKEN) {
        return Err(ApiError::overloaded("other answers take the memory").into());
    }
    let keeps_special = fields.add_special_tokens.unwrap_or(true);
    let model_tokens = Arc::clone(&server.model.tokenizer);
    let views = crate::blocking(size > 1_000, move || {
        let special = model_tokens.tokenize("").ids;
        let view = |id: u32| TokenView {
            id,
            text: model_tokens.token(id).unwrap_or_default(),
            special: special.contains(&id),
            start: None,
            stop: None,
        };
        let list = |ids: Vec<u32>| -> Vec<_> {
            ids.into_iter().map(view).filter(|token| keeps_special || !token.special).collect()
        };
        tokenized.into_iter().map(|(_, text)| list(text.ids)).collect::<Vec<_>>()
    })
    .await;
    Ok(document(&views, charge)?)
}
