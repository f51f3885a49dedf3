#!/usr/bin/env bash
# Runs a command with the images of the last commit, in a registry on loopback and on this machine: JOB_IMAGE, BOT_IMAGE
# and BOT_LOCAL_IMAGE are their URIs with digest, BASE_IMAGE is what they are built on.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/image_workshop.sh
. scripts/image_workshop.sh

open_workshop
build_images
"$@"
