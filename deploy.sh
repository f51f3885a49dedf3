#!/usr/bin/env bash
# Brings this commit into production, or an earlier version back.
#
#   ./deploy.sh                     checks, template, images, doctor, one smoke execution, then the DAG
#   ./deploy.sh --dry-run           says what it would do, and changes nothing
#   ./deploy.sh --rollback          the version before: its images, its DAG
#   ./deploy.sh --rollback local    the version that is there, with EXECUTOR=local: notebooks in the bot's pod
#
# It stops at the first failure, and what runs in production is changed last: until then nothing is lost by it. Running it
# again goes on from there: what is done already is found and left alone. --dry-run goes with --rollback too.
#
#   DAGS              where the DAG belongs: s3://BUCKET/dags (MWAA), or a folder
#   CREDIT_BOT_JSON   the installation's credit_bot.json (airflow/credit_bot.json); images and the stack's outputs are
#                     filled in. The kube config that it names lies beside it.
#   SMOKE_LINK        a Looker link that has an answer, for the smoke execution; --no-smoke leaves it out
#   SLACK_BOT_TOKEN, LOOKERSDK_CLIENT_ID, LOOKERSDK_CLIENT_SECRET   for doctor and smoke execution, which run here
#   STACK             the stack's name (credits-automation)
#   STACK_PARAMETERS  Name=Value ..., for the first time, or to change them: others keep their values
#   CHECK             what must be green first (make test); true where CI has run it for this commit
#   JOB_IMAGE, BOT_IMAGE, BOT_LOCAL_IMAGE   images that are pushed already, all three, instead of building
#   NOTEBOOK          the path of a notebook of your own, for the images instead of ours
#   BASE_IMAGE, ENGINE, BUILD_FLAGS         for sagemaker/build_and_push.sh
set -euo pipefail
notebook=${NOTEBOOK:+$(realpath -- "$NOTEBOOK")}
unset NOTEBOOK # for checks, doctor and smoke execution it would be a setting
cd "$(dirname "$0")"

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; }
say() { echo "deploy: $*"; }
fail() {
    echo "deploy: $*" >&2
    exit 1
}

action=deploy dry_run="" smoke=yes
while [ $# -gt 0 ]; do
    case "$1" in
        --dry-run) dry_run=yes ;;
        --no-smoke) smoke="" ;;
        --rollback)
            action=previous
            if [ "${2:-}" = local ]; then action=local && shift; fi
            ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done

stack=${STACK:-credits-automation}
config=${CREDIT_BOT_JSON:-airflow/credit_bot.json}
python=.venv/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
deployment() { "$python" scripts/deployment.py "$@"; }

# What it needs

require_tools() {
    local tool
    for tool in git aws make; do command -v "$tool" >/dev/null 2>&1 || fail "$tool is needed and not here: install it."; done
    [ -x "$python" ] || fail "$python is not there: run make install once, which makes it."
    [ -n "${DAGS:-}" ] || fail "DAGS is not set: give s3://BUCKET/dags or a folder (./deploy.sh --help)."
}

require_for_deploy() {
    [ -r "$config" ] || fail "$config is not there: copy airflow/credit_bot.example.json to it and fill it in, or name another in CREDIT_BOT_JSON."
    local changed
    changed=$(git status --porcelain --untracked-files=no)
    [ -z "$changed" ] || fail "there are uncommitted changes, and a version is a commit: commit or remove them first.
$changed"
    [ -z "$smoke" ] || [ -n "${SMOKE_LINK:-}" ] ||
        fail "SMOKE_LINK is not set: give a Looker link that has an answer, or --no-smoke."
    require_secrets
}

require_secrets() {
    local name
    for name in SLACK_BOT_TOKEN LOOKERSDK_CLIENT_ID LOOKERSDK_CLIENT_SECRET; do
        [ -n "${!name:-}" ] || fail "$name is not set: doctor and smoke execution need it (./deploy.sh --help)."
    done
}

