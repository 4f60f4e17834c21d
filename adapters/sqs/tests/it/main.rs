//! The adapter against emulated SQS: ministack and moto.

mod clock;
mod contract;
mod emulator;
mod messages;
