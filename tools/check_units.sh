#!/usr/bin/env bash
# Checks the systemd units: their syntax, and how exposed the services would be.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The program need not be installed here.
printf '#!/bin/sh\n' >"$work/akin"
chmod 755 "$work/akin"
for unit in packaging/systemd/*.{service,timer}; do
    sed "s|/usr/local/bin/akin|$work/akin|" "$unit" >"$work/$(basename "$unit")"
done
# The rest of the system may have faults of its own.
if ! systemd-analyze verify --man=no --recursive-errors=no "$work"/*.{service,timer} >"$work/log" 2>&1 ||
    grep -q "$work\|^akin" "$work/log"; then
    cat "$work/log" >&2
    exit 1
fi
for unit in "$work"/*.service; do
    systemd-analyze security --offline=true --threshold=30 --no-pager "$unit" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        echo "$(basename "$unit") is more exposed than 3.0 of 10" >&2
        exit 1
    }
    tail -n 1 "$work/log" | sed 's|.*level for ||'
done
