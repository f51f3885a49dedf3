"""Stands for their Slack: messages come from a file, what is posted goes to standard output, a JSON object a line."""

import json
from pathlib import Path

from . import config


def messages():
    return [json.loads(line) for line in Path(config.MESSAGES).read_text().splitlines()]


def reply(ts, text):
    print(json.dumps({"thread": ts, "text": text}), flush=True)


def dm(user, text):
    print(json.dumps({"user": user, "text": text}), flush=True)
