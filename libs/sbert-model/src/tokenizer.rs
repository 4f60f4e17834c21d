//! Turns texts into tokens.

mod characters;
mod pieces;
mod source;
mod wordpiece;

pub(crate) use source::Source;
pub use wordpiece::WordPiece;

use serde::Deserialize;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokenizers::{PostProcessor, TruncationDirection};

/// Turns a text into the numbers of its tokens. It never pads.
#[derive(Debug)]
pub enum Tokenizer {
    /// BERT's, by akin's own code: some ten times as fast as a general one.
    WordPiece(WordPiece),
    /// Any other that the `tokenizers` crate reads.
    General {
        /// Executes it.
        tokenizer: Box<tokenizers::Tokenizer>,
        /// Its `tokenizer.json`.
        json: String,
        /// The longest text, in tokens.
        max_tokens: usize,
    },
}

/// A text's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The numbers of the tokens, the special ones included.
    pub ids: Vec<u32>,
    /// Whether the text was longer than the model reads, and was cut.
    pub truncated: bool,
}

/// Of a `tokenizer.json`.
#[derive(Deserialize)]
struct Kind {
    model: KindOfModel,
}

#[derive(Deserialize)]
struct KindOfModel {
    r#type: Option<String>,
}

impl Tokenizer {
    /// The tokenizer of a `tokenizer.json`; a text is cut at `max_tokens`.
    pub fn from_json(json: String, max_tokens: usize) -> Result<Self, String> {
        let kind: Kind = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        // Hundreds of thousands of pieces of another kind need not be taken apart.
        if kind.model.r#type.as_deref() == Some("WordPiece") {
            let file: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
            if let Some(tokenizer) = WordPiece::from_json(&file, max_tokens)? {
                return Ok(Self::WordPiece(tokenizer));
            }
        }
        let tokenizer = caught(|| {
            let mut tokenizer: tokenizers::Tokenizer = json.parse()?;
            tokenizer.with_padding(None);
            tokenizer.with_truncation(None)?;
            Ok(tokenizer)
        });
        let tokenizer = tokenizer.map_err(|error| error.to_string())?;
        Ok(Self::General { tokenizer: Box::new(tokenizer), json, max_tokens })
    }

    /// One more than the largest number that a token can have.
    pub fn vocabulary(&self) -> usize {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.vocabulary(),
            Self::General { tokenizer, .. } => {
                tokenizer.get_vocab(true).values().max().map_or(0, |largest| *largest as usize + 1)
            }
        }
    }

    /// The tokens of `text`: one at least. Where a tokenizer puts no special tokens around a text, one
    /// without words is the token 0, which vocabularies keep for padding.
    pub fn encode(&self, text: &str) -> Encoding {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.encode(text),
            Self::General { tokenizer, max_tokens, .. } => {
                // A text that it cannot split is a text without words.
                let encode = |text| caught(|| general(tokenizer, text, *max_tokens));
                let encoding = encode(text).or_else(|_| encode(""));
                let mut encoding = encoding.unwrap_or_default();
                if encoding.ids.is_empty() {
                    encoding.ids.push(0);
                }
                encoding
            }
        }
    }

    /// Itself as bytes, which [`Self::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::WordPiece(tokenizer) => [&b"W"[..], &tokenizer.to_bytes()].concat(),
            Self::General { json, max_tokens, .. } => {
                let length = u32::try_from(*max_tokens).unwrap_or(u32::MAX).to_le_bytes();
                [&b"G"[..], &length, json.as_bytes()].concat()
            }
        }
    }

    /// The tokenizer of [`Self::to_bytes`]; says what is wrong with other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((b'W', rest)) => WordPiece::from_bytes(rest).map(Self::WordPiece),
            Some((b'G', rest)) => {
                let (length, json) =
                    rest.split_first_chunk().ok_or("the tokenizer is cut short")?;
                let json = std::str::from_utf8(json).map_err(|error| error.to_string())?;
                Self::from_json(json.to_owned(), u32::from_le_bytes(*length) as usize)
            }
            _ => Err("these bytes are no tokenizer".to_owned()),
        }
    }
}

/// What `run` gives; where it panics, as the crate does at some damaged files, what it says is the
/// error.
fn caught<T>(run: impl FnOnce() -> tokenizers::Result<T>) -> tokenizers::Result<T> {
    // What panicked is dropped or was only read, so that nobody meets it half done.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(format!("the tokenizer cannot be executed: {text}").into())
    })
}

/// Cuts the words, then puts the special tokens around them: the crate's own truncation does not always
/// say that it cut something.
fn general(
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
