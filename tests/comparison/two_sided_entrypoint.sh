#!/bin/sh
exec "${PYTHON:-python3}" "$(dirname -- "$0")/two_sided_job.py"
