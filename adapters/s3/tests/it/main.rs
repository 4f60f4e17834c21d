//! The adapter against emulated S3: ministack and moto.

mod contract;
mod cutter;
mod emulator;
mod feeds;
