//! A feed of Parquet, read to its end.
#![no_main]

use feeds::Format;
use fuzz::read_feed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: fuzz::let_libraries_panic(), |bytes: &[u8]| {
    read_feed(Some(Format::Parquet), bytes);
});
