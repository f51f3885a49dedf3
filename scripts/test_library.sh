#!/usr/bin/env bash
# The package as others install it, from the index: into empty environments, with the lowest versions it allows, with the
# newest, and on the newest Python that is on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS

newest() {
    local minor python
    for minor in 15 14 13 12; do
        for python in "python3.$minor" "$HOME"/.pyenv/versions/3."$minor".*/bin/python3; do
            if "$python" -c '' 2>/dev/null; then
                "$python" -c 'import sys; print(sys.executable)'
                return
            fi
        done
    done
}

oldest=$(.venv/bin/python -c 'import os, sys; print(os.path.realpath(sys.executable))')
other=$(newest)
LIBRARY_PYTHONS=$oldest${other:+:$other} .venv/bin/python -m pytest tests/library/lane_library.py "$@"
echo "test-library: $((SECONDS - started)) s (newest Python: ${other:-none but 3.11})"
