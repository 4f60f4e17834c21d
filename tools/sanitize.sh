#!/usr/bin/env bash
# Runs the tests of the crates that hold unsafe code under the address sanitizer.
#
# The sanitizer is a compiler flag that the stable compiler knows but keeps behind a switch, which
# RUSTC_BOOTSTRAP turns. It needs a target folder of its own, for every object is built another way.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/sanitize"
exec cargo test --locked --target "$host" --lib --tests -p flat-index -p mapped-bytes -p sbert-cpu
