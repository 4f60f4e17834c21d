#!/usr/bin/env bash
# Puts the contexts of the images together, and builds them:
#
#   tools/images.sh contexts           .cache/images/NAME for every image, from what was built before
#   tools/images.sh build [TAG]        builds akin/NAME:TAG of every context with docker, podman or buildah
#   tools/images.sh push REGISTRY TAG  pushes them as REGISTRY/NAME:TAG, and writes their digests to .cache/images/images.txt
#   tools/images.sh check              builds and starts them without a daemon and without a registry
#
# AKIN_IMAGES_PROGRAM is another `akin` than that of `make dist`, for `contexts` and `check`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

glibc=2.36 # of distroless/cc-debian12
contexts=.cache/images
program=${AKIN_IMAGES_PROGRAM:-${CARGO_TARGET_DIR:-target}/dist/akin}
precision=${AKIN_LAMBDA_PRECISION:-int8}
models=${AKIN_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/akin/models}
model=all-MiniLM-L6-v2/$precision.sbert

fail() {
    echo "tools/images.sh: $*" >&2
    exit 1
}

# Fails if the program needs a newer glibc than the base image has.
check_glibc() {
    local newest
    newest=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -n 1)
    [ -n "$newest" ] || fail "$program needs no glibc at all: objdump does not understand it"
    [ "$(printf '%s\n' "$newest" "$glibc" | sort -V | tail -n 1)" = "$glibc" ] ||
        fail "$program needs glibc $newest, and the base image has $glibc: build it on Debian 12"
}

# Makes the context $1 anew, with its Dockerfile of packaging/$2.
context() {
    rm -rf "${contexts:?}/$1"
    mkdir -p "$contexts/$1"
    cp "packaging/$2/Dockerfile" "$contexts/$1/"
}

make_contexts() {
    local folder name
    [ -x "$program" ] || fail "there is no program at $program: run \`make dist\`"
    [ -f "$models/$model" ] || fail "there is no model at $models/$model: run \`make model\`"
    command -v objdump >/dev/null || fail "objdump is missing: install binutils"
    check_glibc
    tools/certificates.sh

    context akin akin
    folder=$contexts/akin
    install -D -m 755 "$program" "$folder/akin"
    install -D -m 644 "$models/$model" "$folder/models/$model"
    install -m 644 .cache/certificates.pem "$folder/"
    mkdir -m 700 "$folder/data"

    context endpoint endpoint
    folder=$contexts/endpoint
    install -D -m 755 "$program" "$folder/akin"
    install -D -m 644 "$models/$model" "$folder/model/$precision.sbert"

    for name in query embed ingest; do
        if [ ! -f ".cache/lambda/$name-lambda.zip" ]; then continue; fi
        context "$name-lambda" lambda
        folder=$contexts/$name-lambda
        python3 -m zipfile -e ".cache/lambda/$name-lambda.zip" "$folder/task"
        mv "$folder/task/bootstrap" "$folder/bootstrap"
        chmod 755 "$folder/bootstrap"
    done
    du -sh "$contexts"/*
}

# Prints the first builder that is installed.
builder() {
    local name
    for name in docker podman buildah; do
        if command -v "$name" >/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "none of docker, podman and buildah is installed"
}

build() {
    local tag=$1 with name
    with=$(builder)
    for name in "$contexts"/*/; do
        name=$(basename "$name")
        "$with" build --tag "akin/$name:$tag" "$contexts/$name"
    done
}

# Pushes what was built with docker, as user $REGISTRY_USER.
push() {
    local registry=$1 tag=$2 folder name pushed
    docker login --username "$REGISTRY_USER" --password-stdin "${registry%%/*}" <<<"$REGISTRY_PASSWORD"
    : >"$contexts/images.txt"
    for folder in "$contexts"/*/; do
        name=$(basename "$folder")
        docker tag "akin/$name:$tag" "$registry/$name:$tag"
        docker push --quiet "$registry/$name:$tag"
        pushed=$(docker inspect --format '{{index .RepoDigests 0}}' "$registry/$name:$tag")
        echo "$pushed" >>"$contexts/images.txt"
    done
    # As sha256sum writes it, which is how provenance names its subjects.
    sed -E 's/^(.*)@sha256:(.*)$/\2  \1/' "$contexts/images.txt" >"$contexts/digests.txt"
    cat "$contexts/images.txt"
}

case ${1:-} in
contexts) make_contexts ;;
build) build "${2:-latest}" ;;
push)
    [ $# = 3 ] || fail "push needs a registry and a tag"
    push "$2" "$3"
    ;;
check)
    make_contexts
    exec tools/images_check.sh "$contexts"
    ;;
*)
    sed -n '2,9s/^# \?//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
