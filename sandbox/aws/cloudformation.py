"""What moto's CloudFormation lacks of what sagemaker/template.yaml uses.

Imported once a stack is asked for: moto imports every service with it, which takes seconds.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any, ClassVar, cast

import moto.cloudformation.parsing
from moto.cloudformation.models import ChangeSet, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends

parsing: Any = moto.cloudformation.parsing


def _secret(name: str, properties: dict[str, Any], account: str, region: str) -> str:
    """Without a value; its ARN."""
    backend: Any = secretsmanager_backends[account][region]
    backend.create_secret(
        name=name,
        secret_string=None,
        secret_binary=None,
        description=properties.get("Description"),
        tags=properties.get("Tags", []),
        kms_key_id=properties.get("KmsKeyId"),
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    return str(backend.secrets[name].arn)


def _bucket_policy(_name: str, properties: dict[str, Any], _account: str, _region: str) -> str:
    """Not put on the bucket: moto would deny everything, for it reads no conditions."""
    return str(properties["Bucket"])


def _subscription(_name: str, properties: dict[str, Any], account: str, region: str) -> str:
    backend: Any = sns_backends[account][region]
    return str(backend.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"]).arn)


def _alarm(name: str, properties: dict[str, Any], account: str, region: str) -> str:
    """On one metric."""
    backend: Any = cloudwatch_backends[account][region]
    backend.put_metric_alarm(
        name=name,
        namespace=properties["Namespace"],
        metric_name=properties["MetricName"],
        comparison_operator=properties["ComparisonOperator"],
        evaluation_periods=int(properties["EvaluationPeriods"]),
        period=int(properties["Period"]),
        threshold=float(properties["Threshold"]),
        statistic=properties["Statistic"],
        description=properties.get("AlarmDescription", ""),
        dimensions=properties.get("Dimensions", []),
        alarm_actions=properties.get("AlarmActions", []),
        ok_actions=properties.get("OKActions", []),
        treat_missing_data=properties.get("TreatMissingData"),
    )
    return name


class _Made:
    """The methods that moto calls on a resource's class. moto finds the classes as CloudFormationModel's subclasses."""

    kind: ClassVar[str]
    named_by: ClassVar[str] = ""
    make: ClassVar[staticmethod[[str, dict[str, Any], str, str], str]]

    def __init__(self, physical_resource_id: str) -> None:
        self.physical_resource_id = physical_resource_id

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.named_by

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.kind

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_kwargs: Any
    ) -> Any:
        return cls(cls.make(resource_name, cloudformation_json["Properties"], account_id, region_name))

    @classmethod
    def update_from_cloudformation_json(cls, original_resource: Any, **_kwargs: Any) -> Any:
        """An update leaves it as it is."""
        return original_resource


class Secret(_Made, CloudFormationModel):  # type: ignore[misc]
    """AWS::SecretsManager::Secret."""

    kind, named_by, make = "AWS::SecretsManager::Secret", "Name", staticmethod(_secret)


class BucketPolicy(_Made, CloudFormationModel):  # type: ignore[misc]
    """AWS::S3::BucketPolicy."""

    kind, make = "AWS::S3::BucketPolicy", staticmethod(_bucket_policy)


class Subscription(_Made, CloudFormationModel):  # type: ignore[misc]
    """AWS::SNS::Subscription."""

    kind, make = "AWS::SNS::Subscription", staticmethod(_subscription)


class Alarm(_Made, CloudFormationModel):  # type: ignore[misc]
    """AWS::CloudWatch::Alarm."""

    kind, named_by, make = "AWS::CloudWatch::Alarm", "AlarmName", staticmethod(_alarm)


def _complete_functions() -> None:
    """Fn::Cidr, and AWS::NoValue in a list."""
    clean = parsing.clean_json

    def clean_all(value: Any, resources: Any) -> Any:
        if isinstance(value, dict) and "Fn::Cidr" in value:
            return _cidrs(*clean_all(value["Fn::Cidr"], resources))
        cleaned = clean(value, resources)
        return [entry for entry in cleaned if entry is not None] if isinstance(cleaned, list) else cleaned

    parsing.clean_json = clean_all


def _split_defaults() -> None:
    """A CommaDelimitedList's default is a list too; the value that an update keeps is given as text again."""
    load = parsing.ResourceMap.load_parameters

    def load_parameters(self: Any) -> None:
        self.input_parameters = {name: _text(value) for name, value in self.input_parameters.items()}
        load(self)
        for name, parameter in self._template.get("Parameters", {}).items():
            value = self.resolved_parameters[name]
            if parameter["Type"] == "CommaDelimitedList" and isinstance(value, str):
                self.resolved_parameters[name] = self._parsed_resources[name] = value.split(",")

    parsing.ResourceMap.load_parameters = load_parameters


def _let_empty_change_sets_fail() -> None:
    """A change set without changes is made, and its status FAILED says so: moto refuses to make it."""
    make: Any = CloudFormationResponse.create_change_set

    def create_change_set(self: Any) -> Any:
        self._validate_different_update = lambda *_arguments: None
        return make(self)

    def has_parameters(self: Any, parameters: dict[str, Any]) -> bool:
        return all(_text(self.stack_parameters.get(name)) == _text(value) for name, value in parameters.items())

    response, stack = cast("Any", CloudFormationResponse), cast("Any", Stack)
    response.create_change_set, stack.has_parameters = create_change_set, has_parameters


def _give_change_sets_outputs() -> None:
    """A stack that a change set makes or changes has the template's outputs."""
    change_set: Any = ChangeSet
    apply = change_set.apply

    def apply_all(self: Any) -> None:
        apply(self)
        self.stack.template_dict = self.template_dict
        self.stack.output_map = self.stack._create_output_map()

    change_set.apply = apply_all


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _cidrs(block: str, count: int, host_bits: int) -> list[str]:
    subnets = ip_network(block).subnets(new_prefix=32 - int(host_bits))
    return [str(next(subnets)) for _ in range(int(count))]


_complete_functions()
_split_defaults()
_let_empty_change_sets_fail()
_give_change_sets_outputs()
