#!/usr/bin/env bash
# `akin serve-embeddings` for tests, on 127.0.0.1 only: start | stop | url | crash. See common.sh.
# It serves the default model with the program that was built last; both are made if they are missing.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Prints the path of the program.
program() {
    local target=${CARGO_TARGET_DIR:-$tree/target} newest= candidate
    for candidate in "$target/debug/akin" "$target/release/akin"; do
        if [ -x "$candidate" ] && { [ -z "$newest" ] || [ "$candidate" -nt "$newest" ]; }; then
            newest=$candidate
        fi
    done
    echo "$newest"
}

set_up() {
    if [ -z "$(program)" ]; then
        say "building akin"
        (cd "$tree" && "${CARGO:-cargo}" build --locked --package akin >&2)
    fi
    "$tree/tools/model.sh" >&2
    "$(program)" model pack >&2
}

launch() {
    # The settings of whoever runs the tests have no influence.
    env -u AKIN_MODEL -u ONNX_MODEL_PATH -u TOKENIZER_PATH -u AKIN_LISTEN \
        "$(program)" serve-embeddings --model int8 --listen "127.0.0.1:$1" >>"$run/log" 2>&1 </dev/null &
    echo $! >"$run/pid"
}

answers() {
    python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' \
        "http://127.0.0.1:$1/health"
}

url() { echo "http://127.0.0.1:$1"; }

service embeddings "$@"
