//! The tokenizer's files, mended.
//!
//! Some shipped files cut every text at 128 tokens and pad it to 128, whatever the model reads. What is
//! written here cuts where the model does, and pads to the longest text of a batch only.

use crate::ExportError;
use sbert_model::SentenceModel;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A JSON object whose values stay as they are written: numbers keep every digit.
type Object = BTreeMap<String, Box<RawValue>>;

/// The order in which a tokenizer's file is usually written.
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

/// A token of its own, as far as it matters here.
#[derive(Deserialize)]
struct Added {
    id: u64,
    content: String,
}

/// Names and texts of the files that a tokenizer is read from.
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

/// The file, but that a batch is padded to its longest text, if a token to do so is known. It cuts at
/// the model's length already.
fn pad_batches(mut file: Object, pad: Option<Added>) -> String {
    if let Some(Added { id, content }) = pad {
        let padding = json!({
            "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": id, "pad_type_id": 0, "pad_token": content});
        set(&mut file, "padding", &padding);
    }
    let others = file.keys().map(String::as_str).filter(|key| !ORDER.contains(key));
    write(&file, ORDER.into_iter().chain(others))
}

/// The token that fills rows, as the settings name it.
fn pad_token(tokenizer: &Object, config: &Object) -> Result<Option<Added>, String> {
    // Older folders give a token as an object.
    let name = match field(config, "pad_token")? {
        Some(Value::String(name)) => name,
        Some(Value::Object(mut token)) => match token.remove("content") {
            Some(Value::String(name)) => name,
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    let added: Vec<Added> = field(tokenizer, "added_tokens")?.unwrap_or_default();
    Ok(added.into_iter().find(|token| token.content == name))
}

/// A field as `T`; `None` where it is absent or null.
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

/// The object's text, a line a field, in this order.
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
