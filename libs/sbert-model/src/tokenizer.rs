//! Tokenizers.

mod characters;
mod pieces;
mod source;
mod wordpiece;

pub(crate) use source::TokenizerSource;
pub use wordpiece::WordPiece;

use serde::Deserialize;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokenizers::{PostProcessor, TruncationDirection};

/// Converts a text to token ids. It never pads.
#[derive(Debug)]
pub enum Tokenizer {
    /// BERT's, implemented in this crate: about ten times as fast as the general one.
    WordPiece(WordPiece),
    /// Any other that the `tokenizers` crate supports.
    General {
        /// The tokenizer.
        tokenizer: Box<tokenizers::Tokenizer>,
        /// Its `tokenizer.json`.
        json: String,
        /// The maximum number of tokens.
        max_tokens: usize,
    },
}

/// The tokens of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The token ids, including the special ones.
    pub ids: Vec<u32>,
    /// True if the text was truncated to the maximum length.
    pub truncated: bool,
}

/// The type of the model in a `tokenizer.json`.
#[derive(Deserialize)]
struct TokenizerJson {
    model: ModelJson,
}

#[derive(Deserialize)]
struct ModelJson {
    r#type: Option<String>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`; texts are truncated at `max_tokens`.
    pub fn from_json(json: String, max_tokens: usize) -> Result<Self, String> {
        let kind: TokenizerJson = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        // Parsing all of another kind's vocabulary, hundreds of thousands of pieces, is avoided.
        if kind.model.r#type.as_deref() == Some("WordPiece") {
            let file: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
            if let Some(tokenizer) = WordPiece::from_json(&file, max_tokens)? {
                return Ok(Self::WordPiece(tokenizer));
            }
        }
        let tokenizer = catch_panic(|| {
            let mut tokenizer: tokenizers::Tokenizer = json.parse()?;
            tokenizer.with_padding(None);
            tokenizer.with_truncation(None)?;
            Ok(tokenizer)
        });
        let tokenizer = tokenizer.map_err(|error| error.to_string())?;
        Ok(Self::General { tokenizer: Box::new(tokenizer), json, max_tokens })
    }

    /// Returns the largest token id plus one.
    pub fn vocabulary(&self) -> usize {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.vocabulary(),
            Self::General { tokenizer, .. } => {
                // The tokens that surround a text need not be in the vocabulary.
                let mut ids = self.encode("").ids;
                ids.extend(tokenizer.get_vocab(true).values());
                ids.into_iter().max().map_or(0, |largest| largest as usize + 1)
            }
        }
    }

    /// Returns the maximum number of tokens of a text.
    pub fn max_tokens(&self) -> usize {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.max_tokens(),
            Self::General { max_tokens, .. } => *max_tokens,
        }
    }

    /// Returns the tokens of `text`, at least one. If the tokenizer adds no special tokens, a text without
    /// words is the token 0, which vocabularies reserve for padding.
    pub fn encode(&self, text: &str) -> Encoding {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.encode(text),
            Self::General { tokenizer, max_tokens, .. } => {
                // A text that cannot be tokenized counts as empty.
                let encode = |text| catch_panic(|| encode_general(tokenizer, text, *max_tokens));
                let encoding = encode(text).or_else(|_| encode(""));
                let mut encoding = encoding.unwrap_or_default();
                if encoding.ids.is_empty() {
                    encoding.ids.push(0);
                }
                encoding
            }
        }
    }

    /// Returns the token with this id as the vocabulary writes it; `None` if there is none.
    pub fn token(&self, id: u32) -> Option<String> {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.token(id),
            Self::General { tokenizer, .. } => tokenizer.id_to_token(id),
        }
    }

    /// Serializes the tokenizer for [`Self::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::WordPiece(tokenizer) => [&b"W"[..], &tokenizer.to_bytes()].concat(),
            Self::General { json, max_tokens, .. } => {
                let length = u32::try_from(*max_tokens).unwrap_or(u32::MAX).to_le_bytes();
                [&b"G"[..], &length, json.as_bytes()].concat()
            }
        }
    }

    /// Deserializes the output of [`Self::to_bytes`], or returns the reason why it is invalid.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((b'W', rest)) => WordPiece::from_bytes(rest).map(Self::WordPiece),
            Some((b'G', rest)) => {
                let (length, json) =
                    rest.split_first_chunk().ok_or("the tokenizer is truncated")?;
                let json = std::str::from_utf8(json).map_err(|error| error.to_string())?;
                Self::from_json(json.to_owned(), u32::from_le_bytes(*length) as usize)
            }
            _ => Err("the bytes are not a tokenizer".to_owned()),
        }
    }
}

/// Runs `run` and converts a panic, which the crate raises on some damaged files, to an error.
fn catch_panic<T>(run: impl FnOnce() -> tokenizers::Result<T>) -> tokenizers::Result<T> {
    // Anything left inconsistent by the panic is dropped, or was only read.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(format!("the tokenizer cannot be executed: {text}").into())
    })
}

/// Truncates the words, then adds the special tokens: the crate's own truncation does not always report
/// that it truncated.
fn encode_general(
    tokenizer: &tokenizers::Tokenizer,
    text: &str,
    max_tokens: usize,
) -> tokenizers::Result<Encoding> {
    let mut words = tokenizer.encode(text, false)?;
    let special =
        tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
    let room = max_tokens.saturating_sub(special);
    let truncated = words.len() > room;
    words.truncate(room, 0, TruncationDirection::Right);
    let mut ids = tokenizer.post_process(words, None, true)?.get_ids().to_vec();
    ids.truncate(max_tokens);
    Ok(Encoding { ids, truncated })
}
