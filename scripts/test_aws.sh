#!/usr/bin/env bash
# The AWS account's template: checked by cfn-lint and parliament, deployed into the sandbox, and bot and job run under
# its roles. Their tools, the aws CLI among them, are in an environment of their own under build/aws.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=build/aws

started=$SECONDS
.venv/bin/python scripts/install.py $tools/venv tests/aws/requirements.txt
mkdir -p $tools/bin
for tool in aws cfn-lint parliament; do ln -sf "../venv/bin/$tool" $tools/bin/$tool; done
AWS_TOOLS=$PWD/$tools/bin .venv/bin/python -m pytest tests/aws/lane_*.py "$@"
echo "test-aws: $((SECONDS - started)) s"
