#!/usr/bin/env bash
# The AWS services that akin uses, emulated by moto in memory, for tests, on 127.0.0.1 only:
# start | stop | url | crash. See common.sh. A crash loses its data.
#
# What akin's adapters do has to hold for two emulators, since each has gaps of its own.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

set_up() { install_python moto "$tree/tools/services/moto.txt"; }

launch() {
    (cd "$run" && PYTHONPATH=$cache/moto exec python3 -m moto.server -H 127.0.0.1 -p "$1" \
        >>"$run/log" 2>&1 </dev/null) &
    echo $! >"$run/pid"
}

answers() { http_answers "http://127.0.0.1:$1/moto-api/data.json"; }

url() { echo "http://127.0.0.1:$1"; }

service moto "$@"
