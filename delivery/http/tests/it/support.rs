//! A small shop in memory behind the routes, shared by the tests.
use akin_entities::{
    Currency, Language, Price, Product, ProductId, Rating, Similarity, Timestamp, Version,
};
use akin_http::{AnswerBudget, Api, Engines, ServedEngine, SimilarProductsDefaults, router};
use akin_memory::{Faults, MemoryEmbedder, MemoryIndex, MemoryQueue, MemoryRuns, MemoryStore};
use akin_ports::{
    Embedder, NewRun, ProductIndex, ProductStore, RefusedRow, RunEnd, RunHolder, RunLog, RunStart,
};
use akin_usecases::{
    Background, CatalogueStatus, CurrentRelevance, EmbedChanges, QueryEmbeddings, SearchProducts,
    SimilarProducts, Suggest,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

/// The version of its products, ingested at 2023-03-18 08:33:33.000042.
pub(crate) const INGESTED: Version = Version(1_679_128_413_000_042);

/// The shop, with the faults of each of its ports.
pub(crate) struct Shop {
    pub(crate) api: Api,
    pub(crate) embedder: Faults,
    pub(crate) index: Faults,
    pub(crate) store: Faults,
    runs: Arc<MemoryRuns>,
}

/// A response of the shop.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Stores and embeds [`products`], and quarantines one row.
async fn stock(store: &Arc<MemoryStore>, index: &Arc<MemoryIndex>) {
    store.apply(&products(), INGESTED).await.unwrap();
    let refused = RefusedRow {
        line: 9,
        is_kept: false,
        field: "name".into(),
        value: String::new(),
        reason: "a product needs a name".into(),
        row: None,
    };
    store.quarantine("feed.csv", &[refused], INGESTED.timestamp()).await.unwrap();
    let embedder = Arc::new(MemoryEmbedder::default());
    let embed = EmbedChanges::new(store.clone(), embedder, index.clone());
    assert!(embed.run(&|_| ()).await.unwrap().failures.is_empty());
}

/// Returns an engine without rules of a shop.
pub(crate) fn served_engine(
    name: &str,
    embeddings: QueryEmbeddings,
    index: Arc<dyn ProductIndex>,
    store: Arc<dyn ProductStore>,
) -> ServedEngine {
    let relevance = CurrentRelevance::default();
    ServedEngine {
        name: name.to_owned(),
        search: SearchProducts {
            embeddings: embeddings.clone(),
            index: index.clone(),
            store: store.clone(),
            background: Background::inline(),
            language: Language::English,
            relevance: relevance.clone(),
        },
        suggest: Suggest::new(index.clone(), store.clone(), Language::English, relevance.clone()),
        similar: SimilarProducts { embeddings, index, store, relevance },
    }
}

impl Shop {
    /// Opens a shop that sells [`products`], with one row in quarantine and no waiting change.
    pub(crate) async fn open() -> Self {
        Self::with_embedder(Arc::new(MemoryEmbedder::default())).await
    }

    /// Opens the shop with `query_embedder` to embed queries.
    pub(crate) async fn with_embedder(query_embedder: Arc<dyn Embedder>) -> Self {
        let faults = [(); 3].map(|()| Faults::default());
        let [embedder, index, store] = faults.clone();
        let store = Arc::new(MemoryStore::with_faults(store));
        let index = Arc::new(MemoryIndex::with_faults(index));
        stock(&store, &index).await;
        let query_embedder = FaultyEmbedder { inner: query_embedder, faults: embedder };
        let embeddings = QueryEmbeddings::new(Arc::new(query_embedder), 16);
        let engine = served_engine("memory+words", embeddings, index, store.clone());
        let (queue, runs) = (Arc::new(MemoryQueue::default()), Arc::new(MemoryRuns::default()));
        let status = CatalogueStatus { store, queue, runs: runs.clone() };
        let api = Api {
            engines: Engines { default: engine, others: Vec::new() },
            status,
            defaults: SimilarProductsDefaults {
                limit: 10,
                threshold: Similarity::new(0.3).unwrap(),
            },
            answers: AnswerBudget::default(),
            images: None,
            origins: Vec::new(),
        };
        let [embedder, index, store] = faults;
        Self { api, embedder, index, store, runs }
    }

    /// Begins a run over `feed`, `after` microseconds after the ingestion of the shop; any other is
    /// over.
    pub(crate) async fn begin_run(&self, after: i64, feed: &str) -> Version {
        self.runs.set_clock(Timestamp(INGESTED.0 + after));
        let gone = self.runs.last(1).await.expect("runs").first().map(|run| run.version);
        let holder = RunHolder { name: "a process".to_owned(), key: after.to_string() };
        let run = NewRun { holder, feeds: vec![feed.to_owned()], gone };
        match self.runs.begin(&run).await.expect("a run") {
            RunStart::Begun(version) => version,
            RunStart::Held(run) => panic!("the lease is held by {run:?}"),
        }
    }

    /// Records a run over `feed`, `after` microseconds after the ingestion of the shop.
    pub(crate) async fn record_run(&self, after: i64, feed: &str, end: &RunEnd) {
        let version = self.begin_run(after, feed).await;
        self.runs.finish(version, end).await.expect("an end");
    }

    pub(crate) fn router(&self) -> Router {
        router(self.api.clone())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, "")).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(request(Method::POST, path, body)).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.into()).expect("an answer is UTF-8");
        Answer { status: head.status, headers: head.headers, text }
    }
}

