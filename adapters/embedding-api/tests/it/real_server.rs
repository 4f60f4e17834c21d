//! The embedder and the model that the server executes are one and the same.

use crate::support::{real_server, settings};
use akin_embedding_api::HttpEmbedder;
use akin_ports::Embedder;

#[tokio::test]
#[ignore = "needs akin serve-embeddings: make test"]
async fn every_format_gives_the_same_bits_and_the_fingerprint_of_the_model() {
    let open = async |path: &str| {
        HttpEmbedder::open(&settings(&format!("{}{path}", real_server()), &[])).await.unwrap()
    };
    let (openai, tei) = (open("/v1").await, open("/embed").await);
    assert_eq!(openai.fingerprint(), tei.fingerprint());
    assert!(openai.fingerprint().model.contains('@'), "{}", openai.fingerprint());
    assert_eq!(openai.token_limit(), tei.token_limit());
    let texts: Vec<_> =
        (0..70).map(|number| format!("tripod {number} {}", "x ".repeat(number))).collect();
    assert_eq!(openai.embed(&texts).await.unwrap(), tei.embed(&texts).await.unwrap());
}
