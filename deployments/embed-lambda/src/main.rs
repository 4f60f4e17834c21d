//! The function of AWS Lambda that embeds the changes in an SQS queue.

use std::process::ExitCode;

fn main() -> ExitCode {
    akin_functions::embed()
}
