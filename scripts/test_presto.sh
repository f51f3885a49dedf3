#!/usr/bin/env bash
# The notebook, its queries and all that can go wrong with them on a real Presto 0.287, beside the embedded one.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS
scripts/install_presto.sh
.venv/bin/python -m pytest tests/presto/lane_*.py "$@"
echo "test-presto: $((SECONDS - started)) s"
