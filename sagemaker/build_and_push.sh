#!/usr/bin/env bash
# Builds an image of this commit and pushes it to a registry's repository that is already there.
#
#   sagemaker/build_and_push.sh [job|bot|bot-local] [REPOSITORY]
#
# job (the default) is the notebook's image, bot and bot-local the bot's. REPOSITORY is, for example,
# 123456789012.dkr.ecr.us-east-1.amazonaws.com/credits-automation-notebook; without it the one of that name (the bot's:
# credits-automation-bot) in ECR of the account that the AWS CLI is of, in the region of AWS_DEFAULT_REGION or its own. The
# tag is the git revision (of bot-local: bot-local-<revision>); one that is there already is not pushed again. The last
# line, alone on standard output, is the image's URI with its digest.
#
#   NOTEBOOK     for job: the path of a notebook of your own, which is put into the image, with its folder, instead of ours.
#                The tag is then <revision>-<hash of the folder> (of bot-local on it: bot-local-<revision>-<that hash>), and
#                the last line the URI with that tag, by which the bot knows whose notebook it is
#   BASE_IMAGE   instead of the Dockerfile's: python:3.11-slim@sha256:...
#   JOB_IMAGE    for bot-local: the job's image, as this script printed it
#   ENGINE       docker or buildah; without it docker where its engine runs, else buildah
#   BUILD_FLAGS  more options for the builder, separated by spaces
set -euo pipefail

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; }
say() { echo "build_and_push: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

case "${1:-}" in
    job | bot | bot-local) kind=$1 && shift ;;
    *) kind=job ;;
esac
if [ $# -gt 1 ] || [[ ${1:-} == -* ]]; then
    usage
    exit 2
fi
repository=${1:-}
repository=${repository%/}
ours="Verify - Credit Recommendation.ipynb"
notebook=""
if [ "$kind" = job ] && [ -n "${NOTEBOOK:-}" ]; then
    notebook=$(realpath -- "$NOTEBOOK" 2>/dev/null) || fail "NOTEBOOK is $NOTEBOOK, which is not there: give the path of an .ipynb file."
fi
cd "$(dirname "$0")/.."
if [ "$notebook" = "$(pwd -P)/notebooks/$ours" ]; then notebook=""; fi

# The repository in the account's own registry.
own_repository() {
    local account region name=credits-automation-bot
    if [ "$kind" = job ]; then name=credits-automation-notebook; fi
    command -v aws >/dev/null 2>&1 || fail "the AWS CLI is needed to know the account: install it, or give REPOSITORY."
    account=$(aws sts get-caller-identity --query Account --output text) ||
        fail "AWS does not know who this is: check the credentials, or give REPOSITORY."
    region=${AWS_DEFAULT_REGION:-${AWS_REGION:-$(aws configure get region || true)}}
    [ -n "$region" ] || fail "no region is set: set AWS_DEFAULT_REGION, or give REPOSITORY."
    local suffix=""
    if [[ $region == cn-* ]]; then suffix=.cn; fi
    echo "$account.dkr.ecr.$region.amazonaws.com$suffix/$name"
}

# Sets `staged`, the folder in the build's context, and `folder_hash`.
stage_notebook() {
    command -v python3 >/dev/null 2>&1 || fail "python3 is needed to read the notebook's folder: install it."
    mkdir -p build
    staged=$(mktemp -d build/notebook.XXXXXX)
    trap 'rm -rf "$staged"' EXIT
    folder_hash=$(python3 scripts/stage_notebook.py "$notebook" "$staged") || exit 1
}

read_revision() {
    local paths=(src sagemaker airflow docker-requirements.txt .dockerignore) changed
    if [ -n "$notebook" ]; then paths+=(scripts/stage_notebook.py); else paths+=(notebooks); fi
    changed=$(git status --porcelain -- "${paths[@]}")
    [ -z "$changed" ] || fail "there are uncommitted changes, and the tag is the commit: commit or remove them first.
$changed"
    git rev-parse --short=12 HEAD
}

choose_engine() {
    if [ -n "${ENGINE:-}" ]; then
        echo "$ENGINE"
        return
    fi
    if command -v docker >/dev/null 2>&1; then
        if docker info >/dev/null 2>&1; then
            echo docker
            return
        fi
        say "docker is here, but no engine runs that this user may use."
    fi
    if command -v buildah >/dev/null 2>&1; then
        echo buildah
    else
        fail "neither a running docker engine nor buildah is here: start docker, or install buildah."
    fi
}

is_ecr() { [[ $registry =~ ^[0-9]+\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$ ]]; }
is_loopback() { [[ $registry =~ ^(localhost|127\.0\.0\.1)(:[0-9]+)?$ ]]; }

# Sets `password`, empty where the registry wants none of us.
log_in() {
    password=""
    is_ecr || return 0
    command -v aws >/dev/null 2>&1 || fail "the AWS CLI is needed to log in to $registry: install it."
    local region
    region=$(sed -E 's/.*\.ecr(-fips)?\.([a-z0-9-]+)\..*/\2/' <<<"$registry")
    password=$(aws ecr get-login-password --region "$region") ||
        fail "AWS gave no password for $registry: check the credentials and ecr:GetAuthorizationToken."
    "$engine" login --username AWS --password-stdin "$registry" <<<"$password" >&2
}

# The digest of the tag in the registry; empty where there is none.
remote_digest() {
    local scheme=https answer status
    if is_loopback; then scheme=http; fi
    answer=$(
        {
            echo "url = \"$scheme://$registry/v2/${repository#*/}/manifests/$tag\""
            echo 'header = "Accept: application/vnd.docker.distribution.manifest.v2+json"'
            echo 'header = "Accept: application/vnd.oci.image.manifest.v1+json"'
            [ -z "$password" ] || echo "user = \"AWS:$password\"" # not on the command line, where others could read it
        } | curl --silent --show-error --head --location --max-time 60 --config -
    ) || fail "the registry $registry does not answer."
    answer=${answer//$'\r'/}
    status=$(awk '/^HTTP/ { code = $2 } END { print code }' <<<"$answer")
    case "$status" in
        200) awk 'tolower($1) == "docker-content-digest:" { print $2 }' <<<"$answer" ;;
        404) ;;
        401 | 403) fail "the registry refuses to show $repository: the role needs ecr:BatchGetImage on it." ;;
        *) fail "the registry answered $status when asked for $repository:$tag." ;;
    esac
}

