#!/usr/bin/env bash
# The images as images, of the last commit: built with buildah, pushed to a registry on loopback with build_and_push.sh,
# pulled back by digest, and run as SageMaker and Kubernetes would, against the sandbox.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/image_workshop.sh
. scripts/image_workshop.sh

open_workshop
shellcheck -x sagemaker/*.sh scripts/*.sh
build_image job credits-automation-notebook
export JOB_IMAGE=$uri
[ "$(push job credits-automation-notebook)" = "$JOB_IMAGE" ] || cannot "the second push of the same commit gave another digest."
build_image bot credits-automation-bot
export BOT_IMAGE=$uri
build_image bot-local credits-automation-bot
export BOT_LOCAL_IMAGE=$uri
.venv/bin/python -m pytest -s tests/image/lane_*.py "$@"
step "test-image done"
