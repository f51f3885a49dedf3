"""Settings, read once from the environment and frozen. Nothing below this module reads the environment."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .errors import ConfigurationError
from .job_files import own_revision
from .notebook_choice import OUR_PROFILE, why_own

Kind = TypeVar("Kind", bound="Settings")
CommaList = Annotated[tuple[str, ...], NoDecode]

DEFAULT_ALLOWED_TABLES = (
    "authy.verification_usage",
    "verify.mcc_codes",
    "verify.fraud_guard_settings",
    "verify.accounts",
    "verify.mrr",
    "verify.provider_costs",
    "verify.blocking_events",
)
LOOKER_LOGIN = ("lookersdk_base_url", "lookersdk_client_id", "lookersdk_client_secret")


class Settings(BaseSettings):
    """What an executor needs of its installation: each field is read from the variable of its name in capitals.

    An empty string means unset: what a command needs it asks for with `require`, which names the variable. Nothing else
    in the environment is looked at, so that an executor may live in somebody else's bot.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False)

    aws_default_region: str = Field("us-east-1", validation_alias=AliasChoices("AWS_DEFAULT_REGION", "AWS_REGION"))
    s3_output_bucket: str = ""
    presto_secret_name: str = "presto-service-account-credentials"  # noqa: S105 (a name, not a secret)
    sagemaker_image_uri: str = ""
    sagemaker_role_arn: str = ""
    sagemaker_instance_type: str = "ml.m5.xlarge"
    sagemaker_max_runtime: int = Field(1800, ge=180, le=777_600)
    sagemaker_volume_size_gb: int = Field(30, ge=1, le=16_384)
    sagemaker_subnet_ids: CommaList = ()
    sagemaker_security_group_ids: CommaList = ()
    sagemaker_volume_kms_key_id: str = ""
    sagemaker_output_kms_key_id: str = ""
    sagemaker_tags: CommaList = ()
    allowed_tables: CommaList = DEFAULT_ALLOWED_TABLES
    sagemaker_environment: CommaList = ()
    notebook: str = ""
    notebook_dir: str = ""
    result_profile: str = ""
    slack_picture: bool = False

    @field_validator(
        *("sagemaker_subnet_ids", "sagemaker_security_group_ids", "sagemaker_tags", "sagemaker_environment"),
        "allowed_tables",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return _parts(value)

    @cached_property
    def tags(self) -> dict[str, str]:
        """`SAGEMAKER_TAGS=team=fraud,cost-center=42` as a mapping."""
        return dict(tag.split("=", 1) for tag in self.sagemaker_tags if "=" in tag)

    @cached_property
    def environment(self) -> dict[str, str]:
        """`SAGEMAKER_ENVIRONMENT=NAME=value,OTHER=value` as a mapping: variables that a notebook gets besides."""
        return dict(one.split("=", 1) for one in self.sagemaker_environment if "=" in one)

    @property
    def demanded_profile(self) -> str:
        """The profile that every result must keep besides the contract; "" for none."""
        return self.result_profile

    def require(self, *names: str) -> None:
        """Raise ConfigurationError naming each of these settings that is empty."""
        missing = [name.upper() for name in names if not _plain(getattr(self, name))]
        if missing:
            is_, it = ("is", "it") if len(missing) == 1 else ("are", "them")
            raise ConfigurationError(
                f"{' and '.join(missing)} {is_} not set: set {it} in the bot's environment "
                "(Documentation/SAGEMAKER_SETUP.md lists all settings)."
            )


class BotSettings(Settings):
    """What the bot needs besides, read likewise."""

    executor: Literal["sagemaker", "local"] = "sagemaker"

    # Slack
    slack_bot_token: SecretStr = SecretStr("")
    slack_channel: str = ""
    slack_error_user: str = ""
    slack_api_url: str = "https://slack.com/api/"
    slack_post_interval: float = Field(1.0, ge=0)

    # Looker; the SDK's own names
    lookersdk_base_url: str = ""
    lookersdk_client_id: str = ""
    lookersdk_client_secret: SecretStr = SecretStr("")
    looker_hosts: CommaList = ()

    # The tick
    lookback_hours: int = Field(48, ge=1, le=720)
    listen_seconds: int = Field(0, ge=0)
    tick_budget_seconds: int = Field(720, ge=1)
    max_concurrent_jobs: int = Field(20, ge=1, le=1000)

    @field_validator("looker_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return _parts(value)

    @property
    def demanded_profile(self) -> str:
        """RESULT_PROFILE; if it is empty, our own notebook's, unless another notebook is configured."""
        return self.result_profile or ("" if self.own_notebook else OUR_PROFILE)

    @property
    def own_notebook(self) -> str:
        """The setting that names a notebook of the company's own, in words; "" if the notebook is ours."""
        image = self.sagemaker_image_uri if self.executor == "sagemaker" else ""
        return why_own(self.notebook, self.notebook_dir, image)

    @property
    def job_place(self) -> str:
        """Where the notebook's code is that jobs run: the image, or `local`."""
        return "local" if self.executor == "local" else self.sagemaker_image_uri

    @property
    def is_of_one_revision(self) -> bool:
        """Whether bot and job are known to be built of the same commit."""
        built_of = _tag(self.sagemaker_image_uri).partition("-")[0]
        return self.executor == "local" or (bool(built_of) and built_of == own_revision())

    @property
    def needed(self) -> tuple[str, ...]:
        """The settings without which no tick begins."""
        for_jobs = ("sagemaker_image_uri", "sagemaker_role_arn") if self.executor == "sagemaker" else ()
        return ("slack_bot_token", "slack_channel", *LOOKER_LOGIN, "s3_output_bucket", *for_jobs)


def readable_settings() -> tuple[BotSettings, dict[str, str]]:
    """The settings with the default for each that cannot be read, and what is wrong with each of those, by variable."""
    fields, faults = BotSettings.model_fields, dict[str, str]()
    while True:
        try:
            return BotSettings(**{name.lower(): fields[name.lower()].default for name in faults}), faults
        except ValidationError as error:
            faults |= {str(fault["loc"][0]).upper(): fault["msg"] for fault in error.errors()}


def load_settings(**chosen: Any) -> BotSettings:
    """The bot's settings from the environment, or as `chosen` by hand instead (a field's name and its value).

    Raises ConfigurationError naming the variable that cannot be read.
    """
    return _load(BotSettings, **chosen)


def load_executor_settings() -> Settings:
    """An executor's alone. Raises as load_settings."""
    return _load(Settings)


def _load(kind: type[Kind], **chosen: Any) -> Kind:
    try:
        return kind(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "a setting"
        raise ConfigurationError(f"{name} cannot be read: {first['msg']}.") from error


def _tag(image_uri: str) -> str:
    """Of registry/repository:tag@digest; "" if it has none."""
    return image_uri.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _parts(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
