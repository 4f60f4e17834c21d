#!/usr/bin/env bash
# Builds the images of the contexts in the folder $1 with buildah, and starts them: without a daemon, and without a
# registry, whose base images are put together from the Debian packages that distroless consists of. Prints the sizes.
#
# In the image, `akin` ingests the sample catalogue as the user nonroot, serves it from a file system that it cannot
# write to, is well by its own health check, and answers a search.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

contexts=$PWD/$1
work=$(mktemp -d)
packages='libc6 libgcc-s1 ca-certificates tzdata netbase'
pids=

fail() {
    echo "tools/images_check.sh: $*" >&2
    exit 1
}

# Ends what `unshare` started, and `unshare` with it: the change of user took away that a child ends with its parent.
clean_up() {
    local pid child
    for pid in $pids; do
        for child in $(ps -o pid= --ppid "$pid"); do kill -KILL "$child" 2>/dev/null || true; done
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT

for program in buildah apt-get dpkg-deb unshare ps; do
    command -v "$program" >/dev/null || fail "$program is missing: on Debian 12, as root, apt-get install buildah"
done
[ "$(id -u)" = 0 ] || fail "run it as root: a chroot needs it"

buildah() { command buildah --root "$work/images" --runroot "$work/run" --storage-driver vfs "$@"; }

# Makes the base image: glibc and its companions, certificates, time zones, and the users.
make_base() {
    local root=$work/base container
    mkdir -p "$work/debs" "$root"/{etc/ssl/certs,mnt,proc}
    (cd "$work/debs" && chmod 777 . && apt-get download -qq $packages >/dev/null 2>"$work/download.log")
    for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$root"; done
    rm -rf "$root"/usr/share/{doc,lintian,man}
    mkdir -m 1777 "$root/tmp"
    cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
    printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nonroot:x:65532:65532::/:/sbin/nologin' >"$root/etc/passwd"
    container=$(buildah from scratch)
    buildah copy --quiet "$container" "$root" / >/dev/null
    buildah commit --quiet "$container" localhost/base >/dev/null
    buildah rm "$container" >/dev/null
}

# Builds the context $1, and unpacks the image into $work/roots/$1.
build() {
    local container
    buildah build --quiet --isolation chroot --pull-never --format docker --build-arg BASE=localhost/base \
        --tag "localhost/akin-$1" "$contexts/$1" >/dev/null
    container=$(buildah from --pull-never "localhost/akin-$1")
    mkdir -p "$work/roots"
    cp -a "$(buildah mount "$container")" "$work/roots/$1"
    buildah rm "$container" >/dev/null
}

# Sets `run` to the command that runs a program in the image $1, as the user $2, with a root that cannot be written to.
# Arguments: variables, `--`, the program and its arguments. What the image declares as a volume can be written to.
inside() {
    local root=$work/roots/$1 user=$2 variables=()
    shift 2
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2016 # The inner shell expands these.
    run=(unshare --mount --pid --fork bash -c '
        set -e
        root=$1 catalogue=$2 volume=$3
        shift 3
        mount --bind "$root" "$root"
        mount -o remount,bind,ro "$root"
        if [ -d "$root/var/lib/akin" ]; then mount --bind "$volume" "$root/var/lib/akin"; fi
        mount --bind "$catalogue" "$root/mnt"
        mount -t proc proc "$root/proc"
        exec "$@"
    ' inside "$root" "$PWD/data" "$work/volume"
        env -i "${variables[@]}" "$(command -v chroot)" --userspec="$user" "$root" "$@")
}

# Prints what the image $1 says by the template $2.
setting() { buildah inspect --type image --format "$2" "localhost/akin-$1"; }

# Waits until the health check of the image succeeds.
wait_until_well() {
    local tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "no answer to: $*"
        sleep 0.2
    done
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Calls the API: PORT PATH BODY.
post() {
    python3 - "$@" <<'END'
import sys, urllib.request
port, path, body = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body.encode(), {"content-type": "application/json"})
print(opener.open(request, timeout=30).read().decode())
END
}

check_akin() {
    local port variables answer akin=/usr/local/bin/akin
    port=$(free_port)
    [ "$(setting akin '{{.OCIv1.Config.User}}')" = 65532:65532 ] || fail "the image runs as root"
    mapfile -t variables < <(setting akin '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' | grep =)
    variables+=("AKIN_LISTEN=0.0.0.0:$port")
    cp -a "$work/roots/akin/var/lib/akin" "$work/volume"

    inside akin 65532:65532 "${variables[@]}" -- "$akin" ingest --currency INR /mnt/catalogue.csv
    "${run[@]}" 2>&1 | tail -n 1
    inside akin 65532:65532 "${variables[@]}" -- "$akin" serve
    "${run[@]}" >"$work/serve.log" 2>&1 &
    pids="$pids $!"
    inside akin 65532:65532 "${variables[@]}" -- "$akin" health
    wait_until_well "${run[@]}"
    answer=$(post "$port" /api/search '{"query": "keep my phone steady while filming", "page_size": 1}')
    python3 -c 'import json, sys; hit = json.loads(sys.argv[1])["hits"][0]; print("finds:", hit["product"]["name"])' "$answer"

    inside akin 65532:65532 "${variables[@]}" -- "$akin" ingest --data /usr/share/akin/data /mnt/catalogue.csv
    if "${run[@]}" >"$work/write.log" 2>&1; then fail "the image can be written to"; fi
}

check_endpoint() {
    local port answer akin=/usr/local/bin/akin
    port=$(free_port)
    inside endpoint 0:0 "SAGEMAKER_BIND_TO_PORT=$port" -- "$akin" serve-embeddings serve
    "${run[@]}" >"$work/endpoint.log" 2>&1 &
    pids="$pids $!"
    inside endpoint 0:0 -- "$akin" health --listen "$port" --path /ping
    wait_until_well "${run[@]}"
    answer=$(post "$port" /invocations '{"text": "a tripod"}')
    python3 -c 'import json, sys; print("embeds:", len(json.loads(sys.argv[1])["result"]), "numbers")' "$answer"
}

make_base
for context in "$contexts"/*/; do build "$(basename "$context")"; done
buildah images --format '{{.Name}}: {{.Size}}' --filter 'reference=localhost/*'
check_akin
check_endpoint
echo "the images build, start and answer"
