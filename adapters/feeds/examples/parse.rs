//! Parses a feed and says how fast: `cargo run --release -p akin-feeds --example parse -- feed.csv`.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::path::Path;
use std::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a feed")?;
    let begun = Instant::now();
    let mut feed = akin_feeds::open(Path::new(&path), &akin_feeds::Options::default())?;
    let (mut rows, mut refused) = (0, 0);
    while let Some(batch) = feed.next_batch().await? {
        rows += batch.iter().flatten().count();
        refused += batch.iter().filter(|item| item.is_err()).count();
    }
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = feed.progress().read;
    println!("{rows} rows, {refused} refused, {bytes} bytes in {seconds:.3} s");
    Ok(())
}
