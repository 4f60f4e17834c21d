//! The tokenizer of a model, and the settings in its folder.

use crate::settings::folders;
use crate::{Description, OnnxError, OnnxModelFiles, keys};
use sbert_model::{Encoding, Pooling, PoolingMode, Tokenizer};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The default maximum number of tokens per text.
const DEFAULT_LIMIT: usize = 256;

/// Tokenizes texts and truncates them to the limit of the model.
#[derive(Debug)]
pub(crate) struct TextEncoder {
    tokenizer: Tokenizer,
    /// The maximum number of tokens per text, special tokens included.
    pub(crate) limit: usize,
    /// The id of the padding token.
    pub(crate) padding: u32,
}

impl TextEncoder {
    /// Reads the tokenizer. The truncation and padding settings of its file are ignored: some published
    /// files truncate and pad every text to 128 tokens, whatever the model supports.
    pub(crate) fn read(
        files: &OnnxModelFiles,
        description: &Description,
    ) -> Result<Self, OnnxError> {
        let path = &files.tokenizer;
        let rejected = |reason| OnnxError::Tokenizer { path: path.clone(), reason };
        let json = fs::read_to_string(path).map_err(|error| rejected(error.to_string()))?;
        let padding = padding(&json).map_err(|error| rejected(error.to_string()))?;
        let limit = limit(files, description)?;
        let tokenizer = Tokenizer::from_json(json, limit).map_err(rejected)?;
        Ok(Self { tokenizer, limit, padding })
    }

    /// Returns a token as the vocabulary writes it.
    pub(crate) fn token(&self, id: u32) -> Option<String> {
        self.tokenizer.token(id)
    }

    /// Tokenizes a text into at least one token.
    pub(crate) fn encode(&self, text: &str) -> Encoding {
        self.tokenizer.encode(text)
    }
}

/// Returns the maximum number of tokens per text, from the model's metadata, or else from its folder or
/// the tokenizer's.
fn limit(files: &OnnxModelFiles, description: &Description) -> Result<usize, OnnxError> {
    // 1e30 is a placeholder for no limit.
    let is_plausible = |limit: &f64| (2.0..1e6).contains(limit);
    let declared = description.metadata.get(keys::MAX_LENGTH).and_then(|text| text.parse().ok());
    let mut found = declared.filter(is_plausible);
    let folder = files.tokenizer.parent().map(Path::to_owned);
    for folder in folder.into_iter().chain(folders(&files.model)) {
        for (file, field) in [
            ("sentence_bert_config.json", "max_seq_length"),
            ("tokenizer_config.json", "model_max_length"),
        ] {
            if found.is_none() {
                found = json(&folder.join(file))?[field].as_f64().filter(is_plausible);
            }
        }
    }
    let Some(found) = found else {
        let path = files.model.display();
        tracing::warn!(
            "{path} does not declare a token limit; texts are truncated at {DEFAULT_LIMIT} tokens"
        );
        return Ok(DEFAULT_LIMIT);
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to a million")]
    Ok(found as usize)
}

/// Returns the pooling of the token vectors, from the model's metadata, or else from its folder.
pub(crate) fn pooling(
    files: &OnnxModelFiles,
    description: &Description,
) -> Result<Pooling, OnnxError> {
    let declared = description.metadata.get(keys::POOLING);
    if let Some(pooling) = declared.and_then(|text| Pooling::named(text)) {
        return Ok(pooling);
    }
    for folder in folders(&files.model) {
        reject_layers(files, &folder)?;
        let path = folder.join("1_Pooling").join("config.json");
        if path.is_file() {
            let read = Pooling::read(&path);
            return read.map_err(|source| OnnxError::Pooling { path: files.model.clone(), source });
        }
    }
    let path = files.model.display();
    tracing::warn!("{path} does not declare a pooling; the mean of the token vectors is used");
    Ok(PoolingMode::Mean.into())
}

/// Rejects a model with layers after the pooling, which a graph that ends before it cannot contain.
fn reject_layers(files: &OnnxModelFiles, folder: &Path) -> Result<(), OnnxError> {
    let modules = folder.join("modules.json");
    let list = json(&modules)?;
    let kinds = list.as_array().into_iter().flatten().filter_map(|module| module["type"].as_str());
    let mut kinds = kinds.filter_map(|kind| kind.rsplit('.').next());
    match kinds.find(|kind| !["Transformer", "Pooling", "Normalize"].contains(kind)) {
        Some(module) => Err(OnnxError::NotInGraph {
            path: files.model.clone(),
            modules,
            module: module.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Returns the id of the padding token, or 0, the usual id, if the tokenizer has none. A model that uses
/// the mask ignores it.
fn padding(tokenizer: &str) -> serde_json::Result<u32> {
    let file: Value = serde_json::from_str(tokenizer)?;
    let is_padding = |token: &&Value| matches!(token["content"].as_str(), Some("[PAD]" | "<pad>"));
    let named = file["added_tokens"].as_array().into_iter().flatten().find(is_padding);
    let id = file["padding"]["pad_id"].as_u64().or(named.and_then(|token| token["id"].as_u64()));
    Ok(id.and_then(|id| u32::try_from(id).ok()).unwrap_or(0))
}

/// Reads a JSON file; returns null if it does not exist.
fn json(path: &Path) -> Result<Value, OnnxError> {
    if !path.exists() {
        return Ok(Value::Null);
    }
    let rejected = |reason| OnnxError::Settings { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|error| rejected(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| rejected(error.to_string()))
}
