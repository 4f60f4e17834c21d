//! The function of AWS Lambda that answers searches behind an API Gateway HTTP API.

use std::process::ExitCode;

fn main() -> ExitCode {
    akin_functions::query()
}
