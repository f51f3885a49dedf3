"""A role's policies as they are in the account, and what of them could be left out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.iam import Demand, decide

Document = dict[str, Any]


def documents_of(iam: Any, role_arn: str) -> dict[str, Document]:
    """Every policy of a role: its name or ARN, and its document."""
    name = role_arn.rpartition("/")[2]
    inline = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return inline | {policy["PolicyArn"]: managed_document(iam, policy["PolicyArn"]) for policy in attached}


def managed_document(iam: Any, policy_arn: str) -> Document:
    """A managed policy's default version."""
    version = iam.get_policy(PolicyArn=policy_arn)["Policy"]["DefaultVersionId"]
    document: Document = iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)["PolicyVersion"]["Document"]
    return document


def reductions(document: Document) -> Iterator[tuple[str, Document]]:
    """(what is left out, the rest): each statement, and of statements with several each action and each resource."""
    for number, statement in enumerate(document["Statement"]):
        rest = copy.deepcopy(document)
        del rest["Statement"][number]
        yield statement["Sid"], rest
        for element in ("Action", "Resource"):
            values = statement[element]
            for value in values if isinstance(values, list) and len(values) > 1 else []:
                rest = copy.deepcopy(document)
                rest["Statement"][number][element].remove(value)
                yield f"{statement['Sid']}: {value}", rest


def demand(met: Mapping[str, Any]) -> Demand:
    """A demand out of the sandbox's record."""
    context = {name: tuple(value) if isinstance(value, list) else value for name, value in met["context"].items()}
    return Demand(met["action"], met["resource"], context)


def unneeded(documents: Mapping[str, Document], met: list[dict[str, Any]]) -> list[str]:
    """What no demand would miss."""
    wanted = [demand(one) for one in met]
    found = []
    for name, document in documents.items():
        for left_out, rest in reductions(document):
            others = [other for key, other in documents.items() if key != name]
            if all(decide([*others, rest], one) == "allowed" for one in wanted):
                found.append(left_out)
    return found
