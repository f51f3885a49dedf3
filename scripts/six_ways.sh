#!/usr/bin/env bash
# The sample account as process, in the image and local, on the embedded Presto and on the real one: amount and seconds
# of each as a table. Runs all six whatever one of them says; fails where one did, or where two amounts differ.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
rows=() amounts=()

demo() { # EXECUTOR IMAGE PRESTO NAME
    make --no-print-directory demo EXECUTOR="$1" IMAGE="$2" PRESTO="$3" 2>&1 | tee "$log"
    local said amount seconds
    said=$(sed -n 's/^demo: credit \([0-9.]*\) USD in \([0-9.]*\) s .*/\1 \2/p' "$log")
    read -r amount seconds <<<"${said:-FAILED -}"
    amounts+=("$amount")
    rows+=("$(printf '%-10s %-10s %10s %8s' "$4" "$3" "$amount" "$seconds")")
}

for presto in embedded real; do
    demo sagemaker '' $presto process
    demo sagemaker 1 $presto image
    demo local '' $presto local
done

printf '\n'
printf 'six ways: %s\n' "$(printf '%-10s %-10s %10s %8s' job presto credit seconds)" "${rows[@]}"
[ "$(printf '%s\n' "${amounts[@]}" | sort -u | wc -l)" = 1 ] && [ "${amounts[0]}" != FAILED ]
