#!/bin/sh
# Takes out of a virtual environment what no run of it reads: tests, headers, compiled copies of what is there anyway.
# Everything left is made readable to all and writable to its owner only.
set -eu
site=$(echo "$1"/lib/python3*/site-packages)
find "$1" -type d \( -name tests -o -name test -o -name __pycache__ \) -prune -exec rm -rf {} +
find "$1" -type f \( -name '*.pyc' -o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.a' \) -delete
rm -rf "$site"/matplotlib/mpl-data/sample_data "$1"/share/man "$1"/include
chmod -R a=rX,u+w "$1"