say_who() {
    local who
    who=$(aws sts get-caller-identity --query Arn --output text) ||
        fail "AWS does not know who this is: check the credentials."
    say "as $who"
}

# The stack

deploy_template() {
    say "template: stack $stack"
    local parameters=()
    read -ra parameters <<<"${STACK_PARAMETERS:-}"
    aws cloudformation deploy --stack-name "$stack" --template-file sagemaker/template.yaml \
        --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset \
        ${parameters[@]+--parameter-overrides "${parameters[@]}"} ||
        fail "the stack $stack was not deployed: aws cloudformation describe-stack-events --stack-name $stack says why."
}

stack_is_there() { aws cloudformation describe-stacks --stack-name "$stack" >/dev/null 2>&1; }

# Sets `bucket`; the outputs are in $work/outputs.json.
read_outputs() {
    aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Outputs' --output json >"$work/outputs.json" ||
        fail "the stack $stack cannot be read: deploy it first, or name another in STACK."
    bucket=$(output S3OutputBucket)
}

output() { deployment output "$work/outputs.json" "$1"; }

# The images

build_images() {
    if [ -n "${JOB_IMAGE:-}${BOT_IMAGE:-}${BOT_LOCAL_IMAGE:-}" ]; then
        if [ -z "${JOB_IMAGE:-}" ] || [ -z "${BOT_IMAGE:-}" ] || [ -z "${BOT_LOCAL_IMAGE:-}" ]; then
            fail "JOB_IMAGE, BOT_IMAGE and BOT_LOCAL_IMAGE go together: give all three, or none."
        fi
        say "images: as given"
        return
    fi
    local notebooks bots
    notebooks=$(output NotebookRepositoryUri)
    bots=$(output BotRepositoryUri)
    say "images: building what is not in $notebooks and $bots yet"
    JOB_IMAGE=$(NOTEBOOK=$notebook sagemaker/build_and_push.sh job "$notebooks")
    BOT_IMAGE=$(sagemaker/build_and_push.sh bot "$bots")
    export JOB_IMAGE
    BOT_LOCAL_IMAGE=$(sagemaker/build_and_push.sh bot-local "$bots")
}

