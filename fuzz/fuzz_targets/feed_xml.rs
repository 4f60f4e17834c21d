//! A feed of Merchant XML, read to its end.
#![no_main]

use akin_files::Format;
use akin_fuzz::read_feed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| read_feed(Some(Format::Xml), bytes));
