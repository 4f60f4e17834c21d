#!/usr/bin/env bash
# Packs the functions of AWS Lambda: .cache/lambda/{query,embed,ingest}-lambda.zip for the runtime
# provided.al2023 on x86-64, the first two with the packed model. Equal content gives equal bytes.
#
# That runtime has glibc 2.34, most machines a newer one. So zig links the functions with the old one, and
# no function is packed that needs more.
#
# AKIN_CERTIFICATES is a PEM file that is packed as certificates.pem, instead of the roots of Amazon RDS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

glibc=2.34
target=x86_64-unknown-linux-gnu
profile=${LAMBDA_PROFILE:-dist}
functions='query-lambda embed-lambda ingest-lambda'
precision=${AKIN_LAMBDA_PRECISION:-int8}
models=${AKIN_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/akin/models}
model=$models/all-MiniLM-L6-v2/$precision.sbert
out=.cache/lambda
max_bytes=$((50 * 1000 * 1000)) # what AWS takes without a bucket

fail() {
    echo "tools/lambdas.sh: $*" >&2
    exit 1
}

# Prints the folder of cargo-lambda and zig; installs them in .cache/tools if they are missing.
installed() {
    local requirements=tools/requirements/cargo-lambda.txt version venv
    version=$(sed -n 's/^cargo-lambda==\([^ ]*\).*/\1/p' "$requirements")
    venv=$PWD/.cache/tools/cargo-lambda-$version
    if [ ! -x "$venv/bin/cargo-lambda" ]; then
        echo "installing cargo-lambda $version in $venv" >&2
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
            --requirement "$requirements" >&2
    fi
    echo "$venv/bin"
}

# Fails if the program $1 needs a newer glibc.
check_glibc() {
    local needed newest
    needed=$(objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sort -u)
    [ -n "$needed" ] || fail "$1 needs no glibc at all: objdump does not understand it"
    newest=$(sed 's/GLIBC_//' <<<"$needed" | sort -V | tail -n 1)
    if [ "$(printf '%s\n' "$newest" "$glibc" | sort -V | tail -n 1)" != "$glibc" ]; then
        objdump -T "$1" | grep "GLIBC_$newest" >&2
        fail "$1 needs glibc $newest, and AWS Lambda has $glibc"
    fi
    echo "$(basename "$1") needs glibc $newest"
}

[ -f "$model" ] || fail "there is no model at $model: run \`make model\`"
command -v objdump >/dev/null || fail "objdump is missing: install binutils"
tools/certificates.sh
tools=$(installed)
packages=()
for name in $functions; do packages+=(-p "akin-$name"); done
PATH=$tools:$PATH cargo lambda build --locked --profile "$profile" --target "$target.$glibc" \
    "${packages[@]}"

mkdir -p "$out"
built=${CARGO_TARGET_DIR:-target}/lambda
for name in $functions; do
    program=$built/$name/bootstrap
    check_glibc "$program"
    files=("bootstrap=$program" certificates.pem=.cache/certificates.pem)
    if [ "$name" != ingest-lambda ]; then files+=("model/$precision.sbert=$model"); fi
    python3 tools/zip_files.py "$out/$name.zip" "${files[@]}"
    bytes=$(stat -c %s "$out/$name.zip")
    echo "$out/$name.zip: $bytes bytes"
    [ "$bytes" -lt "$max_bytes" ] || fail "$out/$name.zip has more than $max_bytes bytes"
done
