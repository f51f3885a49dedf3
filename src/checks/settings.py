"""Each setting: that it can be read, is there where it is needed, and is what its service takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import SecretStr

from ..aws import AwsClients
from ..config import BotSettings
from ..errors import ConfigurationError, CreditsError
from ..execution.processing_request import FROM_SETTING, processing_request
from ..execution.service_limits import breaks_limits
from ..execution.submission import make_check
from ..loopback import check_https
from .findings import Examination, Finding

SETTINGS_DOCUMENT = "Documentation/SAGEMAKER_SETUP.md lists all settings"
_ANY_ID = "20260115_123456_00000000"


def setting(name: str) -> str:
    """A setting's check."""
    return f"setting {name}"


def check_settings(
    examination: Examination, settings: BotSettings, unreadable: dict[str, str], clients: AwsClients
) -> None:
    """A line for each setting that is needed, set, or wrong. `unreadable`: what is wrong with which, by variable."""
    needed = [name.upper() for name in (*settings.needed, "presto_secret_name")]
    faults = {name: f"cannot be read: {fault}" for name, fault in unreadable.items()}
    faults |= {name: "is not set" for name in needed if not _text(settings, name) and name not in faults}
    faults = dict(_refused(settings, clients)) | faults
    for field in type(settings).model_fields:
        name = field.upper()
        if name in faults:
            examination.add(Finding(setting(name), "wrong", faults[name], _mend(name)))
        elif field == "result_profile":
            examination.add(Finding(setting(name), "ok", _profile(settings)))
        elif name in needed or field in settings.model_fields_set:
            examination.add(Finding(setting(name), "ok", _shown(settings, field)))


def _mend(name: str) -> str:
    return f"Correct {name} in the bot's environment ({SETTINGS_DOCUMENT})."


def _refused(settings: BotSettings, clients: AwsClients) -> Iterator[tuple[str, str]]:
    """(setting, what is wrong) of each that a service would refuse."""
    for look in _looks(settings):
        try:
            look()
        except CreditsError as error:
            name = str(error).split(maxsplit=1)[0]
            yield name, str(error).removeprefix(name).strip()
    if settings.executor == "sagemaker":
        yield from _beyond_limits(settings, clients)


def _looks(settings: BotSettings) -> Iterator[Callable[[], object]]:
    """Each raises an error that begins with the name of the setting."""
    if settings.s3_output_bucket:
        yield lambda: make_check(settings, _ANY_ID)
    if settings.lookersdk_base_url:
        yield lambda: check_https("LOOKERSDK_BASE_URL", settings.lookersdk_base_url)
    if settings.slack_bot_token.get_secret_value():
        yield lambda: _bot_token(settings.slack_bot_token.get_secret_value())
    yield lambda: check_https("SLACK_API_URL", settings.slack_api_url)
    yield lambda: _hosts(settings)


def _bot_token(token: str) -> None:
    if not token.startswith("xoxb-"):
        raise ConfigurationError("SLACK_BOT_TOKEN does not begin with xoxb-: it is no Bot User OAuth Token.")


def _hosts(settings: BotSettings) -> None:
    wrong = [host for host in settings.looker_hosts if "/" in host]
    if wrong:
        raise ConfigurationError(f"LOOKER_HOSTS has {wrong[0]!r}: give host names alone, without https:// and path.")


def _beyond_limits(settings: BotSettings, clients: AwsClients) -> Iterator[tuple[str, str]]:
    """What CreateProcessingJob would refuse; a setting that is missing does not hide the others."""
    whole = settings.model_copy(
        update={
            name.lower(): getattr(settings, name.lower()) or stand_in
            for name, stand_in in (
                ("S3_OUTPUT_BUCKET", "stand-in"),
                ("PRESTO_SECRET_NAME", "stand-in"),
                ("SAGEMAKER_IMAGE_URI", "stand-in"),
                ("SAGEMAKER_ROLE_ARN", "arn:aws:iam::123456789012:role/stand-in"),
            )
        }
    )
    try:
        request = processing_request(whole, make_check(whole, _ANY_ID))
    except ConfigurationError as error:
        name = str(error).split(maxsplit=1)[0]
        yield name, str(error).removeprefix(name).strip()
        return
    for place, value, rule in breaks_limits(clients.sagemaker, "CreateProcessingJob", request):
        prefix = max((known for known in FROM_SETTING if place.startswith(known)), key=len, default="")
        yield FROM_SETTING.get(prefix, place), f"is {value!r}, which CreateProcessingJob would refuse: {rule}"


def _profile(settings: BotSettings) -> str:
    """Which holds, and why."""
    own = settings.own_notebook
    why = f"the notebook is the company's own ({own})" if own else "NOTEBOOK and the image's tag name no other notebook"
    if settings.result_profile:
        return f"{settings.result_profile} is demanded, since it is set; {why}"
    return f"nothing besides the contract: {why}" if own else f"{settings.demanded_profile} is demanded: {why}"


def _text(settings: BotSettings, name: str) -> str:
    value = getattr(settings, name.lower())
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _shown(settings: BotSettings, field: str) -> str:
    value = getattr(settings, field)
    if isinstance(value, SecretStr):
        return "is set"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
