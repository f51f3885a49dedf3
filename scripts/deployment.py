"""What deploy.sh knows of credit_bot.json, the stack's outputs, and the versions that were deployed. Standard library.

A version is {"revision", "deployed_at", "config"}: `config` is credit_bot.json as it was brought to the DAGs folder.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Config = dict[str, Any]
Version = dict[str, Any]
KEPT = 50
"""Versions that are remembered, the newest."""


class Wrong(Exception):
    """What cannot be done, in words for the person who deploys."""


def compose(source: str, outputs: str, job: str, bot: str, bot_local: str) -> Config:
    """Complete the installation's credit_bot.json: these images, and the stack's outputs for what it leaves open."""
    config = _read(source)
    of_stack = {output["Description"]: output["OutputValue"] for output in _read(outputs) if _is_variable(output)}
    environment = {**of_stack, **config["environment"], "SAGEMAKER_IMAGE_URI": job}
    for name in ("S3_OUTPUT_BUCKET", "SAGEMAKER_ROLE_ARN"):
        if config["environment"].get(name) not in {None, of_stack.get(name)}:
            raise Wrong(
                f"{source}: environment has {name}={config['environment'][name]}, the stack {of_stack.get(name)}: "
                f"take {name} out of it, and the stack's is used."
            )
    return {**config, "images": {"sagemaker": bot, "local": bot_local}, "environment": environment}


def output(outputs: str, name: str) -> str:
    """One of the stack's outputs."""
    for found in _read(outputs):
        if found["OutputKey"] == name:
            return str(found["OutputValue"])
    raise Wrong(f"The stack has no output {name}: deploy sagemaker/template.yaml of this commit.")


def field(config: str, name: str) -> str:
    """A field of credit_bot.json; empty where it has none."""
    return str(_read(config).get(name, ""))


def images(config: str) -> str:
    """Every image that a configuration names, a line each."""
    read = _read(config)
    return "\n".join([read["environment"]["SAGEMAKER_IMAGE_URI"], *read["images"].values()])


def push(versions: str, config: str, revision: str) -> list[Version]:
    """Put a version on top; the same one again, or the same one with its own executor again, replaces it."""
    before: list[Version] = _read(versions)
    now: Config = _read(config)
    if before and (before[-1]["revision"], before[-1]["config"]) == (revision, now):
        return before
    if before and before[-1]["revision"] == revision and {**before[-1]["config"], "executor": now["executor"]} == now:
        return [*before[:-1], {**before[-1], "config": now}]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return [*before, {"revision": revision, "deployed_at": at, "config": now}][-KEPT:]


def previous(versions: str) -> list[Version]:
    """The versions without the one on top."""
    read: list[Version] = _read(versions)
    if len(read) < 2:
        raise Wrong("There is no version before this one; --rollback local needs none.")
    return read[:-1]


def local(versions: str) -> list[Version]:
    """Have the version on top run by EXECUTOR=local; deploying it again brings its own executor back."""
    read: list[Version] = _read(versions)
    if not read:
        raise Wrong("Nothing was deployed by deploy.sh yet: set executor to local in credit_bot.json by hand.")
    return [*read[:-1], {**read[-1], "config": {**read[-1]["config"], "executor": "local"}}]


def top(versions: str) -> Config:
    """The deployed configuration."""
    config: Config = _read(versions)[-1]["config"]
    return config


def revision(versions: str) -> str:
    """The deployed commit."""
    return str(_read(versions)[-1]["revision"])


def describe(versions: str) -> str:
    """The deployed version in a line."""
    read = _read(versions)
    if not read:
        return "nothing"
    last = read[-1]
    job = last["config"]["environment"]["SAGEMAKER_IMAGE_URI"]
    return f"{last['revision'][:12]} of {last['deployed_at']}, executor {last['config']['executor']}, job {job}"


def run(config: str, *command: str) -> None:
    """Replace this process by the command, in the bot's environment; the secrets are in ours already."""
    read = _read(config)
    environment = {name: str(value) for name, value in read["environment"].items()}
    os.execvpe(command[0], command, {**os.environ, **environment, "EXECUTOR": read["executor"]})  # noqa: S606


def _is_variable(output: dict[str, str]) -> bool:
    return re.fullmatch(r"[A-Z][A-Z0-9_]+", output.get("Description", "")) is not None


def _read(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise Wrong(f"{path} is not JSON: {error}.") from error


COMMANDS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (compose, output, field, images, push, previous, local, top, revision, describe, run)
}


def main(name: str, *arguments: str) -> int:
    """Print what the command answers; 1 with a sentence where it cannot be done."""
    try:
        answer = COMMANDS[name](*arguments)
    except Wrong as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    print(answer if isinstance(answer, str) else json.dumps(answer, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
