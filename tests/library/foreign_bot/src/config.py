"""Their settings, with names that ours have, too."""

import os

EXECUTOR = "KubernetesExecutor"
LOOKBACK_HOURS = 1000
MESSAGES = os.environ["MESSAGES"]
PROCESSED = os.environ["PROCESSED"]
ERROR_USER = "U0ONCALL"
