#!/usr/bin/env bash
# The images as images, of the last commit: built with buildah, pushed to a registry on loopback with build_and_push.sh,
# pulled back by digest, and run as SageMaker and Kubernetes would, against the sandbox.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/image_workshop.sh
. scripts/image_workshop.sh

# A base that is not there: only a tag that is pushed already can be answered without a build.
check_that_a_tag_is_pushed_once() {
    [ "$(BASE_IMAGE=localhost/no-such-base push job credits-automation-notebook)" = "$JOB_IMAGE" ] || {
        echo "images: the second push of the same commit gave another digest" >&2
        exit 1
    }
}

# Those of another notebook: of the same name as ours, with a list of its own, a module and four notebooks that import
# nothing of ours beside it, and a secret.
build_own_images() {
    rm -rf "$work/own" "$work/four"
    mkdir -p "$work/own" "$work/four"
    cp tests/own_notebook/migrated/*.ipynb "$work/own"
    .venv/bin/python -m tests.own_notebook.four "$work/four"
    cp "$work/four/notebooks/"*.ipynb "$work/own"
    echo humanize >"$work/own/requirements.txt"
    echo "RATE = 1" >"$work/own/pandas_rates.py"
    echo "SECRET=$IMAGE_CANARY" >"$work/own/.env"
    NOTEBOOK="$work/own/Verify - Credit Recommendation.ipynb" build_image job credits-automation-notebook
    export OWN_JOB_IMAGE=$uri
    JOB_IMAGE=$OWN_JOB_IMAGE build_image bot-local credits-automation-bot
    export OWN_BOT_LOCAL_IMAGE=$uri
}

rm -rf "$work/registry"
open_workshop
shellcheck -x deploy.sh sagemaker/*.sh scripts/*.sh .ci/run
plant_canary
build_images
build_own_images
check_that_a_tag_is_pushed_once
.venv/bin/python -m pytest -s tests/image/lane_*.py "$@"
step "test-image done"
