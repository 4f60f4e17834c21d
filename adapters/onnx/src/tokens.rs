//! The tokenizer of a model, and what else its folder says of it.

use crate::settings::folders;
use crate::{Description, OnnxError, OnnxModelFiles, keys};
use sbert_model::{Encoding, Pooling, PoolingMode, Tokenizer};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// How many tokens of a text are read where nothing says it.
const TOKENS: usize = 256;

/// Turns texts into tokens.
#[derive(Debug)]
pub(crate) struct TextEncoder {
    tokenizer: Tokenizer,
    /// How many tokens of a text are read, the special ones included.
    pub(crate) limit: usize,
    /// The token that fills a row up.
    pub(crate) padding: u32,
}

impl TextEncoder {
    /// Reads the tokenizer. What its file says of cutting and filling up does not count: some shipped
    /// files cut every text at 128 tokens and fill it up to 128, whatever the model reads.
    pub(crate) fn read(
        files: &OnnxModelFiles,
        description: &Description,
    ) -> Result<Self, OnnxError> {
        let path = &files.tokenizer;
        let refused = |reason| OnnxError::Tokenizer { path: path.clone(), reason };
        let json = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        let padding = padding(&json).map_err(|error| refused(error.to_string()))?;
        let limit = limit(files, description)?;
        let tokenizer = Tokenizer::from_json(json, limit).map_err(refused)?;
        Ok(Self { tokenizer, limit, padding })
    }

    /// The tokens of a text: one at least.
    pub(crate) fn encode(&self, text: &str) -> Encoding {
        self.tokenizer.encode(text)
    }
}

/// How many tokens of a text the model reads: as the model says, or the folder of its tokenizer.
fn limit(files: &OnnxModelFiles, description: &Description) -> Result<usize, OnnxError> {
    // A number without meaning, 1e30, stands for no limit.
    let sound = |limit: &f64| (2.0..1e6).contains(limit);
    let said = description.metadata.get(keys::MAX_LENGTH).and_then(|text| text.parse().ok());
    let mut found = said.filter(sound);
    let folder = files.tokenizer.parent().map(Path::to_owned);
    for folder in folder.into_iter().chain(folders(&files.model)) {
        for (file, field) in [
            ("sentence_bert_config.json", "max_seq_length"),
            ("tokenizer_config.json", "model_max_length"),
        ] {
            if found.is_none() {
                found = json(&folder.join(file))?[field].as_f64().filter(sound);
            }
        }
    }
    let Some(found) = found else {
        let path = files.model.display();
        tracing::warn!("nothing says how many tokens {path} reads; it is given {TOKENS} of a text");
        return Ok(TOKENS);
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to a million")]
    Ok(found as usize)
}

/// How the vectors of tokens become one: as the model says, or the folder that it lies in.
pub(crate) fn pooling(
    files: &OnnxModelFiles,
    description: &Description,
) -> Result<Pooling, OnnxError> {
    let said = description.metadata.get(keys::POOLING);
    if let Some(pooling) = said.and_then(|text| Pooling::named(text)) {
        return Ok(pooling);
    }
    for folder in folders(&files.model) {
        refuse_layers(files, &folder)?;
        let path = folder.join("1_Pooling").join("config.json");
        if path.is_file() {
            let read = Pooling::read(&path);
            return read.map_err(|source| OnnxError::Pooling { path: files.model.clone(), source });
        }
    }
    let path = files.model.display();
    tracing::warn!("nothing says how {path} pools the vectors of tokens; their mean is taken");
    Ok(PoolingMode::Mean.into())
}

/// Layers behind the pooling cannot be in a graph that ends before it.
fn refuse_layers(files: &OnnxModelFiles, folder: &Path) -> Result<(), OnnxError> {
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

/// The token that a tokenizer fills rows up with; 0, which most keep for it, where it has none. A
/// model that is told which tokens count by the mask alone does not care.
fn padding(tokenizer: &str) -> serde_json::Result<u32> {
    let file: Value = serde_json::from_str(tokenizer)?;
    let is_padding = |token: &&Value| matches!(token["content"].as_str(), Some("[PAD]" | "<pad>"));
    let named = file["added_tokens"].as_array().into_iter().flatten().find(is_padding);
    let id = file["padding"]["pad_id"].as_u64().or(named.and_then(|token| token["id"].as_u64()));
    Ok(id.and_then(|id| u32::try_from(id).ok()).unwrap_or(0))
}

/// The file's JSON; null where there is no file.
fn json(path: &Path) -> Result<Value, OnnxError> {
    if !path.exists() {
        return Ok(Value::Null);
    }
    let refused = |reason| OnnxError::Settings { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| refused(error.to_string()))
}
