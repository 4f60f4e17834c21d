//! A small shop in memory behind the routes, and what its tests share.
use akin_entities::{Currency, Price, Product, ProductId, Rating, Similarity, Version};
use akin_http::{Api, Defaults, Engine, Engines, router};
use akin_memory::{Faults, MemoryEmbedder, MemoryIndex, MemoryQueue, MemoryRuns, MemoryStore};
use akin_ports::{Embedder, ProductStore, RefusedRow};
use akin_usecases::{
    CatalogueStatus, EmbedChanges, QueryEmbeddings, SearchProducts, SimilarProducts,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

/// When its products were ingested: 2023-03-18 08:33:33.000042.
pub(crate) const INGESTED: Version = Version(1_679_128_413_000_042);

/// The shop, and how to make each of its ports fail.
pub(crate) struct Shop {
    pub(crate) api: Api,
    pub(crate) embedder: Faults,
    pub(crate) index: Faults,
    pub(crate) store: Faults,
}

/// What the shop answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Shop {
    /// A shop that sells [`products`], has one row in quarantine and no waiting change.
    pub(crate) async fn open() -> Self {
        Self::with_embedder(Arc::new(MemoryEmbedder::default())).await
    }

    /// The same shop, which reads queries by `queries`.
    pub(crate) async fn with_embedder(queries: Arc<dyn Embedder>) -> Self {
        let faults = [(); 3].map(|()| Faults::default());
        let [embedder, index, store] = faults.clone();
        let store = Arc::new(MemoryStore::with_faults(store));
        let index = Arc::new(MemoryIndex::with_faults(index));
        store.apply(&products(), INGESTED).await.unwrap();
        let refused = RefusedRow {
            line: 9,
            field: "name".into(),
            value: String::new(),
            reason: "a product needs a name".into(),
            row: None,
        };
        store.quarantine("feed.csv", &[refused], INGESTED.timestamp()).await.unwrap();
        let made = Arc::new(MemoryEmbedder::default());
        let embed = EmbedChanges::new(store.clone(), made, index.clone());
        assert!(embed.run(&|_| ()).await.unwrap().failures.is_empty());
        let queries = Failing { inner: queries, faults: embedder };
        let embeddings = QueryEmbeddings::new(Arc::new(queries), 16);
        let engine = Engine {
            name: "memory+words".to_owned(),
            search: SearchProducts {
                embeddings: embeddings.clone(),
                index: index.clone(),
                store: store.clone(),
            },
            similar: SimilarProducts { embeddings, index, store: store.clone() },
        };
        let (queue, runs) = (Arc::new(MemoryQueue::default()), Arc::new(MemoryRuns::default()));
        let status = CatalogueStatus { store, queue, runs };
        let api = Api {
            engines: Engines { first: engine, others: Vec::new() },
            status,
            defaults: Defaults { limit: 10, threshold: Similarity::new(0.3).unwrap() },
            images: None,
        };
        let [embedder, index, store] = faults;
        Self { api, embedder, index, store }
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

/// A request with a JSON body, unless it is empty.
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

    /// The ids of the hits of a search.
    pub(crate) fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let json = self.json();
        let hits = json["hits"].as_array().unwrap();
        hits.iter().map(|hit| hit["product"]["product_id"].as_str().unwrap().to_owned()).collect()
    }

    /// The code and the message of an answer that must be an error's envelope.
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

/// An embedder that can be told to fail.
#[derive(Debug)]
struct Failing {
    inner: Arc<dyn Embedder>,
    faults: Faults,
}

#[async_trait::async_trait]
impl Embedder for Failing {
    async fn embed(&self, texts: &[String]) -> akin_ports::PortResult<akin_ports::EmbeddedBatch> {
        // A double with the same faults takes the step that may fail.
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

/// What the shop sells.
pub(crate) fn products() -> Vec<Product> {
    let shelf = |id: &str, name: &str, shelf: (&str, &str), brand: &str| Product {
        id: ProductId::new(id).unwrap(),
        name: name.to_owned(),
        main_category: shelf.0.to_owned(),
        sub_category: shelf.1.to_owned(),
        brand: brand.to_owned(),
        description: String::new(),
        attributes: String::new(),
        image_url: format!("images/{}.svg", shelf.1.to_lowercase()),
        link: format!("https://shop.example/{id}"),
        rating: None,
        rating_count: None,
        discount_price: None,
        actual_price: None,
        converted_by: None,
    };
    let rupees = |minor| Some(Price::from_minor(minor, Currency::INR));
    let (phones, home) = (("Phones", "Tripods"), ("Home", "Lamps"));
    let mut products = vec![
        shelf("PH-1", "steady phone tripod", phones, "Pelluno"),
        shelf("PH-2", "phone tripod with remote", phones, "Brackwell"),
        shelf("PH-3", "mini tripod for a phone or a camera", phones, "Pelluno"),
        shelf("HO-1", "desk lamp", home, "Lumo"),
        shelf("a/b %?#é", "floor lamp \"Sun\"", home, ""),
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
