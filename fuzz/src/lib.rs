//! Code shared by the fuzz targets. A target takes bytes and must not panic, hang, or use unbounded
//! memory.

pub mod model;

use akin_entities::Currency;
use akin_files::{Format, InputFeed};
use akin_ports::ProductFeed;
use akin_usecases::{ColumnMap, Pricing, RowReader, normalize};
use feed_formats::Input;
use std::io::Cursor;
use std::panic;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

/// Runs `future` to completion.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// Reads a feed to its end, and normalizes every row. Every refusal must have a reason.
pub fn read_feed(format: Option<Format>, bytes: &[u8]) {
    let mut reader = RowReader::new(ColumnMap::default());
    let input = Input::stream(Cursor::new(bytes.to_vec()));
    let feed = InputFeed::start("fuzz", input, format, &reader.column_filter());
    let Ok(mut feed) = feed else { return };
    let rate = "INR=HKD:0.094".parse().expect("a rate");
    let pricing = Pricing { unsigned: Currency::INR, rates: vec![rate] };
    wait(async {
        while let Ok(Some(batch)) = feed.next_batch().await {
            let Ok(rows) = reader.read(&batch) else { return };
            for item in rows {
                let read = item.and_then(|row| normalize(row, &pricing));
                match read {
                    Ok(product) => assert!(!product.name.is_empty(), "a product has a name"),
                    Err(refused) => assert!(!refused.reason.is_empty(), "a refusal has a reason"),
                }
            }
        }
    });
}

/// Removes the fuzzer's panic hook, which aborts, so that panics can be caught.
pub fn let_panics_be_caught() {
    panic::set_hook(Box::new(|_| ()));
}

/// Ignores panics of libraries that are known to panic and are guarded by their callers. A panic in
/// akin's own code still aborts, on any thread.
pub fn let_libraries_panic() {
    let end = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let is_library = |place: &panic::Location<'_>| place.file().contains("/parquet-");
        if !info.location().is_some_and(is_library) {
            end(info);
        }
    }));
}
