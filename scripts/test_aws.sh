#!/usr/bin/env bash
# The AWS account's template: checked by cfn-lint and parliament, deployed into the sandbox, and bot and job run under
# its roles. Their tools, the aws CLI among them, are in an environment of their own under build/aws.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=build/aws
python=$(.venv/bin/python -c 'import sys; print(sys.executable)')

install_tools() {
    cmp -s tests/aws/requirements.txt "$tools/installed.txt" && return
    echo "Installing cfn-lint, parliament and the aws CLI ..."
    rm -rf "$tools"
    .venv/bin/uv venv --quiet --python "$python" "$tools/venv"
    .venv/bin/uv pip install --quiet --python "$tools/venv/bin/python" --require-hashes -r tests/aws/requirements.txt || {
        echo "test-aws: its tools could not be installed: the package index is out of reach." >&2
        exit 1
    }
    mkdir "$tools/bin"
    for tool in aws cfn-lint parliament; do ln -s "../venv/bin/$tool" "$tools/bin/$tool"; done
    cp tests/aws/requirements.txt "$tools/installed.txt"
}

started=$SECONDS
install_tools
AWS_TOOLS=$PWD/$tools/bin .venv/bin/python -m pytest tests/aws/lane_*.py "$@"
echo "test-aws: $((SECONDS - started)) s"
