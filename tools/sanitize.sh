#!/usr/bin/env bash
# Runs the tests of the crates with unsafe code under the address sanitizer.
#
# The sanitizer is an unstable flag, which RUSTC_BOOTSTRAP enables in the stable compiler. It needs a
# target folder of its own, since every object is compiled differently.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/sanitize"
exec cargo test --locked --target "$host" --lib --tests -p flat-index -p mapped-bytes -p sbert-cpu
