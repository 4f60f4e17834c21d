//! The tokenizer's files, adapted to the model.
//!
//! Some published files truncate every text at 128 tokens and pad it to 128, whatever the limit of the
//! model. The files written here truncate at the model's limit and pad to the longest text of a batch.

use crate::ExportError;
use sbert_model::SentenceModel;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A JSON object with verbatim values, so that numbers keep every digit.
type Object = BTreeMap<String, Box<RawValue>>;

/// The usual order of the fields in a tokenizer's file.
const ORDER: [&str; 9] = [
    "version",
    "truncation",
    "padding",
    "added_tokens",
    "normalizer",
    "pre_tokenizer",
    "post_processor",
    "decoder",
    "model",
];

/// A token outside the vocabulary of the model.
#[derive(Deserialize)]
struct AddedToken {
    id: u64,
    content: String,
}

/// Returns the names and texts of the tokenizer's files.
pub(crate) fn files(model: &SentenceModel) -> Result<Vec<(&'static str, String)>, ExportError> {
    let path = &model.tokenizer_path;
    let tokenizer: Object = serde_json::from_str(model.tokenizer_json())
        .map_err(|error| malformed(path, error.to_string()))?;
    let path = path.with_file_name("tokenizer_config.json");
    let mut config = if path.exists() { read(&path)? } else { Object::new() };
    let pad = pad_token(&tokenizer, &config).map_err(|reason| malformed(&path, reason))?;
    let tokenizer = pad_batches(tokenizer, pad);
    set(&mut config, "model_max_length", &json!(model.max_tokens));
    if !config.contains_key("tokenizer_class") {
        set(&mut config, "tokenizer_class", &json!("PreTrainedTokenizerFast"));
    }
    let config = write(&config, config.keys().map(String::as_str));
    Ok(vec![("tokenizer.json", tokenizer), ("tokenizer_config.json", config)])
}

/// Returns the file with padding to the longest text of a batch, if there is a padding token. The
/// truncation is the model's already.
fn pad_batches(mut file: Object, pad: Option<AddedToken>) -> String {
    if let Some(AddedToken { id, content }) = pad {
        let padding = json!({
            "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": id, "pad_type_id": 0, "pad_token": content});
        set(&mut file, "padding", &padding);
    }
    let others = file.keys().map(String::as_str).filter(|key| !ORDER.contains(key));
    write(&file, ORDER.into_iter().chain(others))
}

/// Returns the padding token named in the settings.
fn pad_token(tokenizer: &Object, config: &Object) -> Result<Option<AddedToken>, String> {
    // Older folders store a token as an object.
    let name = match field(config, "pad_token")? {
        Some(Value::String(name)) => name,
        Some(Value::Object(mut token)) => match token.remove("content") {
            Some(Value::String(name)) => name,
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    let added: Vec<AddedToken> = field(tokenizer, "added_tokens")?.unwrap_or_default();
    Ok(added.into_iter().find(|token| token.content == name))
}

/// Returns a field as `T`, or `None` if it is absent or null.
fn field<T: serde::de::DeserializeOwned>(object: &Object, key: &str) -> Result<Option<T>, String> {
    object.get(key).map_or(Ok(None), |raw| {
        serde_json::from_str(raw.get()).map_err(|error| format!("{key}: {error}"))
    })
}

fn set(object: &mut Object, key: &str, value: &Value) {
    if let Ok(raw) = RawValue::from_string(value.to_string()) {
        object.insert(key.to_owned(), raw);
    }
}

/// Formats the object with one line per field, in this order.
fn write<'a>(object: &Object, order: impl Iterator<Item = &'a str>) -> String {
    let fields =
        order.filter_map(|key| Some(format!("  {}: {}", Value::from(key), object.get(key)?.get())));
    format!("{{\n{}\n}}\n", fields.collect::<Vec<_>>().join(",\n"))
}

fn read(path: &Path) -> Result<Object, ExportError> {
    let text = fs::read_to_string(path)
        .map_err(|error| malformed(path, format!("it cannot be read: {error}")))?;
    serde_json::from_str(&text).map_err(|error| malformed(path, error.to_string()))
}

fn malformed(path: &Path, reason: String) -> ExportError {
    ExportError::Tokenizer { path: path.to_owned(), reason }
}
