//! Measures the embedded engine: `cargo bench -p akin-local [-- PRODUCTS]`.

mod catalogue;

use akin_entities::Version;
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{PortResult, ProductIndex, ProductStore};
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

type Answer<T> = Result<T, Box<dyn Error>>;

/// The number of products per batch of a feed.
const BATCH: usize = 2_000;

#[tokio::main]
async fn main() -> Answer<()> {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    for size in size.map_or(vec![2_000, 200_000], |size| vec![size]) {
        let folder = tempfile::tempdir()?;
        store(folder.path(), size).await?;
        index(folder.path(), size).await?;
    }
    Ok(())
}

async fn store(folder: &Path, size: usize) -> Answer<()> {
    let products = catalogue::products(size);
    let store = LocalEngine::open(folder, LocalOptions::default())?.store();
    let start = Instant::now();
    for batch in products.chunks(BATCH) {
        store.apply(batch, Version(1)).await?;
    }
    rate("insert", size, start)?;
    let start = Instant::now();
    for batch in products.chunks(BATCH) {
        store.apply(batch, Version(2)).await?;
    }
    rate("compare, nothing changed", size, start)?;
    let ids: Vec<_> = products.iter().step_by(size / 24).map(|p| p.id.clone()).collect();
    median("fetch 24", async || store.fetch(&ids).await.map(drop)).await?;
    median("counts", async || store.counts().await.map(drop)).await?;
    drop(store);
    let start = Instant::now();
    drop(LocalEngine::open(folder, LocalOptions::default())?);
    line(&format!("open {size}"), start.elapsed())
}

async fn index(folder: &Path, size: usize) -> Answer<()> {
    let engine = LocalEngine::open(folder, LocalOptions::default())?;
    let start = Instant::now();
    for batch in 0..size / 500 {
        let entries: Vec<_> = (batch * 500..(batch + 1) * 500).map(catalogue::entry).collect();
        engine.index().upsert(&entries).await?;
    }
    rate("index", size, start)?;
    drop(engine);
    let start = Instant::now();
    let index = LocalEngine::open(folder, LocalOptions::default())?.index();
    let query = catalogue::query(1);
    let found = index.candidates(&query).await?.len();
    line(&format!("open and first {found} candidates of {size}"), start.elapsed())?;
    let mut seed = 0;
    median("candidates", async || {
        seed += 1;
        index.candidates(&catalogue::query(seed)).await.map(drop)
    })
    .await?;
    median("statistics", async || index.statistics().await.map(drop)).await
}

fn rate(what: &str, rows: usize, start: Instant) -> Answer<()> {
    let took = start.elapsed();
    let rows_a_second = (rows as u128 * 1_000_000) / took.as_micros().max(1);
    writeln!(std::io::stdout(), "{what} {rows}: {rows_a_second} rows/s ({took:.1?})")?;
    Ok(())
}

async fn median(what: &str, mut work: impl AsyncFnMut() -> PortResult<()>) -> Answer<()> {
    let mut took = Vec::new();
    for _ in 0..300 {
        let start = Instant::now();
        work().await?;
        took.push(start.elapsed());
    }
    took.sort_unstable();
    line(what, took[took.len() / 2])
}

fn line(what: &str, took: Duration) -> Answer<()> {
    writeln!(std::io::stdout(), "{what}: {took:.1?}")?;
    Ok(())
}
