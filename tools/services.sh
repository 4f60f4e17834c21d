#!/usr/bin/env bash
# Starts the real servers and leaves them running: `start` prints the settings of the tests and of akin, for a
# shell to evaluate (`eval "$(make services)"`), `stop` stops the servers.
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
        script=$tree/tools/services/$service.sh
        printf 'export %s=%q\n' "$(service_variable "$service")" "$("$script" url)"
        "$script" settings | while IFS='=' read -r setting value; do
            printf 'export %s=%q\n' "$setting" "$value"
        done
    done
fi
