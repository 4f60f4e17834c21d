//! The native embedder fulfills the contract of an embedder.

use akin_contracts::Subject;
use akin_native::{NativeEmbedder, Settings};
use akin_ports::Embedder;
use clap::Parser;

mod int8 {
    akin_contracts::embedder_contract!(super::int8, ignore = "needs the model: make model");
}

mod fp32 {
    akin_contracts::embedder_contract!(super::fp32, ignore = "needs the model: make model");
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    settings: Settings,
}

fn open(precision: &str) -> Subject<dyn Embedder> {
    let settings = Command::parse_from(["akin", "--model", precision]).settings;
    Subject::embedder(NativeEmbedder::open(&settings).expect("the model"))
}

async fn int8() -> Subject<dyn Embedder> {
    open("int8")
}

async fn fp32() -> Subject<dyn Embedder> {
    open("fp32")
}
