#!/bin/sh
# Starts the runner in place of this shell, so that SIGTERM reaches it. The notebook is in a folder below this one in an
# installed package, beside it in a checkout, in /opt/notebook in the image.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
if [ -z "${NOTEBOOK_DIR:-}" ]; then
    for NOTEBOOK_DIR in "$here/notebook" "$here/../notebooks" /opt/notebook; do
        [ ! -d "$NOTEBOOK_DIR" ] || break
    done
    NOTEBOOK_DIR=$(CDPATH='' cd -- "$NOTEBOOK_DIR" && pwd)
fi
export NOTEBOOK_DIR
export PYTHONPATH="$NOTEBOOK_DIR${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python3}" "$here/run_notebook.py"
