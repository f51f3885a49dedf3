"""Tests start many a process: what one has compiled is kept for the next, whatever the shell says of bytecode."""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