build() {
    # Labels by option: buildah's cache takes no notice of a build argument in a LABEL, and would keep an old revision.
    local options=(--platform linux/amd64 --tag "$image" --label "org.opencontainers.image.revision=$(git rev-parse HEAD)")
    case "$kind" in
        job)
            local hash name=${notebook##*/}
            name=${name:-$ours}
            hash=$(sha256sum <"${staged:-notebooks}/$name")
            options+=(--file sagemaker/Dockerfile --build-arg "NOTEBOOK_SHA256=${hash%% *}")
            options+=(--label "credits-automation.notebook.sha256=${hash%% *}")
            if [ -n "$notebook" ]; then
                options+=(--build-arg "NOTEBOOK=$name" --build-arg "NOTEBOOK_FOLDER=$staged")
                options+=(--build-arg NOTEBOOK_DIR=/opt/own_notebook)
            fi
            ;;
        bot) options+=(--file airflow/Dockerfile --target bot --build-arg "REVISION=$revision") ;;
        bot-local)
            [ -n "${JOB_IMAGE:-}" ] || fail "bot-local is built on the job's image: give its URI in JOB_IMAGE, as this script printed it."
            options+=(--file airflow/Dockerfile --target bot-local --build-arg "JOB_IMAGE=$JOB_IMAGE")
            options+=(--build-arg "REVISION=$revision")
            ;;
    esac
    [ -z "${BASE_IMAGE:-}" ] || options+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
    local flags=()
    read -ra flags <<<"${BUILD_FLAGS:-}"
    if [ "$engine" = docker ]; then
        # SageMaker takes a plain manifest, not the index that attestations would make of it.
        BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build "${options[@]}" ${flags[@]+"${flags[@]}"} . >&2
    else
        buildah bud --format docker --layers "${options[@]}" ${flags[@]+"${flags[@]}"} . >&2
    fi
}

push() {
    if [ "$engine" = docker ]; then
        docker push "$image" >&2
    elif is_loopback; then
        buildah push --tls-verify=false "$image" "docker://$image" >&2
    else
        buildah push "$image" "docker://$image" >&2
    fi
}

revision=$(read_revision)
if [ -z "$repository" ]; then repository=$(own_repository); fi
registry=${repository%%/*}
tag=$revision
if [ "$kind" = bot-local ]; then
    tag=bot-local-$revision
    if [[ ${JOB_IMAGE:-} =~ :[0-9a-f]+-([0-9a-f]{12})$ ]]; then tag+=-${BASH_REMATCH[1]}; fi
elif [ -n "$notebook" ]; then
    stage_notebook
    tag=$revision-$folder_hash
fi
image=$repository:$tag
engine=$(choose_engine)
log_in
digest=$(remote_digest)
if [ -n "$digest" ]; then
    say "$image is in the registry already: not built, not pushed."
else
    say "building $image with $engine"
    build
    say "pushing $image"
    push
    digest=$(remote_digest)
    [ -n "$digest" ] || fail "the registry does not have $image after the push: does the repository ${repository#*/} exist?"
fi
if [ -n "$notebook" ]; then echo "$image"; else echo "$repository@$digest"; fi
