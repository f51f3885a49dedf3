#!/usr/bin/env bash
# The DAG in real Airflow, each version in an environment of its own under build/airflow (made once, then kept).
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
python=$(.venv/bin/python -c 'import sys; print(sys.executable)')

[ -x "$uv" ] || {
    echo "test-airflow: $uv is not here, and only uv installs the packages of a day (--exclude-newer): run make install." >&2
    exit 1
}

# Version, and the day whose package versions it is installed with: those it was released for.
versions=(2.10.3@2024-11-10 3.0.6@2025-09-15 3.1.3@2025-11-20)

make_environment() {
    local version=$1 day=$2 folder=build/airflow/$1
    [ ! -e "$folder/.installed" ] || return 0
    echo "Installing Airflow $version (packages of $day) ..."
    rm -rf "$folder"
    "$uv" venv --quiet --python "$python" "$folder"
    "$uv" pip install --quiet --python "$folder/bin/python" --exclude-newer "$day" \
        "apache-airflow==$version" apache-airflow-providers-cncf-kubernetes || {
        echo "test-airflow: Airflow $version could not be installed: the package index is out of reach, or gives no dates for its files (--exclude-newer needs them)." >&2
        exit 1
    }
    touch "$folder/.installed"
}

started=$SECONDS
for entry in "${versions[@]}"; do make_environment "${entry%@*}" "${entry#*@}"; done
AIRFLOW_VERSIONS="${versions[*]%@*}" .venv/bin/python -m pytest tests/airflow/lane_airflow.py "$@"
echo "test-airflow: $((SECONDS - started)) s"
