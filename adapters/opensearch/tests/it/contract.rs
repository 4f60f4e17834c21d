//! The port's contract.

use akin_contracts::Subject;
use akin_ports::ProductIndex;

akin_contracts::product_index_contract!(fresh, ignore = "needs OpenSearch: make test");

async fn fresh() -> Subject<dyn ProductIndex> {
    let (index, guard) = crate::support::fresh().await;
    let writer = index.clone();
    Subject::index(index).keeping(guard).refreshed_by(move || {
        let writer = writer.clone();
        async move { writer.refresh().await.expect("a refresh") }
    })
}