require_image() {
    local repository=${1%@*} wanted=imageDigest=${1#*@}
    if [ "$repository" = "$1" ]; then repository=${1%:*} wanted=imageTag=${1##*:}; fi
    aws ecr describe-images --registry-id "${repository%%.*}" --repository-name "${repository#*/}" \
        --image-ids "$wanted" >/dev/null || fail "the image $1 is not in ECR any more: it cannot be rolled back to."
}

# The versions that were deployed, the newest last: credits-automation/deploy/versions.json in the bucket

versions_key=credits-automation/deploy/versions.json

read_versions() {
    local found
    found=$(aws s3api list-objects-v2 --bucket "$bucket" --prefix "$versions_key" --query 'Contents[].Key' --output text) ||
        fail "the deployed versions cannot be listed in the bucket $bucket."
    echo '[]' >"$work/versions.json"
    [ "$found" = "$versions_key" ] || return 0
    aws s3 cp --only-show-errors "s3://$bucket/$versions_key" "$work/versions.json" ||
        fail "s3://$bucket/$versions_key cannot be read."
}

write_versions() {
    aws s3 cp --only-show-errors --content-type application/json "$work/next.json" "s3://$bucket/$versions_key" ||
        fail "production is changed, but s3://$bucket/$versions_key is not: run this again."
}

# The DAG

put() {
    case "$DAGS" in
        s3://*) aws s3 cp --only-show-errors "$1" "${DAGS%/}/$2" ;;
        *) mkdir -p "$DAGS" && cp "$1" "$DAGS/.$2" && mv "$DAGS/.$2" "$DAGS/$2" ;;
    esac || fail "$2 could not be brought to $DAGS."
}

# $1: the configuration, $2: the revision whose DAG belongs to it
switch_production() {
    say "DAG: credit_bot_dag.py and credit_bot.json of ${2:0:12} to $DAGS"
    git show "$2:airflow/credit_bot_dag.py" >"$work/credit_bot_dag.py" ||
        fail "the commit $2 is not in this clone: git fetch, then run this again."
    local kube
    kube=$(deployment field "$1" kube_config)
    if [ -n "$kube" ] && [ -r "$(dirname "$config")/$kube" ]; then put "$(dirname "$config")/$kube" "$kube"; fi
    put "$work/credit_bot_dag.py" credit_bot_dag.py
    put "$1" credit_bot.json
}

as_bot() { deployment run "$1" "$python" -m "${@:2}"; }

# What there is to do

deploy() {
    require_for_deploy
    local revision
    revision=$(git rev-parse HEAD)
    say_who
    say "this will, stopping at the first failure:"
    say "  1. check this commit, ${revision:0:12}: ${CHECK:-make test}"
    say "  2. deploy sagemaker/template.yaml as the stack $stack${STACK_PARAMETERS:+ with $STACK_PARAMETERS}"
    say "  3. build and push the images of this commit: ${JOB_IMAGE:-job}, ${BOT_IMAGE:-bot}, ${BOT_LOCAL_IMAGE:-bot-local}"
    say "  4. python -m src.doctor with the new image"
    if [ -n "$smoke" ]; then say "  5. run $SMOKE_LINK once"; else say "  5. leave the smoke execution out"; fi
    say "  6. bring credit_bot_dag.py and credit_bot.json to $DAGS, and note the version"
    if [ -n "$dry_run" ]; then
        say_deployed
        return
    fi
    say "checks: ${CHECK:-make test}"
    ${CHECK:-make test} || fail "the checks failed: nothing was changed."
    deploy_template
    read_outputs
    build_images
    deployment compose "$config" "$work/outputs.json" "$JOB_IMAGE" "$BOT_IMAGE" "$BOT_LOCAL_IMAGE" >"$work/config.json"
    say "doctor"
    as_bot "$work/config.json" src.doctor || fail "something has to be fixed first: production was not changed."
    if [ -n "$smoke" ]; then
        say "smoke execution: $SMOKE_LINK"
        as_bot "$work/config.json" src.credit_bot --link "$SMOKE_LINK" ||
            fail "the smoke execution failed: production was not changed."
    fi
    read_versions
    switch_production "$work/config.json" "$revision"
    deployment push "$work/versions.json" "$work/config.json" "$revision" >"$work/next.json"
    write_versions
    say "deployed ${revision:0:12}"
}

say_deployed() {
    if ! stack_is_there; then
        say "nothing is deployed yet; nothing was changed"
        return
    fi
    read_outputs
    read_versions
    say "deployed now: $(deployment describe "$work/versions.json"); nothing was changed"
}

roll_back() {
    say_who
    read_outputs
    read_versions
    deployment "$1" "$work/versions.json" >"$work/next.json" || exit 1
    deployment top "$work/next.json" >"$work/config.json"
    local revision image
    revision=$(deployment revision "$work/next.json")
    say "from: $(deployment describe "$work/versions.json")"
    say "to:   $(deployment describe "$work/next.json")"
    say "the stack $stack stays as it is"
    [ -z "$dry_run" ] || { say "nothing was changed" && return; }
    require_secrets
    for image in $(deployment images "$work/config.json"); do require_image "$image"; done
    switch_production "$work/config.json" "$revision"
    write_versions
    say "rolled back; the next run of the DAG uses it"
    say "doctor"
    as_bot "$work/config.json" src.doctor --no-job ||
        fail "rolled back, and something has to be fixed all the same: see the lines above."
}

require_tools
case "$action" in
    deploy) deploy ;;
    *) roll_back "$action" ;;
esac
