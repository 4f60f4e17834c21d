#!/usr/bin/env bash
# Runs the clients of other projects against the embedding server at AKIN_TEST_EMBEDDINGS, which
# tools/with-services.sh sets. Installs them in .cache/embedding-clients once; `--install` does only that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.cache/embedding-clients
requirements=tools/requirements/embedding-clients.txt

# Includes the folder, because a virtual environment cannot be moved.
stamp() {
    echo "$PWD"
    sha256sum "$requirements"
}

install() {
    mkdir -p .cache
    exec 9>.cache/embedding-clients.lock
    flock 9
    if [ "$(cat "$venv/.made-of" 2>/dev/null)" = "$(stamp)" ]; then return; fi
    echo "installing the clients of embedding servers in $venv (about 250 MB)"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: --requirement "$requirements"
    stamp >"$venv/.made-of"
}

install
if [ "${1:-}" = --install ]; then exit 0; fi
: "${AKIN_TEST_EMBEDDINGS:?run: tools/with-services.sh --only embeddings tools/embedding-clients.sh}"
exec "$venv/bin/python" tools/embedding_clients.py "$AKIN_TEST_EMBEDDINGS"
