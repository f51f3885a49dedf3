#!/bin/sh
# Starts the runner in place of this shell, so that SIGTERM reaches it. The image has the notebook in /opt/notebook,
# a checkout beside this folder.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
if [ -z "${NOTEBOOK_DIR:-}" ]; then
    NOTEBOOK_DIR=/opt/notebook
    if [ -d "$here/../notebooks" ]; then
        NOTEBOOK_DIR=$(CDPATH='' cd -- "$here/../notebooks" && pwd)
    fi
fi
export NOTEBOOK_DIR
export PYTHONPATH="$NOTEBOOK_DIR${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python3}" "$here/run_notebook.py"
