//! What the fuzz targets share. Each takes bytes and must neither panic, hang, nor need more memory
//! than a parser of bounded input does.

pub mod model;

use akin_entities::Currency;
use akin_files::{Format, InputFeed};
use akin_ports::ProductFeed;
use std::io::Cursor;
use std::panic;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};
use akin_usecases::{ColumnMap, Pricing, RowReader, normalize};
use feed_formats::Input;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

/// Waits for `future`.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// Reads a feed to its end, and every row as a product. Whatever is wrong has a reason.
pub fn read_feed(format: Option<Format>, bytes: &[u8]) {
    let mut reader = RowReader::new(ColumnMap::default());
    let input = Input::stream(Cursor::new(bytes.to_vec()));
    let feed = InputFeed::start("fuzz", input, format, &reader.column_filter());
    let Ok(mut feed) = feed else { return };
    let rate = "INR=HKD:0.094".parse().expect("a rate");
    let pricing = Pricing { unsigned: Currency::INR, rates: vec![rate] };
    wait(async {
        while let Ok(Some(batch)) = feed.next_batch().await {
            let Ok(rows) = reader.read(batch) else { return };
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

/// Lets what catches a panic of a library catch it: of the fuzzer's own hook, each is the end.
pub fn let_panics_be_caught() {
    panic::set_hook(Box::new(|_| ()));
}

/// The same for a library that is known to panic, and is guarded wherever it is called: a panic of
/// akin's own is still the end, on whichever thread.
pub fn let_libraries_panic() {
    let end = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let is_library = |place: &panic::Location<'_>| place.file().contains("/parquet-");
        if !info.location().is_some_and(is_library) {
            end(info);
        }
    }));
}
