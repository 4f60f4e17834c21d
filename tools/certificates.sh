#!/usr/bin/env bash
# Downloads the roots of Amazon RDS to .cache/certificates.pem, for the packages and images of AWS. AWS adds a root for each
# new region, so there is no checksum: the address and its TLS certificate say whose they are. AKIN_CERTIFICATES is a
# file to take instead, for databases of other authorities.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

address=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
out=.cache/certificates.pem

mkdir -p .cache
if [ -n "${AKIN_CERTIFICATES:-}" ]; then
    cp "$AKIN_CERTIFICATES" "$out.partial"
elif [ -f "$out" ]; then
    exit 0
elif ! curl --fail --silent --show-error --location --proto '=https' --max-time 60 "$address" >"$out.partial"; then
    echo "tools/certificates.sh: $address cannot be reached: set AKIN_CERTIFICATES to a PEM file" >&2
    exit 1
fi
if ! grep -q 'BEGIN CERTIFICATE' "$out.partial"; then
    echo "tools/certificates.sh: what was found is no PEM file of certificates" >&2
    exit 1
fi
mv "$out.partial" "$out"
echo "$out: $(grep -c 'BEGIN CERTIFICATE' "$out") certificates"