/// Creates a request with a JSON body, which may be empty.
pub(crate) fn request(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    let json = (header::CONTENT_TYPE, "application/json");
    Request::builder().method(method).uri(path).header(json.0, json.1).body(body.into()).unwrap()
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the ids of the hits of a search.
    pub(crate) fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let json = self.json();
        let hits = json["hits"].as_array().unwrap();
        hits.iter().map(|hit| hit["product"]["product_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the code and the detail of problem details; panics if the response has none.
    pub(crate) fn problem(&self) -> (String, String) {
        let json = self.json();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["code", "detail", "status", "title"], "{}", self.text);
        assert_eq!(json["status"], self.status.as_u16());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert!(!self.status.is_success() && json["title"].is_string(), "{}", self.text);
        let text = |field: &str| json[field].as_str().expect(field).to_owned();
        (text("code"), text("detail"))
    }

    /// Returns the code and the message of an error of a compatible route, which is in an envelope.
    pub(crate) fn envelope(&self) -> (String, String) {
        let json = self.json();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys.len(), 3, "{}", self.text);
        assert!(json["message"].is_string() && json["data"].is_null(), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json", "{}", self.text);
        assert!(!self.status.is_success(), "{}", self.text);
        let text = |field: &str| json["error"][field].as_str().expect(field).to_owned();
        (text("code"), text("message"))
    }
}

/// An embedder with injected faults.
#[derive(Debug)]
struct FaultyEmbedder {
    inner: Arc<dyn Embedder>,
    faults: Faults,
}

#[async_trait::async_trait]
impl Embedder for FaultyEmbedder {
    async fn embed(&self, texts: &[String]) -> akin_ports::PortResult<akin_ports::EmbeddedBatch> {
        // An embedder in memory with the same faults fails in place of the inner one.
        MemoryEmbedder::default().with_faults(self.faults.clone()).embed(&[]).await?;
        self.inner.embed(texts).await
    }

    fn fingerprint(&self) -> &akin_entities::Fingerprint {
        self.inner.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.inner.token_limit()
    }
}

/// The products of the shop.
pub(crate) fn products() -> Vec<Product> {
    let product = |id: &str, name: &str, category: (&str, &str), brand: &str| Product {
        main_category: category.0.to_owned(),
        sub_category: category.1.to_owned(),
        brand: brand.to_owned(),
        image_url: format!("images/{}.svg", category.1.to_lowercase()),
        link: format!("https://shop.example/{id}"),
        ..Product::new(ProductId::new(id).unwrap(), name)
    };
    let rupees = |minor| Some(Price::from_minor(minor, Currency::INR));
    let (phones, home) = (("Phones", "Tripods"), ("Home", "Lamps"));
    let mut products = vec![
        product("PH-1", "steady phone tripod", phones, "Pelluno"),
        product("PH-2", "phone tripod with remote", phones, "Brackwell"),
        product("PH-3", "mini tripod for a phone or a camera", phones, "Pelluno"),
        product("HO-1", "desk lamp", home, "Lumo"),
        product("a/b %?#é", "floor lamp \"Sun\"", home, ""),
    ];
    products[0].rating = Rating::from_hundredths(425);
    products[0].rating_count = Some(17);
    products[0].discount_price = rupees(61_750);
    products[0].actual_price = rupees(129_900);
    products[0].description = "Holds any phone.".into();
    products[1].rating = Rating::from_hundredths(380);
    products[1].actual_price = rupees(99_900);
    products[1].converted_by = Some("EUR=INR:90.5".parse().unwrap());
    products[2].actual_price = rupees(25_000);
    products[3].rating = Rating::from_hundredths(500);
    products
}
