#!/usr/bin/env bash
# Checks every lock file against security advisories: those kept in tools/advisories, and the whole
# RustSec database where the network reaches it.
#
#   tools/advisories.sh        checks
#   tools/advisories.sh prove  shows that a kept advisory for a crate in the lock file fails the check
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

deny=$PWD/tools/cargo-deny.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Makes a database of the folder $1 in $work/$2: cargo-deny reads only Git repositories.
make_database() {
    local folder=$work/$2
    cp -r "$1" "$folder"
    git -C "$folder" init --quiet --initial-branch main
    git -C "$folder" add --all
    git -C "$folder" -c user.name=akin -c user.email=akin@localhost -c commit.gpgsign=false \
        commit --quiet --message "Advisories"
}

# Writes the settings of deny.toml with the database $1 instead of RustSec's, and makes Git clone it from
# $work. Settings refuse an address without a domain.
use_database() {
    local address=https://advisories.invalid/$1
    sed "s|^\[advisories\]|&\ndb-urls = [\"$address\"]\ndb-path = \"$work/clones\"|" deny.toml \
        >"$work/$1.toml"
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=url.file://$work/$1.insteadOf GIT_CONFIG_VALUE_0=$address
}

# Checks the lock file beside each manifest. $1: settings.
check() {
    local manifest
    for manifest in Cargo.toml bench/Cargo.toml fuzz/Cargo.toml; do
        "$deny" --manifest-path "$manifest" --config "$1" check --hide-inclusion-graph advisories
    done
}

if [ "${1:-}" = prove ]; then
    make_database tools/advisories invented
    mkdir -p "$work/invented/crates/serde"
    printf '```toml\n[advisory]\nid = "RUSTSEC-2000-0001"\npackage = "serde"\ndate = "2000-01-01"\n
[versions]\npatched = []\n```\n\n# Invented\n' >"$work/invented/crates/serde/RUSTSEC-2000-0001.md"
    git -C "$work/invented" add --all
    git -C "$work/invented" -c user.name=akin -c user.email=akin@localhost -c commit.gpgsign=false \
        commit --quiet --message "Invent an advisory"
    use_database invented
    if check "$work/invented.toml" >"$work/log" 2>&1 || ! grep -q RUSTSEC-2000-0001 "$work/log"; then
        cat "$work/log" >&2
        echo "an advisory for a crate in the lock file does not fail the check" >&2
        exit 1
    fi
    echo "an advisory for a crate in the lock file fails the check"
    exit
fi

make_database tools/advisories kept
(use_database kept && check "$work/kept.toml")
date=$(sed -n 's/^Last compared: \([0-9-]*\).*/\1/p' tools/advisories/README.md)
if timeout 120 "$deny" fetch db >"$work/fetch.log" 2>&1; then
    check deny.toml
else
    echo "the RustSec database cannot be reached: only the advisories kept on $date were checked"
    if [ "$(date +%s)" -gt "$(($(date -d "$date" +%s 2>/dev/null || date +%s) + 180 * 86400))" ]; then
        echo "those are more than 180 days old: bring them up to date (tools/advisories/README.md)" >&2
    fi
fi
