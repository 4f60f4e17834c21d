#!/usr/bin/env bash
# The AWS services that akin uses, emulated by ministack in memory, for tests, on 127.0.0.1 only:
# start | stop | url | crash. See common.sh. A crash loses its data.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

set_up() { install_python aws "$tree/tools/services/aws.txt"; }

launch() {
    # By default it listens on all interfaces, and opens a second port.
    (cd "$run" && PYTHONPATH=$cache/aws BIND_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 GATEWAY_PORT=$1 \
        LAMBDA_EXECUTOR=local exec python3 -m ministack >>"$run/log" 2>&1 </dev/null) &
    echo $! >"$run/pid"
}

answers() { http_answers "http://127.0.0.1:$1/_ministack/health"; }

url() { echo "http://127.0.0.1:$1"; }

service aws "$@"
