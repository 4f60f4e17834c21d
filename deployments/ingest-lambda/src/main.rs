//! The function of AWS Lambda that ingests feeds, when they change in S3 and on a schedule.

use std::process::ExitCode;

fn main() -> ExitCode {
    akin_functions::ingest()
}
