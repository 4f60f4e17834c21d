//! The file of a tokenizer, adapted to a model.

use super::Tokenizer;
use crate::files::{json_if_any, text};
use crate::{Architecture, FolderError};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The source of a tokenizer.
#[derive(Debug)]
pub(crate) struct TokenizerSource {
    pub(crate) path: PathBuf,
    /// A `tokenizer.json` for this model, with its truncation and without padding.
    pub(crate) json: String,
}

/// The fields of `tokenizer_config.json` that complement a `vocab.txt`.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Casing {
    do_lower_case: bool,
    strip_accents: Option<bool>,
    tokenize_chinese_chars: bool,
}

impl Default for Casing {
    fn default() -> Self {
        Self { do_lower_case: true, strip_accents: None, tokenize_chinese_chars: true }
    }
}

impl TokenizerSource {
    /// Finds `tokenizer.json` in the folder, or BERT's older `vocab.txt`. The truncation and padding of
    /// the file are ignored: some published files pad every text to 128 tokens. `lower` lowercases
    /// texts first.
    pub(crate) fn read(
        folder: &Path,
        architecture: Architecture,
        lower: bool,
        max_tokens: usize,
    ) -> Result<Self, FolderError> {
        let path = folder.join("tokenizer.json");
        let older = folder.join("vocab.txt");
        let is_bert = matches!(architecture, Architecture::Bert | Architecture::DistilBert);
        let (path, json) = if path.exists() {
            let json = text(&path)?;
            (path, json)
        } else if is_bert && older.exists() {
            let json = from_vocabulary(folder, &older)?;
            (older, json)
        } else {
            return Err(missing(path, architecture));
        };
        let json = adapt(&json, lower, max_tokens)
            .map_err(|error| FolderError::malformed(&path, error.to_string()))?;
        Ok(Self { path, json })
    }

    /// Builds the tokenizer.
    pub(crate) fn tokenizer(&self, max_tokens: usize) -> Result<Tokenizer, FolderError> {
        Tokenizer::from_json(self.json.clone(), max_tokens)
            .map_err(|reason| FolderError::malformed(&self.path, reason))
    }
}

/// Returns the error of a missing tokenizer with its remedy.
fn missing(path: PathBuf, architecture: Architecture) -> FolderError {
    let what = format!("a {} tokenizer without this file", architecture.name());
    let remedy = "load it with transformers' AutoTokenizer and save it, which writes the file (for \
                  bert and distilbert a vocab.txt does too)";
    FolderError::Unsupported { path, what, supported: remedy }
}

/// Splits the object of a `tokenizer.json` into the names and the verbatim text of its fields. Parsing
/// and writing the large ones would not preserve all numbers.
fn parts(json: &str) -> serde_json::Result<Vec<(String, &str)>> {
    // The usual parser reports syntax errors.
    serde_json::from_str::<serde::de::IgnoredAny>(json)?;
    let mut parts = Vec::new();
    let mut rest = json.trim_start().strip_prefix('{').unwrap_or_default();
    while let Some((name, after)) = next::<String>(rest.trim_start_matches(SEPARATORS))? {
        let value = after.trim_start_matches(SEPARATORS);
        let Some((IgnoredAny, after)) = next(value)? else { break };
        parts.push((name, value[..value.len() - after.len()].trim()));
        rest = after;
    }
    Ok(parts)
}

const SEPARATORS: [char; 6] = [' ', '\t', '\r', '\n', ',', ':'];

/// Returns the next value of `json` and the rest, or `None` at the end of an object.
fn next<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<Option<(T, &'a str)>> {
    if json.is_empty() || json.starts_with('}') {
        return Ok(None);
    }
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<T>();
    let value = values.next().transpose()?;
    let end = values.byte_offset();
    Ok(value.map(|value| (value, &json[end..])))
}

/// Returns the file with this model's truncation, without padding, and with lowercasing if requested.
fn adapt(json: &str, lower: bool, max_tokens: usize) -> serde_json::Result<String> {
    let mut parts = parts(json)?;
    let find = |parts: &[(String, &str)], name: &str| parts.iter().rposition(|part| part.0 == name);
    let truncation = json!({"direction": "Right", "max_length": max_tokens,
        "strategy": "LongestFirst", "stride": 0})
    .to_string();
    let normalizer = match find(&parts, "normalizer").map(|at| parts[at].1) {
        Some(normalizer) if lower => {
            Some(with_lowercasing(serde_json::from_str(normalizer)?).to_string())
        }
        None if lower => Some(with_lowercasing(Value::Null).to_string()),
        _ => None,
    };
    let changes = [
        ("truncation", Some(&*truncation)),
        ("padding", Some("null")),
        ("normalizer", normalizer.as_deref()),
    ];
    for (name, value) in changes {
        let Some(value) = value else { continue };
        match find(&parts, name) {
            Some(at) => parts[at].1 = value,
            None => parts.push((name.to_owned(), value)),
        }
    }
    let fields = parts.iter().map(|(name, value)| format!("{}:{value}", Value::from(&**name)));
    Ok(format!("{{{}}}", fields.collect::<Vec<_>>().join(",")))
}

/// Returns the normalizer with lowercasing before it, unless it already lowercases.
fn with_lowercasing(normalizer: Value) -> Value {
    let lowers =
        |normalizer: &Value| normalizer["type"] == "Lowercase" || normalizer["lowercase"] == true;
    let mut all = match normalizer {
        Value::Null => Vec::new(),
        Value::Object(ref fields) if normalizer["type"] == "Sequence" => {
            fields["normalizers"].as_array().cloned().unwrap_or_default()
        }
        one => vec![one],
    };
    if all.iter().any(lowers) && all.len() == 1 {
        return all.remove(0);
    }
    if !all.iter().any(lowers) {
        all.insert(0, json!({"type": "Lowercase"}));
    }
    json!({"type": "Sequence", "normalizers": all})
}

/// Converts a `vocab.txt`, one piece per line, to a `tokenizer.json`.
fn from_vocabulary(folder: &Path, path: &Path) -> Result<String, FolderError> {
    let casing: Casing = json_if_any(&folder.join("tokenizer_config.json"))?;
    let vocabulary = text(path)?;
    // Of equal pieces the last one wins, as in the dictionaries of other implementations.
    let numbers: serde_json::Map<String, Value> =
        vocabulary.lines().enumerate().map(|(at, piece)| (piece.to_owned(), at.into())).collect();
    let names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let known = |name| Some((name, numbers.get(name)?.clone()));
    let special: Vec<(&str, Value)> = names.into_iter().filter_map(known).collect();
    for name in ["[UNK]", "[CLS]", "[SEP]"] {
        if !numbers.contains_key(name) {
            return Err(FolderError::malformed(path, format!("the vocabulary lacks {name}")));
        }
    }
    let added = special.iter().map(|(name, id)| {
        json!({"id": id, "content": name, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true})
    });
    let normalizer = json!({"type": "BertNormalizer", "clean_text": true,
        "handle_chinese_chars": casing.tokenize_chinese_chars,
        "strip_accents": casing.strip_accents, "lowercase": casing.do_lower_case});
    let file = json!({
        "version": "1.0",
        "added_tokens": added.collect::<Vec<_>>(),
        "normalizer": normalizer,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", &numbers["[SEP]"]],
            "cls": ["[CLS]", &numbers["[CLS]"]]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": numbers},
    });
    Ok(file.to_string())
}
