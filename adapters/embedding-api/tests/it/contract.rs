//! The embedder fulfills the contract of an embedder, in each format.

use crate::support::{real_server, settings};
use akin_contracts::Subject;
use akin_embedding_api::HttpEmbedder;
use akin_ports::Embedder;

mod openai {
    akin_contracts::embedder_contract!(
        super::openai,
        ignore = "needs akin serve-embeddings: make test"
    );
}

mod tei {
    akin_contracts::embedder_contract!(
        super::tei,
        ignore = "needs akin serve-embeddings: make test"
    );
}

async fn openai() -> Subject<dyn Embedder> {
    open("/v1/embeddings").await
}

async fn tei() -> Subject<dyn Embedder> {
    open("/embed").await
}

async fn open(path: &str) -> Subject<dyn Embedder> {
    let settings = settings(&format!("{}{path}", real_server()), &[]);
    Subject::embedder(HttpEmbedder::open(&settings).await.unwrap())
}
