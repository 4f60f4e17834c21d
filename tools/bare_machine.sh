#!/usr/bin/env bash
# From a release archive to the first search on a bare machine, with the seconds of each step:
#
#   tools/bare_machine.sh .cache/release/akin-VERSION-TARGET.tar.gz
#
# The machine is a new root file system of Debian's smallest packages, without a network. The files of the model, which a
# user downloads, are put there beforehand (`make model` has them). Everything else is in the archive.
set -euo pipefail
archive=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages='base-files bash coreutils gzip libacl1 libattr1 libc6 libgcc-s1 libgmp10 libpcre2-8-0 libselinux1 libtinfo6 tar'
models=${AKIN_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/akin/models}
model=all-MiniLM-L6-v2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ "$(id -u)" = 0 ] || {
    echo "tools/bare_machine.sh: run it as root: a chroot needs it" >&2
    exit 1
}
tools/model.sh >/dev/null
root=$work/root
mkdir -p "$work/debs" "$root"/{etc,proc,dev,root}
(cd "$work/debs" && chmod 777 "$work" . && apt-get download -qq $packages >/dev/null 2>"$work/download.log")
for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$root"; done
mkdir -p -m 1777 "$root/tmp"
mkdir -p "$root/root/.cache/akin/models/$model/1_Pooling"
for file in model.safetensors modules.json config.json sentence_bert_config.json tokenizer.json tokenizer_config.json \
    1_Pooling/config.json; do
    cp "$models/$model/$file" "$root/root/.cache/akin/models/$model/$file"
done
cp "$archive" "$root/root/akin.tar.gz"

# shellcheck disable=SC2016 # The inner shell expands these.
unshare --mount --pid --net --fork bash -c '
    set -e
    mount -t proc proc "$1/proc"
    mount --bind /dev "$1/dev"
    exec env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin chroot "$1" /bin/bash -c "$2"
' bare "$root" '
    set -euo pipefail
    cd
    now() { date +%s%N; }
    began=$(now) last=$began
    step() {
        local at=$(now)
        printf "%6d ms  %s\n" $(((at - last) / 1000000)) "$1"
        last=$(now)
    }
    tar xzf akin.tar.gz && cd akin-*/ && cp akin /usr/bin/
    step "unpack the archive"
    akin model pack >/dev/null
    step "pack the model"
    akin ingest --currency INR data/catalogue.csv >ingested
    step "ingest the sample catalogue: $(head -n 1 ingested)"
    akin search --limit 3 something to keep my phone steady while filming >found
    step "search"
    cat found
    grep -q -i -E "tripod|gimbal" found
    total=$((($(now) - began) / 1000000))
    echo "the first search was answered $total ms after the archive was there"
    [ $total -lt 60000 ]
'
