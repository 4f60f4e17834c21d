#!/usr/bin/env bash
# Starts the real servers for tests and leaves them running: `start` prints the settings for the tests,
# `stop` stops the servers.
# shellcheck source=services/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/services/common.sh"

case ${1:-} in
start | stop) for service in $(service_names); do "$tree/tools/services/$service.sh" "$1"; done ;;
*)
    echo "usage: tools/services.sh start|stop" >&2
    exit 2
    ;;
esac
if [ "$1" = start ]; then
    for service in $(service_names); do
        echo "export $(service_variable "$service")=$("$tree/tools/services/$service.sh" url)"
    done
fi
