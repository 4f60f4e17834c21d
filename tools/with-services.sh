#!/usr/bin/env bash
# Runs a command with the real servers that its tests need, and always stops them afterwards:
#
#   tools/with-services.sh [--only NAME[,NAME...]] COMMAND [ARGUMENT...]
#
# Each script of tools/services is a service; AKIN_TEST_<NAME> contains its address. A service whose
# variable is already set is not started.
# shellcheck source=services/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/services/common.sh"

stop_all() {
    local service
    for service in $started; do "$tree/tools/services/$service.sh" stop || true; done
    started=
}

# Stops the servers after this script has ended, even if it was killed.
guard() {
    trap '' INT TERM HUP
    while kill -0 "$1" 2>/dev/null; do sleep 1; done
    stop_all
}

services=$(service_names)
if [ "${1:-}" = --only ]; then
    services=${2//,/ }
    shift 2
fi
if [ $# = 0 ]; then
    echo "usage: tools/with-services.sh [--only NAME[,NAME...]] COMMAND [ARGUMENT...]" >&2
    exit 2
fi

mkdir -p "$cache/runs"
AKIN_SERVICES_RUN=$(mktemp -d "$cache/runs/XXXXXXXX")
export AKIN_SERVICES_RUN
started=
for service in $services; do
    variable=$(service_variable "$service")
    if [ -z "${!variable:-}" ]; then started="$started $service"; fi
done
guard $$ >/dev/null 2>&1 </dev/null &
guarding=$!
trap 'stop_all; rmdir "$AKIN_SERVICES_RUN" 2>/dev/null || true; kill -KILL "$guarding"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

waiting= failed=
for service in $started; do
    "$tree/tools/services/$service.sh" start &
    waiting="$waiting $!"
done
for pid in $waiting; do wait "$pid" || failed=1; done
if [ -n "$failed" ]; then exit 1; fi
for service in $started; do
    export "$(service_variable "$service")=$("$tree/tools/services/$service.sh" url)"
done
"$@"
