//! Embeds the texts of one request.

use crate::Server;
use crate::error::{ApiError, Problem};
use crate::memory::Charge;
use crate::scheduler::{TextResult, WaitingText};
use akin_ports::TokenizedText;

/// The texts of a request.
#[derive(Debug)]
pub(crate) struct TextBatch {
    pub(crate) texts: Vec<String>,
    /// The field of the request that holds them.
    pub(crate) field: &'static str,
    /// Truncate texts that are longer than the model reads; otherwise they are refused.
    pub(crate) truncate: bool,
}

/// The embeddings of a request.
#[derive(Debug)]
pub(crate) struct EmbeddedTexts {
    /// In the order of the texts.
    pub(crate) results: Vec<TextResult>,
    /// The number of tokens that the model read.
    pub(crate) tokens: usize,
    /// The number of texts that were truncated.
    pub(crate) truncated: usize,
}

/// The maximum size of texts that are tokenized on the thread of the request, in bytes: a millisecond.
const SHORT: usize = 32 * 1024;

/// The memory of a coordinate in an answer: four bytes, and up to 16 as text.
const COORDINATE: usize = 20;

impl Server {
    /// Embeds `batch`. The answer is charged too.
    pub(crate) async fn embed(
        &self,
        batch: TextBatch,
        charge: &mut Charge,
    ) -> Result<EmbeddedTexts, ApiError> {
        let (count, limit) = (batch.texts.len(), self.limits.texts);
        if count > limit {
            let message = format!("{count} texts are more than the {limit} of a request");
            return Err(ApiError::new(Problem::ManyTexts, message).at(batch.field));
        }
        let answer = count * self.model.embedder.fingerprint().dimension * COORDINATE;
        if !charge.grow(answer) {
            return Err(ApiError::overloaded("other answers take the memory"));
        }
        let TextBatch { texts, field, truncate } = batch;
        let tokenized = self.tokenize(texts).await;
        let is_long = |(_, tokens): &(String, TokenizedText)| tokens.is_truncated;
        if !truncate && let Some(index) = tokenized.iter().position(is_long) {
            return Err(self.too_long(field, index, count));
        }
        let truncated = tokenized.iter().filter(|text| is_long(text)).count();
        let waiting: Vec<_> = tokenized.into_iter().enumerate().map(waiting_text).collect();
        let tokens = waiting.iter().map(|text| text.tokens).sum();
        let results = self.scheduler.embed(waiting).await;
        let results = results.map_err(|_| ApiError::overloaded("too many texts wait"))?;
        self.metrics.count(&results, tokens, truncated);
        Ok(EmbeddedTexts { results, tokens, truncated })
    }

    /// Returns each text with its tokens.
    pub(crate) async fn tokenize(&self, texts: Vec<String>) -> Vec<(String, TokenizedText)> {
        let is_large = texts.iter().map(String::len).sum::<usize>() > SHORT;
        let tokenizer = self.model.tokenizer.clone();
        let tokenize = move |text: String| {
            let tokens = tokenizer.tokenize(&text);
            (text, tokens)
        };
        crate::blocking(is_large, move || texts.into_iter().map(tokenize).collect()).await
    }

    fn too_long(&self, field: &str, index: usize, count: usize) -> ApiError {
        let limit = self.model.embedder.token_limit();
        let field = if count == 1 { field.to_owned() } else { format!("{field}[{index}]") };
        let message = format!(
            "{field} has more than the {limit} tokens that the model reads; shorten it, or let the \
             server truncate it with \"truncate\": true"
        );
        ApiError::new(Problem::LongText, message).at(field)
    }
}

impl EmbeddedTexts {
    /// Returns the embeddings, or the error of the first text that failed: formats without an error for
    /// each text have all or nothing.
    pub(crate) fn all(self, field: &str) -> Result<Self, ApiError> {
        match self.results.iter().position(Result::is_err) {
            None => Ok(self),
            Some(index) => {
                let field = format!("{field}[{index}]");
                let message = format!("the model failed on {field}; see the log of the server");
                Err(ApiError::new(Problem::Failed, message).at(field))
            }
        }
    }
}

fn waiting_text((index, (text, tokens)): (usize, (String, TokenizedText))) -> WaitingText {
    WaitingText { index, text, tokens: tokens.ids.len() }
}
