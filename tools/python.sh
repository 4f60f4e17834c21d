#!/usr/bin/env bash
# Installs the Python packages that tests compare with in .cache/venv: onnx, onnxruntime and tokenizers,
# in the versions of libs/sbert-onnx/tests/requirements.txt. Does nothing if they are installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.cache/venv
requirements=libs/sbert-onnx/tests/requirements.txt

# Includes the folder, because a virtual environment cannot be moved.
stamp() {
    echo "$PWD"
    sha256sum "$requirements"
}

if [ "$(cat "$venv/.made-of" 2>/dev/null)" = "$(stamp)" ] && [ -x "$venv/bin/python" ]; then
    exit 0
fi
mkdir -p .cache
exec 9>.cache/venv.lock
flock 9
echo "installing the reference packages for exported models in $venv (about 60 MB)"
rm -rf "$venv"
python3 -m venv "$venv"
if ! "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --requirement "$requirements"; then
    echo "the packages of $requirements could not be installed: check the network or the pip settings" >&2
    exit 1
fi
stamp >"$venv/.made-of"
