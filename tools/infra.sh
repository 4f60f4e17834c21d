#!/usr/bin/env bash
# Checks infra/: its Terraform by tools/infra/check.py, its policy by checkov. Arguments go to check.py.
#
# What that needs is in .cache/infra: a package with the schema of the AWS provider, which cannot be had from
# Terraform's registry without a network, and the Python packages that serve it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

package=@cdktf/provider-aws
version=21.22.1
sha256=d1446ab6ac6526c6fab4b28a5ebefdd90c0ce56203949925d35a4d286c05cbbf
cache=$PWD/.cache/infra

fail() {
    echo "tools/infra.sh: $*" >&2
    exit 1
}

# Unpacks the schema's package into $cache/package.
fetch_schema() {
    local archive=$cache/provider.tgz work
    if [ "$(cat "$cache/package/.sha256" 2>/dev/null)" = "$sha256" ]; then return; fi
    command -v npm >/dev/null || fail "npm is missing: install Node.js, which brings it"
    echo "downloading the schema of the AWS provider ($package $version, 37 MB)"
    work=$(mktemp -d "$cache/XXXXXXXX")
    (cd "$work" && npm pack --silent "$package@$version" >/dev/null)
    mv "$work"/*.tgz "$archive"
    echo "$sha256  $archive" | sha256sum --check --quiet --strict || fail "$package $version has another content"
    mkdir "$work/unpacked"
    tar -xzf "$archive" -C "$work/unpacked" --strip-components 1
    echo "$sha256" >"$work/unpacked/.sha256"
    rm -rf "$cache/package" "$archive"
    mv "$work/unpacked" "$cache/package"
    rm -rf "$work"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
fetch_schema
exec 9>&-
python=$(tools/venv.sh terraform-stub)/python
"$python" tools/infra/check.py "$@"
if [ $# = 0 ]; then
    echo "checkov --directory infra"
    "$(tools/venv.sh checkov)/checkov" --directory infra --config-file infra/.checkov.yaml
    echo "checkov has no findings besides those that are skipped with a reason"
fi
