#!/usr/bin/env bash
# Prints the folder of the programs of tools/requirements/$1.txt; installs them in .cache/tools if they are missing
# or the requirements have changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=tools/requirements/$1.txt
venv=$PWD/.cache/tools/$1-$(sha256sum "$requirements" | cut -c1-12)
mkdir -p .cache/tools
exec 9>".cache/tools/$1.lock"
flock 9
if [ ! -e "$venv/.complete" ]; then
    echo "installing $1 in $venv" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --requirement "$requirements" >&2
    touch "$venv/.complete"
fi
echo "$venv/bin"
