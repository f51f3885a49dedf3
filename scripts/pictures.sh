#!/usr/bin/env bash
# The pages that people see, in a real browser: `pictures.sh take` makes the README's pictures, `pictures.sh test` checks.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS
environment=build/pictures/venv

fonts() { fc-list 2>/dev/null | grep -c "Lato-Regular\|NotoColorEmoji\|LiberationSans-Regular" || true; }

if ! command -v chromium >/dev/null || [ "$(fonts)" -lt 3 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "pictures: Chromium or a font is missing here: install it with the fonts Lato, Liberation Sans and Noto Color Emoji." >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-lato fonts-noto-color-emoji fonts-liberation fontconfig >/dev/null
fi

.venv/bin/python scripts/install.py "$environment" tests/pictures/requirements.txt
# Beside what .venv has, and not into it; and the runner, whose own report is looked at.
PYTHONPATH=$(echo "$environment"/lib/python*/site-packages):sagemaker
export PYTHONPATH
case "${1:-test}" in
take) .venv/bin/python -m tests.pictures.take ;;
test) .venv/bin/python -m pytest tests/pictures/lane_pictures.py "${@:2}" ;;
esac
echo "pictures: $((SECONDS - started)) s"
