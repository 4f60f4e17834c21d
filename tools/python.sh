#!/usr/bin/env bash
# Sets up the Python that tests compare with, in .cache/venv: onnx, onnxruntime and tokenizers, in the
# versions of libs/sbert-onnx/tests/requirements.txt. Does nothing when it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.cache/venv
wanted=libs/sbert-onnx/tests/requirements.txt

# Where it stands counts, too: a virtual environment does not survive being moved.
stamp() {
    echo "$PWD"
    sha256sum "$wanted"
}

if [ "$(cat "$venv/.made-of" 2>/dev/null)" = "$(stamp)" ] && [ -x "$venv/bin/python" ]; then
    exit 0
fi
mkdir -p .cache
exec 9>.cache/venv.lock
flock 9
echo "installing what exported models are checked with into $venv (about 60 MB)"
rm -rf "$venv"
python3 -m venv "$venv"
if ! "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"; then
    echo "the packages of $wanted could not be installed: check the network or the pip settings" >&2
    exit 1
fi
stamp >"$venv/.made-of"
