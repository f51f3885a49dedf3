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

rm -rf "$work/registry"
open_workshop
shellcheck -x deploy.sh sagemaker/*.sh scripts/*.sh .ci/run
plant_canary
build_images
check_that_a_tag_is_pushed_once
.venv/bin/python -m pytest -s tests/image/lane_*.py "$@"
step "test-image done"
