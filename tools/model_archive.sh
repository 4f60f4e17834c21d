#!/usr/bin/env bash
# Packs the model of an embedding endpoint: .cache/lambda/model.tar.gz, which SageMaker unpacks into
# /opt/ml/model. Equal models give equal bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

precision=${AKIN_LAMBDA_PRECISION:-int8}
models=${AKIN_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/akin/models}
folder=$models/all-MiniLM-L6-v2
out=.cache/lambda/model.tar.gz

if [ ! -f "$folder/$precision.sbert" ]; then
    echo "tools/model_archive.sh: there is no model in $folder: run \`make model\`" >&2
    exit 1
fi
mkdir -p "$(dirname "$out")"
tar --create --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a=r,u+w \
    --directory "$folder" "$precision.sbert" | gzip -9 --no-name >"$out.partial"
mv "$out.partial" "$out"
echo "$out: $(stat -c %s "$out") bytes, sha256 $(sha256sum "$out" | cut -d' ' -f1)"
