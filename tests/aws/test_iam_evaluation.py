"""The sandbox's IAM says what IAM's documentation says, and what moto's own evaluation says where it has one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

from sandbox.aws.iam import Demand, UnsupportedPolicy, decide, trusts

OBJECT = "arn:aws:s3:::bucket/state/a.json"


def policy(**statement: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | statement],
    }


@pytest.mark.parametrize(
    ("statement", "demand", "decision"),
    [
        ({}, Demand("s3:GetObject", OBJECT), "allowed"),
        ({"Action": ["s3:PutObject", "s3:Get*"]}, Demand("s3:GetObject", OBJECT), "allowed"),
        ({}, Demand("s3:GetObjectVersion", OBJECT), "not allowed"),
        ({"Resource": "arn:aws:s3:::bucket/state/*"}, Demand("s3:GetObject", OBJECT), "allowed"),
        ({"Resource": "arn:aws:s3:::bucket/*.json"}, Demand("s3:GetObject", OBJECT), "allowed"),
        ({"Resource": "arn:aws:s3:::bucket/State/*"}, Demand("s3:GetObject", OBJECT), "not allowed"),
        ({"Resource": "arn:aws:s3:::bucket/state/a"}, Demand("s3:GetObject", OBJECT), "not allowed"),
        ({"Effect": "Deny"}, Demand("s3:GetObject", OBJECT), "denied"),
    ],
)
def test_actions_and_resources_match_as_documented(statement: dict[str, Any], demand: Demand, decision: str) -> None:
    assert decide([policy(**statement)], demand) == decision
    by_moto = IAMPolicy(json.dumps(policy(**statement))).is_action_permitted(demand.action, demand.resource)
    expected = {"allowed": PermissionResult.PERMITTED, "denied": PermissionResult.DENIED}
    assert by_moto == expected.get(decision, PermissionResult.NEUTRAL)


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"a:b": "x"}}, {"a:b": "x"}, True),
        ({"StringEquals": {"A:B": "x"}}, {"a:b": "x"}, True),
        ({"StringEquals": {"a:b": ["y", "x"]}}, {"a:b": "x"}, True),
        ({"StringEquals": {"a:b": "x"}}, {"a:b": "X"}, False),
        ({"StringEquals": {"a:b": "x"}}, {}, False),
        ({"StringEquals": {"a:b": "x", "a:c": "y"}}, {"a:b": "x"}, False),
        ({"StringLike": {"a:b": "x*"}}, {"a:b": "xyz"}, True),
        ({"StringEquals": {"a:b": "x*"}}, {"a:b": "xyz"}, False),
        ({"NumericLessThanEquals": {"a:b": "7200"}}, {"a:b": "1800"}, True),
        ({"NumericLessThanEquals": {"a:b": "7200"}}, {"a:b": "7201"}, False),
        ({"Bool": {"a:b": "true"}}, {"a:b": "true"}, True),
        ({"Bool": {"a:b": True}}, {"a:b": "false"}, False),
        ({"ForAllValues:StringEquals": {"a:b": ["x", "y"]}}, {"a:b": ("y", "x")}, True),
        ({"ForAllValues:StringEquals": {"a:b": ["x", "y"]}}, {"a:b": ("x", "z")}, False),
        ({"ForAllValues:StringEquals": {"a:b": ["x"]}}, {}, True),
    ],
)
def test_conditions_hold_as_documented(condition: dict[str, Any], context: dict[str, Any], holds: bool) -> None:
    decision = decide([policy(Condition=condition)], Demand("s3:GetObject", OBJECT, context))

    assert decision == ("allowed" if holds else "not allowed")


def test_the_case_of_an_action_does_not_matter() -> None:
    assert decide([policy(Action="S3:getobject")], Demand("s3:GetObject", OBJECT)) == "allowed"


def test_a_question_mark_is_one_character() -> None:
    demand = Demand("s3:GetObject", OBJECT)

    assert decide([policy(Resource="arn:aws:s3:::bucket/state/?.json")], demand) == "allowed"
    assert decide([policy(Resource="arn:aws:s3:::bucket/state/?")], demand) == "not allowed"


def test_a_deny_wins_over_any_number_of_allows() -> None:
    demand = Demand("s3:GetObject", OBJECT)

    assert decide([policy(), policy(Effect="Deny"), policy()], demand) == "denied"
    assert decide([], demand) == "not allowed"


@pytest.mark.parametrize(
    "statement",
    [
        {"NotAction": "s3:*"},
        {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Resource": "arn:aws:s3:::bucket/${aws:username}/*"},
    ],
)
def test_what_is_not_known_is_refused_and_never_passed_over(statement: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedPolicy):
        decide([policy(**statement)], Demand("s3:GetObject", OBJECT))


def test_a_role_is_taken_only_by_whom_it_trusts() -> None:
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ]
    }
    ours = Demand("sts:AssumeRole", "*", {"aws:SourceAccount": "123456789012"})
    theirs = Demand("sts:AssumeRole", "*", {"aws:SourceAccount": "999999999999"})

    assert trusts(trust, "Service", "sagemaker.amazonaws.com", ours)
    assert not trusts(trust, "Service", "ec2.amazonaws.com", ours)
    assert not trusts(trust, "Federated", "sagemaker.amazonaws.com", ours)
    assert not trusts(trust, "Service", "sagemaker.amazonaws.com", theirs)
