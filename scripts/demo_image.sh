#!/usr/bin/env bash
# `make demo IMAGE=1`: the demo with the job in its real image, of the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/image_workshop.sh
. scripts/image_workshop.sh

open_workshop
build_image job credits-automation-notebook
.venv/bin/python -m sandbox.demo --image "$uri" "$@"
