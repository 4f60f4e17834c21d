use std::fmt::Debug;

/// Splits texts into the tokens of a model. The calls block, for milliseconds if a text is long.
pub trait Tokenizer: Debug + Send + Sync {
    /// Returns the tokens of `text` as the model reads them: the special ones included, and no more than
    /// the token limit. There is at least one.
    fn tokenize(&self, text: &str) -> TokenizedText;

    /// Returns a token as the vocabulary writes it, such as `##ing`; `None` if it has no such token.
    fn token(&self, id: u32) -> Option<String>;
}

/// The tokens of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedText {
    /// The ids of the tokens.
    pub ids: Vec<u32>,
    /// True if the text was longer than the model reads.
    pub is_truncated: bool,
}
