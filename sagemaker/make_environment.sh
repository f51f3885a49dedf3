#!/bin/sh
# make_environment.sh FOLDER LIST: makes a virtual environment without pip from a list of locked wheels, and prunes it.
set -eu
python3 -m venv --without-pip "$1"
python3 -m pip --python "$1/bin/python" install --no-cache-dir --no-compile --only-binary :all: --require-hashes -r "$2"
sh "$(dirname "$0")/prune.sh" "$1"
