# Functions shared by the scripts of this folder. This file is sourced, never run.
#
# A service is a script NAME.sh of this folder that takes one of these commands:
#
#   start     installs the server if needed, starts it and waits until it responds; does nothing if it runs
#   stop      stops it by its process id and deletes its data; does nothing if it does not run
#   url       prints its address for the tests: the value of AKIN_TEST_<NAME>
#   settings  prints akin's own settings for it, one NAME=VALUE a line
#   crash     kills it like a power failure and restarts it with its data on the same port
#
# and defines four functions, which `service` below calls: `set_up` (once for each machine), `launch PORT`
# (starts the server in the background with its data in $run, keeps existing data, and writes $run/pid),
# `answers PORT` and `url PORT`. $stop_signal stops the process (default TERM), $crash_signal kills it
# (default KILL). A service that akin has settings for also defines `settings PORT`. Progress goes to standard
# error, results to standard output.

set -euo pipefail

# For root, the cache is in a folder that other users can read: some servers refuse to run as root.
default_cache() {
    if [ "$(id -u)" = 0 ]; then echo /var/cache/akin/services; else
        echo "${XDG_CACHE_HOME:-$HOME/.cache}/akin/services"
    fi
}

# The cache of downloads, outside of the source tree and shared by all source trees.
cache=${AKIN_SERVICES:-$(default_cache)}

# The data of running servers: one folder for `make services`, one for each `with-services.sh` command.
# It is outside of the source tree, which the user of a server may be unable to read.
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runs=${AKIN_SERVICES_RUN:-$cache/runs/$(printf %s "$tree" | cksum | cut -d' ' -f1)}

say() { echo "$name: $*" >&2; }

# By default, akin has no settings for a service.
settings() { :; }

# Prints the names of all services.
service_names() {
    local script
    for script in "$tree"/tools/services/*.sh; do
        script=$(basename "$script" .sh)
        if [ "$script" != common ]; then echo "$script"; fi
    done
}

# Prints the variable with the address of service $1.
service_variable() { echo "AKIN_TEST_$(tr '[:lower:]-' '[:upper:]_' <<<"$1")"; }

# Prints a free port of 127.0.0.1.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Prints the start time of process $1, since its id alone may be reused by another process.
began() { ps -o lstart= -p "$1" 2>/dev/null; }

# Succeeds if the process that `launch` started is running.
is_running() {
    [ -s "$run/pid" ] && [ -s "$run/began" ] && [ "$(began "$(cat "$run/pid")")" = "$(cat "$run/began")" ]
}

# Installs the packages of a requirements file, verified by hashes, in $cache/$1 once. Of two
# concurrent runs one installs and the other waits.
install_python() {
    local folder=$cache/$1 requirements=$2 sum
    sum=$(cksum <"$requirements")
    mkdir -p "$cache"
    exec 9>"$cache/$1.lock"
    flock 9
    if [ "$(cat "$folder/.made-of" 2>/dev/null)" != "$sum" ]; then
        say "installing the packages of $(basename "$requirements")"
        rm -rf "$folder" "$folder.new"
        python3 -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
            --only-binary :all: --root-user-action ignore --target "$folder.new" -r "$requirements" >&2
        echo "$sum" >"$folder.new/.made-of"
        mv "$folder.new" "$folder"
    fi
    exec 9>&-
}

# Succeeds if the server at URL $1 answers a GET request, without a proxy.
http_answers() {
    python3 - "$1" <<'END'
import sys, urllib.request
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5)
END
}

# Waits until the server responds; prints the end of its log if it does not.
await() {
    local port=$1 tries=0
    until answers "$port" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! is_running; then
            say "does not respond on port $port; the end of its log:"
            tail -n 20 "$run/log" >&2 || true
            return 1
        fi
        sleep 0.1
    done
}

start() {
    if is_running; then return; fi
    set_up
    rm -rf "$run"
    mkdir -p "$run"
    local port
    port=$(free_port)
    run_on "$port"
}

run_on() {
    launch "$1"
    began "$(cat "$run/pid")" >"$run/began"
    echo "$1" >"$run/port"
    await "$1"
    say "listens on port $1 (process $(cat "$run/pid"))"
}

# Sends the server a signal and waits until it has ended.
finish() {
    local pid tries=0
    pid=$(cat "$run/pid")
    kill -"$1" "$pid"
    while kill -0 "$pid" 2>/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" = 100 ]; then kill -KILL "$pid" 2>/dev/null || true; fi
        sleep 0.1
    done
}

stop() {
    if is_running; then finish "${stop_signal:-TERM}"; fi
    rm -rf "$run"
    rmdir "$runs" 2>/dev/null || true
}

# Runs a command of a service: service NAME COMMAND.
service() {
    name=$1
    run=$runs/$name
    case ${2:-} in
    start) start ;;
    stop) stop ;;
    crash)
        finish "${crash_signal:-KILL}"
        run_on "$(cat "$run/port")"
        ;;
    url | settings) if is_running; then "$2" "$(cat "$run/port")"; else
        say "is not running; start it with tools/services/$name.sh start"
        return 1
    fi ;;
    *)
        echo "usage: tools/services/$name.sh start|stop|url|settings|crash" >&2
        return 2
        ;;
    esac
}
