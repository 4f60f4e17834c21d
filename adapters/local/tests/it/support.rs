//! Test helpers.

use akin_entities::{
    AnalyzedText, Currency, Embedding, FacetValues, Fingerprint, Price, Product, ProductId, Rating,
    TextHash, Version,
};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{CandidateQuery, EntryEmbedding, IndexEntry};
use rusqlite::Connection;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Creates a product with most fields set.
pub(crate) fn product(id: &str, name: &str) -> Product {
    Product {
        main_category: "tv, audio & cameras".into(),
        sub_category: "Tripods".into(),
        brand: "Lumo".into(),
        attributes: "color: red\u{0}; it's".into(),
        image_url: "https://example.org/1.svg".into(),
        rating: Rating::from_hundredths(425),
        rating_count: Some(u64::MAX),
        discount_price: Some(Price::from_minor(61_750, Currency::INR)),
        actual_price: Some(Price::from_minor(u64::MAX, Currency::USD)),
        ..Product::new(ProductId::new(id).expect("an id"), name)
    }
}

/// Creates an entry whose title is its id and whose embedding has four dimensions.
pub(crate) fn entry(id: &str, version: i64, direction: [f32; 4]) -> IndexEntry {
    IndexEntry {
        id: ProductId::new(id).expect("an id"),
        version: Version(version),
        embedding: EntryEmbedding::Computed {
            embedding: Embedding::new(&direction).expect("a direction"),
            text_hash: TextHash::compute([id]),
            fingerprint: fingerprint("tiny@0"),
        },
        text: AnalyzedText::new([vec![id], vec!["all"], vec![], vec![], vec![]]),
        words: id.to_owned(),
        facets: FacetValues::default(),
    }
}

/// Returns the query that finds every [`entry`].
pub(crate) fn all() -> CandidateQuery {
    CandidateQuery {
        terms: vec!["all".into()],
        vector: None,
        filter: akin_entities::Filter::default(),
        depth: 10_000,
        threshold: None,
        with_facets: false,
    }
}

/// Returns the fingerprint of a four-dimensional `model`.
pub(crate) fn fingerprint(model: &str) -> Fingerprint {
    Fingerprint { model: model.to_owned(), precision: "int8".to_owned(), dimension: 4 }
}

/// Opens the catalogue in `folder`.
pub(crate) fn open(folder: &Path) -> LocalEngine {
    LocalEngine::open(folder, LocalOptions::default()).expect("a sound folder")
}

/// Returns the base file in `folder`, and its bytes.
pub(crate) fn base(folder: &Path) -> (PathBuf, Vec<u8>) {
    let files = fs::read_dir(folder.join("index")).expect("search files");
    let mut files = files.map(|file| file.expect("a file").path());
    let base = files.find(|file| file.extension().is_some_and(|name| name == "flat"));
    let base = base.expect("a base");
    let bytes = fs::read(&base).expect("bytes");
    (base, bytes)
}

/// Creates a database of schema version 1 in `folder`, and inserts `rows`.
pub(crate) fn first_database(folder: &Path, rows: &str) {
    let old = Connection::open(folder.join("akin.db")).expect("a database");
    let schema = include_str!("../../migrations/0001_products_and_entries.sql");
    old.execute_batch(schema).expect("the tables of then");
    old.execute_batch(rows).expect("the rows");
    old.pragma_update(None, "user_version", 1).expect("a version");
    old.pragma_update(None, "application_id", 0x616B_696E).expect("an owner");
}

/// Makes the database in `folder` one of schema version 10, and executes `statements`.
pub(crate) fn take_back_to_version_10(folder: &Path, statements: &str) {
    let earlier = Connection::open(folder.join("akin.db")).expect("a database");
    earlier
        .execute_batch(
            "ALTER TABLE runs DROP COLUMN repeated;
             ALTER TABLE runs DROP COLUMN blanked;
             DROP INDEX quarantine_by_kept;
             ALTER TABLE quarantine DROP COLUMN kept;
             DROP INDEX queue_ready; DROP INDEX queue_hidden; DROP INDEX queue_dead;
             ALTER TABLE queue DROP COLUMN hidden;
             CREATE INDEX queue_by_death ON queue (died);
             ALTER TABLE entries DROP COLUMN tags;
             ALTER TABLE contents DROP COLUMN details;
             PRAGMA user_version = 10",
        )
        .expect("the tables of then");
    earlier.execute_batch(statements).expect("the rows");
}

/// Returns the error report that an operator reads.
pub(crate) fn report(error: &akin_ports::PortError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
