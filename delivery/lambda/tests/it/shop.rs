//! A shop in memory.

use akin_entities::{Change, Currency, Language, ProductId};
use akin_lambda::{Invocation, NotOpened, Parts};
use akin_memory::{Faults, MemoryEmbedder, MemoryFeed, MemoryIndex, MemoryQueue, MemoryStore};
use akin_ports::{FeedRow, FeedSource, ProductStore as _, RunLog};
use akin_usecases::{
    Background, ColumnMap, EmbedTarget, IngestCatalogue, Limits, Percentage, Pricing,
    ProcessChanges,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A store, an index and a queue; the store and the index have the same faults.
pub(crate) struct Shop {
    pub(crate) faults: Faults,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) index: Arc<MemoryIndex>,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) runs: Arc<dyn RunLog>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let faults = Faults::default();
        let store = Arc::new(MemoryStore::with_faults(faults.clone()));
        let runs = Arc::new(store.runs());
        let index = Arc::new(MemoryIndex::with_faults(faults.clone()));
        Self { store, index, queue: Arc::default(), runs, faults }
    }

    pub(crate) fn ingest(&self, is_complete: bool) -> IngestCatalogue {
        let fifth = Percentage::percent(20.0);
        IngestCatalogue {
            store: self.store.clone(),
            pricing: Pricing::unconverted(Currency::INR),
            columns: ColumnMap::default(),
            is_complete,
            limits: Limits { refused: fifth, removed: fifth },
        }
    }

    /// Returns the use case that embeds; a text with "lamp" is refused.
    pub(crate) fn process(&self) -> ProcessChanges {
        let target = EmbedTarget {
            embedder: Arc::new(MemoryEmbedder::default().refusing("lamp")),
            indexes: vec![self.index.clone()],
            background: Background::inline(),
            language: Language::English,
        };
        ProcessChanges { store: self.store.clone(), targets: vec![target] }
    }

    /// Stores products without sending anything, and returns their changes.
    pub(crate) async fn stock(&self, products: &[(&str, &str)]) -> Vec<Change> {
        let version = match self.runs.begin(&new_run()).await.unwrap() {
            akin_ports::RunStart::Begun(version) => version,
            held @ akin_ports::RunStart::Held(_) => panic!("{held:?}"),
        };
        let feeds = [feed("shop.csv", products)];
        self.ingest(false).run(&feeds, version, &|_| ()).await.unwrap();
        let end = akin_ports::RunEnd {
            outcome: akin_ports::RunOutcome::Finished,
            took: Duration::ZERO,
            counts: None,
        };
        self.runs.finish(version, &end).await.unwrap();
        let ids: Vec<_> = products.iter().map(|(id, _)| ProductId::new(*id).unwrap()).collect();
        let mut records = self.store.fetch(&ids).await.unwrap();
        let change = |id: ProductId| {
            let version = records.remove(&id).unwrap().version;
            Change { id, version }
        };
        ids.into_iter().map(change).collect()
    }
}

fn new_run() -> akin_ports::NewRun {
    let holder = akin_ports::RunHolder { name: "a test".to_owned(), key: "a test".to_owned() };
    akin_ports::NewRun { holder, feeds: Vec::new(), gone: None }
}

/// Returns a feed of products, each an id and a name.
pub(crate) fn feed(name: &str, products: &[(&str, &str)]) -> Arc<dyn FeedSource> {
    let rows = (2..).zip(products).map(|(line, (id, name))| FeedRow {
        line,
        product_id: (*id).to_owned(),
        name: (*name).to_owned(),
        ..FeedRow::default()
    });
    Arc::new(MemoryFeed::new(name, rows.map(Ok).collect()))
}

/// Returns parts that are open.
pub(crate) fn open<T: Clone + Send + Sync + 'static>(part: T) -> Parts<T> {
    Parts::new(move || std::future::ready(Ok::<_, NotOpened>(part.clone())))
}

/// Returns an invocation that must be answered within `time`.
pub(crate) fn within(time: Duration) -> Invocation {
    Invocation { request_id: "c6af9ac6".to_owned(), deadline: Instant::now() + time }
}
