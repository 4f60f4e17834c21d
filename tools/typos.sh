#!/usr/bin/env bash
# Runs the spell checker typos; installs it in .cache/tools if it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(sed -n 's/^typos==\([^ ]*\).*/\1/p' tools/requirements/typos.txt)
venv=.cache/tools/typos-$version
if [ ! -x "$venv/bin/typos" ]; then
    echo "installing typos $version in $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --requirement tools/requirements/typos.txt
fi
exec "$venv/bin/typos" "$@"
