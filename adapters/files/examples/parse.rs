//! Reads a feed and prints its speed: `cargo run --release -p akin-files --example parse -- feed.csv`.
#![allow(clippy::print_stdout, reason = "it reports")]

use akin_ports::FeedSource;
use std::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a feed")?;
    let started = Instant::now();
    let mut reader = akin_usecases::RowReader::new(akin_usecases::ColumnMap::default());
    let source = akin_files::FeedFile::new(path.into(), None);
    let mut feed = source.open(&reader.column_filter(), None).await?.into_feed()?;
    let (mut rows, mut refused) = (0, 0);
    while let Some(batch) = feed.next_batch().await? {
        let batch = reader.read(&batch)?;
        rows += batch.iter().flatten().count();
        refused += batch.iter().filter(|item| item.is_err()).count();
    }
    let seconds = started.elapsed().as_secs_f64();
    let bytes = feed.progress().read;
    println!("{rows} rows, {refused} refused, {bytes} bytes in {seconds:.3} s");
    Ok(())
}
