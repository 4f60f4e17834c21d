//! The embedder's handling of what a model returns.

use akin_entities::{Embedding, Fingerprint};
use akin_native::{
    Inference, InferenceError, InferenceOutput, ModelChoice, NativeEmbedder, Settings,
};
use akin_ports::{Embedder, ErrorKind, TokenizedText, Tokenizer};
use std::num::NonZeroUsize;

/// A model that reads four bytes per text, and fails for "bad".
#[derive(Debug)]
struct FourBytes(Fingerprint);

impl Inference for FourBytes {
    fn infer(&self, texts: &[&str], _: usize) -> Result<Vec<InferenceOutput>, InferenceError> {
        let infer = |text: &&str| match *text {
            "bad" => Err(InferenceError::new("it is bad")),
            text => Ok(InferenceOutput {
                embedding: Embedding::new(&[1.0, f32::from(text.starts_with('a'))]).unwrap(),
                is_truncated: text.len() > 4,
            }),
        };
        texts.iter().map(infer).collect()
    }

    fn tokenize(&self, text: &str) -> TokenizedText {
        let bytes = text.bytes().take(4);
        TokenizedText { ids: bytes.map(u32::from).collect(), is_truncated: text.len() > 4 }
    }

    fn token(&self, id: u32) -> Option<String> {
        char::from_u32(id).map(String::from)
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.0
    }

    fn token_limit(&self) -> usize {
        4
    }
}

fn embedder() -> NativeEmbedder {
    let (model, precision) = ("four-bytes@00000000".to_owned(), "fp32".to_owned());
    let model = FourBytes(Fingerprint { model, precision, dimension: 2 });
    NativeEmbedder::start(model, NonZeroUsize::MIN).unwrap()
}

#[tokio::test]
async fn truncated_texts_are_counted() {
    let texts = ["a", "too long", "", "also too long"].map(str::to_owned);
    let embedded = embedder().embed(&texts).await.unwrap();
    assert_eq!((embedded.embeddings.len(), embedded.truncated), (4, 2));
}

#[tokio::test]
async fn an_unpacked_model_can_be_opened_and_truncates_long_texts() {
    let model = ModelChoice::At(sbert_fixtures::folder("minilm-l6"));
    let settings = Settings { model, models: None, threads: NonZeroUsize::new(2) };
    let native: &dyn Embedder = &NativeEmbedder::open(&settings).unwrap();
    assert_eq!((native.token_limit(), native.fingerprint().dimension), (24, 24));
    let texts = ["", "a tripod", &"steady ".repeat(22), &"steady ".repeat(23)].map(str::to_owned);
    let all = native.embed(&texts).await.unwrap();
    assert_eq!(all.truncated, 1, "22 words and the two special tokens fit");
    for (text, embedding) in texts.iter().zip(&all.embeddings) {
        assert_eq!(native.embed_one(text).await.unwrap(), *embedding, "{text:?}");
    }
}

#[tokio::test]
async fn a_batch_is_embedded_entirely_or_not_at_all() {
    let texts = ["a", "bad"].map(str::to_owned);
    assert_eq!(embedder().embed(&texts).await.unwrap_err().kind, ErrorKind::Corrupt);
    assert!(embedder().embed(&[]).await.unwrap().embeddings.is_empty());
}

#[tokio::test]
async fn the_embedder_reports_the_fingerprint_and_token_limit_of_its_model() {
    let embedder = embedder();
    assert_eq!(embedder.fingerprint().to_string(), "four-bytes@00000000/fp32/2");
    assert_eq!(embedder.token_limit(), 4);
    let embedder: &dyn Embedder = &embedder;
    assert!(embedder.embed_one("a").await.is_ok());
}

#[tokio::test]
async fn the_tokens_of_a_text_are_those_that_the_model_reads() {
    let model = ModelChoice::At(sbert_fixtures::folder("minilm-l6"));
    let settings = Settings { model, models: None, threads: NonZeroUsize::new(1) };
    let native = NativeEmbedder::open(&settings).unwrap();
    for (words, tokens, is_truncated) in [(0, 2, false), (22, 24, false), (23, 24, true)] {
        let text = native.tokenize(&"steady ".repeat(words));
        assert_eq!((text.ids.len(), text.is_truncated), (tokens, is_truncated));
        let names: Vec<_> = text.ids.iter().map(|id| native.token(*id).unwrap()).collect();
        assert_eq!((&*names[0], &*names[tokens - 1]), ("[CLS]", "[SEP]"));
    }
    assert_eq!(native.token(u32::MAX), None);
}
