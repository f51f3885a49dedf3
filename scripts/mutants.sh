#!/usr/bin/env bash
# Changes of one token, each against the fast tests that reach it: `mutants.sh SEED COUNT`. Of the last commit, in copies
# below build/mutants. ONLY="PATH ...": of these files and folders. TESTS="PATH ...": by these tests. COPIES: at a time (2).
# SECONDS_EACH: what a change's tests may take unchanged; of those that take more in all, the quickest are run (300).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=build/mutants
commit=$(git rev-parse HEAD)
of=$commit-$(echo "${TESTS:-}" | sha256sum | cut -c1-8)
[ -z "$(git status --porcelain)" ] || echo "mutants: of the last commit; what is not committed is left out" >&2

copies=()
for number in $(seq "${COPIES:-2}"); do
    copy=$folder/copy-$number
    [ -d "$copy" ] || git clone -q --no-checkout . "$copy"
    git -C "$copy" fetch -q origin "$commit"
    git -C "$copy" checkout -q --force --detach "$commit"
    "$copy/.venv/bin/python" -c "" 2>/dev/null || rm -rf "$copy/.venv"
    .venv/bin/python "$copy/scripts/install.py" .venv sandbox/requirements.txt . requirements.txt scripts/mutants/requirements.txt
    copies+=("$copy")
done

# shellcheck disable=SC2086 # lists of paths
exec "$folder/copy-1/.venv/bin/python" -m scripts.mutants --seed "$1" --count "$2" --only ${ONLY:-} --tests ${TESTS:-} \
    --seconds-each "${SECONDS_EACH:-300}" --kept "$folder/$of" -- "${copies[@]}"
