//! The embedder fulfills the contract of an embedder, in each form of requests.

use crate::support::{Forms, Mapping, open, real_server};
use akin_contracts::Subject;
use akin_ports::Embedder;

mod texts {
    akin_contracts::embedder_contract!(
        super::texts,
        ignore = "needs akin serve-embeddings: make test"
    );
}

mod text {
    akin_contracts::embedder_contract!(
        super::text,
        ignore = "needs akin serve-embeddings: make test"
    );
}

async fn texts() -> Subject<dyn Embedder> {
    let mapping = Mapping::start(real_server(), Forms::All).await;
    Subject::embedder(open(&mapping.url).await.unwrap()).keeping(mapping)
}

async fn text() -> Subject<dyn Embedder> {
    let mapping = Mapping::start(real_server(), Forms::TextOnly).await;
    Subject::embedder(open(&mapping.url).await.unwrap()).keeping(mapping)
}
