#!/usr/bin/env bash
# Packs what a release has for this kind of machine: .cache/release/akin-VERSION-TARGET.tar.gz with the command, shell
# completions, manual pages, systemd units, the sample catalogue and the documents, its checksum, and a bill of materials. Equal content gives equal bytes.
# AKIN_ARCHIVE_PROGRAM is another `akin` than that of `make dist`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=${AKIN_ARCHIVE_PROGRAM:-${CARGO_TARGET_DIR:-target}/dist/akin}
out=.cache/release

[ -x "$program" ] || {
    echo "tools/archive.sh: there is no program at $program: run \`make dist\`" >&2
    exit 1
}
version=$("$program" -V | awk '{print $2}')
target=$(rustc --version --verbose | sed -n 's/^host: //p')
name=akin-$version-$target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$out" "$work/$name/completions"
install -m 755 "$program" "$work/$name/akin"
for shell in bash zsh fish; do "$program" completions "$shell" >"$work/$name/completions/akin.$shell"; done
"$program" completions powershell >"$work/$name/completions/akin.ps1"
"$program" manual "$work/$name/man/man1"
cp -R packaging/systemd LICENSE README.md CHANGELOG.md SECURITY.md "$work/$name/"
mkdir "$work/$name/data"
cp data/README.md data/*.csv "$work/$name/data/"
python3 tools/sbom.py >"$out/$name.cdx.json"
cp "$out/$name.cdx.json" "$work/$name/akin.cdx.json"

# In Python, because tar differs between systems.
python3 - "$work" "$name" "$out/$name.tar.gz" <<'END'
import gzip, os, sys, tarfile

folder, name, out = sys.argv[1:]

def plain(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry

with open(out + ".partial", "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        paths = [os.path.join(root, file) for root, _, files in os.walk(os.path.join(folder, name)) for file in files]
        for path in sorted(paths):
            archive.add(path, os.path.relpath(path, folder), filter=plain)
os.replace(out + ".partial", out)
END
(cd "$out" && python3 -c 'import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest(), "", sys.argv[1])' "$name.tar.gz" >"$name.tar.gz.sha256")
cat "$out/$name.tar.gz.sha256"
