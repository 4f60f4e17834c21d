#!/usr/bin/env bash
# Checks, builds and tests the page in web/.
#
#   tools/web.sh install     the npm packages of web/package-lock.json, unless they are installed
#   tools/web.sh chromium    the browser of the tests, if there is none (apt-get)
#   tools/web.sh build       the client of the API from docs/openapi.json, and the page in delivery/http/page
#   tools/web.sh lint        types, rules, format; and that the client and the built page are current
#   tools/web.sh test AKIN   components, and the whole page in Chromium over that akin
#   tools/web.sh pictures AKIN   the pictures in docs/pictures
#   tools/web.sh packages FOLDER   akin-client and akin-instantsearch for npm, as archives in FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../web"

# The oldest Node.js that the tools run on.
needed=20.19

install() {
    local version
    version=$(node --version 2>/dev/null || echo none)
    if [ "$(printf '%s\nv%s\n' "$version" "$needed" | sort -V | head -1)" != "v$needed" ]; then
        echo "tools/web.sh: Node.js $needed or later is needed, and npm (found: $version): https://nodejs.org" >&2
        exit 1
    fi
    if ! cmp -s package-lock.json node_modules/.installed-from; then
        npm ci --loglevel=error
        cp package-lock.json node_modules/.installed-from
    fi
}

chromium() {
    local place
    for place in "${AKIN_CHROMIUM:-/usr/bin/chromium}" /usr/bin/chromium-browser /usr/bin/google-chrome; do
        if [ -x "$place" ]; then return; fi
    done
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "tools/web.sh: the tests need Chromium: install it, or name it in AKIN_CHROMIUM" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
}

case "${1-}" in
install)
    install
    ;;
chromium)
    chromium
    ;;
build)
    install
    npm run --silent api
    npm run --silent build
    ;;
lint)
    install
    npm run --silent lint
    node scripts/check-current.mjs
    ;;
test)
    install
    chromium
    AKIN_BIN=$(cd .. && realpath "$2")
    export AKIN_BIN
    npm run --silent test
    npm run --silent test:browser
    ;;
pictures)
    install
    chromium
    AKIN_BIN=$(cd .. && realpath "$2")
    export AKIN_BIN
    npm run --silent pictures
    ;;
packages)
    install
    npm run --silent packages
    folder=$(cd .. && mkdir -p "$2" && realpath "$2")
    for package in client instantsearch; do
        (cd "packages/$package" && npm pack --silent --pack-destination "$folder")
    done
    ;;
*)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "../tools/web.sh"
    exit 2
    ;;
esac
