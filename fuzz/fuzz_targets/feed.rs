//! A feed whose format and compression are detected from its content, read to its end.
#![no_main]

use akin_fuzz::read_feed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: akin_fuzz::let_libraries_panic(), |bytes: &[u8]| {
    read_feed(None, bytes);
});
