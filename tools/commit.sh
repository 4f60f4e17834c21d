#!/usr/bin/env bash
# Prints the commit that is built, with "-changed" if the tree differs from it; "unknown" without Git.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

git describe --always --abbrev=12 --exclude '*' --dirty=-changed 2>/dev/null || echo unknown
