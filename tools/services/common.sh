# What the scripts of this folder share; sourced, never run.
#
# A service is a script NAME.sh of this folder that takes one of these words:
#
#   start   sets the server up if need be, starts it and waits until it answers; harmless if it runs
#   stop    stops it by its process id and deletes its data; harmless if it does not run
#   url     prints where it listens, for the tests: the value of AKIN_TEST_<NAME>
#   crash   ends it as a power cut would and starts it again, with its data, on its port
#
# and defines three functions, which `service` below calls: `set_up` (once a machine), `launch PORT`
# (starts the server in the background, keeps everything in $run, goes on with what is there, and
# writes $run/pid), `answers PORT` and `url PORT`. $stop_signal asks the process to end (TERM unless it is
# set), $crash_signal ends it at once (KILL). They say what they do on standard error; standard output is the answer.

set -euo pipefail

# As root the cache stands where other users can read it: some servers refuse to run as root.
default_cache() {
    if [ "$(id -u)" = 0 ]; then echo /var/cache/akin/services; else
        echo "${XDG_CACHE_HOME:-$HOME/.cache}/akin/services"
    fi
}

# What was fetched once: outside of the tree, and shared by all of them.
cache=${AKIN_SERVICES:-$(default_cache)}

# The tree's own run, which `make services` leaves; `with-services.sh` makes one for each command.
# It does not stand in the tree: the user that a server runs as may not be allowed there.
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runs=${AKIN_SERVICES_RUN:-$cache/runs/$(printf %s "$tree" | cksum | cut -d' ' -f1)}

say() { echo "$name: $*" >&2; }

# The names of all services.
service_names() {
    local script
    for script in "$tree"/tools/services/*.sh; do
        script=$(basename "$script" .sh)
        if [ "$script" != common ]; then echo "$script"; fi
    done
}

# The variable in which tests look for the service $1.
service_variable() { echo "AKIN_TEST_$(tr '[:lower:]-' '[:upper:]_' <<<"$1")"; }

# A port of 127.0.0.1 that nobody listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# When the process $1 began: an id alone may have become another process's.
began() { ps -o lstart= -p "$1" 2>/dev/null; }

# Whether the process that `launch` started is there.
is_running() {
    [ -s "$run/pid" ] && [ -s "$run/began" ] && [ "$(began "$(cat "$run/pid")")" = "$(cat "$run/began")" ]
}

# Installs the packages of a requirements file, verified by its hashes, into $cache/$1; once.
# Two runs may come at the same time: one installs, the other waits.
install_python() {
    local folder=$cache/$1 requirements=$2 sum
    sum=$(cksum <"$requirements")
    mkdir -p "$cache"
    exec 9>"$cache/$1.lock"
    flock 9
    if [ "$(cat "$folder/.made-of" 2>/dev/null)" != "$sum" ]; then
        say "getting what $(basename "$requirements") names"
        rm -rf "$folder" "$folder.new"
        python3 -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
            --only-binary :all: --root-user-action ignore --target "$folder.new" -r "$requirements" >&2
        echo "$sum" >"$folder.new/.made-of"
        mv "$folder.new" "$folder"
    fi
    exec 9>&-
}

# Waits until the server answers; says why if it does not.
await() {
    local port=$1 tries=0
    until answers "$port" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! is_running; then
            say "does not answer on port $port; the end of its log:"
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

# Sends the server a signal and waits until it has gone.
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

# Runs the word that a script was given: service NAME WORD.
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
    url) if is_running; then url "$(cat "$run/port")"; else
        say "does not run: start it with tools/services/$name.sh start"
        return 1
    fi ;;
    *)
        echo "usage: tools/services/$name.sh start|stop|url|crash" >&2
        return 2
        ;;
    esac
}
