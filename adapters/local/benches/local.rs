//! What the embedded engine costs: `cargo bench -p local [-- PRODUCTS]`.

mod catalogue;

use entities::Version;
use local::{LocalEngine, Options};
use ports::ProductStore;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

type Answer<T> = Result<T, Box<dyn Error>>;

/// How many products a feed hands over at once.
const BATCH: usize = 2_000;

#[tokio::main]
async fn main() -> Answer<()> {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    for size in size.map_or(vec![2_000, 200_000], |size| vec![size]) {
        let folder = tempfile::tempdir()?;
        store(folder.path(), size).await?;
    }
    Ok(())
}

async fn store(folder: &Path, size: usize) -> Answer<()> {
    let products = catalogue::products(size);
    let store = LocalEngine::open(folder, Options::default())?.store();
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
    drop(LocalEngine::open(folder, Options::default())?);
    line(&format!("open {size}"), start.elapsed())
}

fn rate(what: &str, rows: usize, start: Instant) -> Answer<()> {
    let took = start.elapsed();
    let rows_a_second = (rows as u128 * 1_000_000) / took.as_micros().max(1);
    writeln!(std::io::stdout(), "{what} {rows}: {rows_a_second} rows/s ({took:.1?})")?;
    Ok(())
}

async fn median<F, E>(what: &str, mut work: impl FnMut() -> F) -> Answer<()>
where
    F: Future<Output = Result<(), E>>,
    E: Into<Box<dyn Error>>,
{
    let mut took = Vec::new();
    for _ in 0..300 {
        let start = Instant::now();
        work().await.map_err(Into::into)?;
        took.push(start.elapsed());
    }
    took.sort_unstable();
    line(what, took[took.len() / 2])
}

fn line(what: &str, took: Duration) -> Answer<()> {
    writeln!(std::io::stdout(), "{what}: {took:.1?}")?;
    Ok(())
}
