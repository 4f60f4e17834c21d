#!/usr/bin/env bash
# Puts the files of a release together in .cache/release/files: archives, bills of materials, packages, one file of
# checksums, and the addresses of the images. The notes are the newest section of CHANGELOG.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.cache/release"

rm -rf files
mkdir files
find . -path ./files -prune -o -type f \( -name 'akin-*.tar.gz' -o -name '*.cdx.json' -o -name '*-lambda.zip' \
    -o -name images.txt \) -exec cp {} files/ \;
if [ -z "$(ls files)" ]; then
    echo "tools/release_files.sh: there is nothing in .cache/release: run \`make archive\`" >&2
    exit 1
fi
(cd files && sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .)
awk '/^## / { sections++ } sections == 1' ../../CHANGELOG.md >notes.md
[ -s notes.md ] || {
    echo "tools/release_files.sh: CHANGELOG.md has no section" >&2
    exit 1
}
cat files/SHA256SUMS
