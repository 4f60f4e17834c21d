#!/usr/bin/env bash
# Deploys a configuration of infra/ with the credentials of the environment:
#
#   tools/deploy.sh plan            shows what would change, and prints the digest of the plan
#   tools/deploy.sh apply DIGEST    applies a plan of that digest: databases, then `akin migrate`, then the rest
#   tools/deploy.sh migrate         runs `akin migrate` in the network of the deployment
#   tools/deploy.sh run ARGUMENT... runs `akin ARGUMENT...` there, such as `status` or `queue dead`
#   tools/deploy.sh model           copies the model's archive, for an endpoint
#   tools/deploy.sh data FEED       copies a feed, which the ingesting function then reads
#   tools/deploy.sh page [FOLDER]   delivers a page, and invalidates the cache (FOLDER: web/dist)
#
# AKIN_DEPLOYMENT is the configuration (infra/examples/small), AKIN_STATE_BUCKET the bucket of its state, AKIN_VARIABLES its
# variables as the content of a .tfvars file. With AKIN_DRY_RUN=1, commands are printed instead of run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

deployment=${AKIN_DEPLOYMENT:-infra/examples/small}
name=${AKIN_NAME:-akin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "tools/deploy.sh: $*" >&2
    exit 1
}

# Runs a command, or prints it where it does not count as its output.
act() {
    if [ -n "${AKIN_DRY_RUN:-}" ]; then printf '%q ' "$@" >&2 && echo >&2; else "$@"; fi
}

terraform_in() { act terraform -chdir="$deployment" "$@"; }

# Prints an output of the deployment.
output() {
    if [ -n "${AKIN_DRY_RUN:-}" ]; then echo "OUTPUT-$1"; else terraform -chdir="$deployment" output -raw "$1"; fi
}

init() {
    [ -d "$deployment" ] || fail "there is no configuration at $deployment: set AKIN_DEPLOYMENT"
    [ -n "${AKIN_STATE_BUCKET:-}" ] || fail "AKIN_STATE_BUCKET is not set: it is the output state_bucket of infra/bootstrap"
    terraform_in init -input=false -backend-config="bucket=$AKIN_STATE_BUCKET" \
        -backend-config="key=$name/$(basename "$deployment").tfstate" \
        -backend-config="region=${AWS_REGION:?it is the region of the deployment}" >&2
}

# Writes the variables where Terraform reads them.
write_variables() { printf '%s\n' "${AKIN_VARIABLES:-}" >"$work/deployment.tfvars"; }

# Plans into $work/plan, and writes what a person reads into $work/plan.txt. Secrets are not in it.
make_plan() {
    write_variables
    terraform_in plan -input=false -lock=false -var-file="$work/deployment.tfvars" -out="$work/plan" >&2
    terraform_in show -no-color "$work/plan" >"$work/plan.txt"
}

digest() { sha256sum "$work/plan.txt" | cut -d' ' -f1; }

plan() {
    init
    make_plan
    cat "$work/plan.txt"
    echo "the digest of this plan: $(digest)"
    if [ -n "${GITHUB_OUTPUT:-}" ]; then echo "digest=$(digest)" >>"$GITHUB_OUTPUT"; fi
}

apply() {
    [ -n "${1:-}" ] || fail "apply needs the digest that plan printed"
    init
    make_plan
    if [ -z "${AKIN_DRY_RUN:-}" ] && [ "$(digest)" != "$1" ]; then
        diff /dev/null "$work/plan.txt" >&2 || true
        fail "this is not the plan that was approved: plan again"
    fi
    # What holds products, and the task that migrates it, come first: no function meets tables that it does not know.
    terraform_in apply -input=false -auto-approve -var-file="$work/deployment.tfvars" -target=module.tasks \
        -target=module.database
    run_akin migrate
    terraform_in apply -input=false -auto-approve -var-file="$work/deployment.tfvars"
}

# Runs akin as a task and waits until it ends. Its output is in the log of tasks.
run_akin() {
    local cluster task overrides code
    overrides=$(python3 -c 'import json, sys
print(json.dumps({"containerOverrides": [{"name": "akin", "command": sys.argv[1:]}]}))' "$@")
    cluster=$(output cluster)
    task=$(act aws ecs run-task --cluster "$cluster" --task-definition "$(output task_definition)" \
        --launch-type FARGATE --network-configuration "$(output task_network)" --overrides "$overrides" \
        --query 'tasks[0].taskArn' --output text)
    echo "akin $*: $task"
    act aws ecs wait tasks-stopped --cluster "$cluster" --tasks "${task:-TASK}"
    if [ -n "${AKIN_DRY_RUN:-}" ]; then return; fi
    aws logs tail "/$name/tasks" --since 1h --log-stream-names "akin/akin/${task##*/}" --format short || true
    code=$(aws ecs describe-tasks --cluster "$cluster" --tasks "$task" --query 'tasks[0].containers[0].exitCode' \
        --output text)
    [ "$code" = 0 ] || fail "akin $* ended with the exit code $code"
}

copy_model() {
    [ -f .cache/lambda/model.tar.gz ] || fail "there is no .cache/lambda/model.tar.gz: run \`make model-archive\`"
    act aws s3 cp .cache/lambda/model.tar.gz "s3://$(output models_bucket)/model.tar.gz"
}

copy_data() {
    [ -f "${1:-}" ] || fail "there is no feed at ${1:-}"
    act aws s3 cp "$1" "$(output feeds)$(basename "$1")"
}

# Copies the page after what it names, and removes what it no longer names at last: nobody sees half of it.
deliver_page() {
    local folder=${1:-web/dist} bucket
    [ -f "$folder/index.html" ] || fail "there is no page at $folder: build it first"
    bucket=$(output page_bucket)
    act aws s3 sync "$folder" "s3://$bucket" --exclude index.html --cache-control 'public, max-age=86400'
    act aws s3 cp "$folder/index.html" "s3://$bucket/index.html" --cache-control 'no-cache'
    act aws s3 sync "$folder" "s3://$bucket" --delete --size-only --cache-control 'public, max-age=86400' \
        --exclude index.html
    act aws cloudfront create-invalidation --distribution-id "$(output page_distribution)" --paths '/*'
}

command=${1:-}
shift || true
case $command in
plan) plan ;;
apply) apply "${1:-${AKIN_PLAN_DIGEST:-}}" ;;
migrate) init && run_akin migrate ;;
run) init && run_akin "$@" ;;
model) init && copy_model ;;
data) init && copy_data "${1:-}" ;;
page) init && deliver_page "$@" ;;
*)
    sed -n '2,14s/^# \?//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
