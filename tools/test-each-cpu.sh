#!/usr/bin/env bash
# Runs the tests of bits and scores again with each instruction set that the CPU supports besides the
# fastest, which `make test` uses. It runs the programs that `cargo test --workspace` built, and fails if a
# line of the list below matches no test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Package, target, and a part of the tests' names; `-` stands for all tests of the target.
list='
instruction-set instruction_set -
flat-index flat_index simd::
flat-index flat_index nearest::
flat-index it -
sbert-cpu sbert_cpu encoder::
sbert-cpu it encoder::
akin-native it -
akin-local it index::
akin it search::
akin it evaluate::
akin it engines::
akin it export::
akin it postgres::
akin it settings::an_unavailable_instruction_set
'

programs=$(mktemp)
trap 'rm -f "$programs"' EXIT
# One line per program: package, target, path, folder of the package.
"${CARGO:-cargo}" test --locked --workspace --no-run --quiet --message-format=json | python3 -c '
import json, os, sys
for line in sys.stdin:
    built = json.loads(line)
    if built.get("executable"):
        folder = os.path.dirname(built["manifest_path"])
        package = next(line.split("\"")[1] for line in open(built["manifest_path"]) if line.startswith("name"))
        print(package, built["target"]["name"], built["executable"], folder)
' >"$programs"

program_of() { awk -v package="$1" -v target="$2" '$1 == package && $2 == target { print $3, $4 }' "$programs"; }

read -r available _ < <(program_of instruction-set available)
read -r _ fastest others <<<"$("$available")"
printf 'instruction sets: %s (tested before), %s\n' "$fastest" "${others:-no other}"

for set in $others; do
    while read -r package target name; do
        [ -n "$package" ] || continue
        [ "$name" != - ] || name=
        read -r program folder < <(program_of "$package" "$target") || {
            echo "test-each-cpu: $package has no test program $target" >&2
            exit 1
        }
        count=$("$program" --list --include-ignored ${name:+"$name"} | grep -c ': test$' || true)
        if [ "$count" = 0 ]; then
            echo "test-each-cpu: no test of $package $target matches ${name:-anything}" >&2
            exit 1
        fi
        began=$SECONDS
        if ! output=$(cd "$folder" && CARGO_MANIFEST_DIR=$folder AKIN_CPU=$set \
            "$program" --quiet --include-ignored ${name:+"$name"} </dev/null 2>&1); then
            printf '%s\n' "$output" >&2
            echo "test-each-cpu: $package $target ${name:-} failed with AKIN_CPU=$set" >&2
            exit 1
        fi
        printf '%s: %s %s %s: %s tests in %s s\n' \
            "$set" "$package" "$target" "${name:-all}" "$count" $((SECONDS - began))
    done <<<"$list"
done
