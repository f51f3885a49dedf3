"""Sends a tick's figures to CloudWatch by one PutMetricData: a pod's log lines become no metrics by themselves."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..aws import AwsClients
from ..errors import CreditsError
from .tick import Summary

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

log = logging.getLogger("credits")

NAMESPACE = "CreditsAutomation"


def publish(clients: AwsClients, summary: Summary, calls: dict[str, int], now: float) -> None:
    """Send the figures; log a failure, since no tick fails for its metrics. calls: by service; now: since 1970."""
    try:
        clients.call(
            clients.cloudwatch,
            "put_metric_data",
            "sending metrics",
            Namespace=NAMESPACE,
            MetricData=_data(summary, calls, datetime.fromtimestamp(now, UTC)),
        )
    except CreditsError as error:
        log.warning("metrics not sent: %s", error)


def _data(summary: Summary, calls: dict[str, int], at: datetime) -> list[MetricDatumTypeDef]:
    figures = {
        "TicksSucceeded": 1,
        "MessagesSeen": summary.seen,
        "RequestsAnswered": summary.answered,
        "RequestsFailed": summary.failed,
        "RequestsRefused": summary.refused,
        "JobsRunning": summary.running,
        "RequestsWaiting": summary.waiting,
        "Problems": summary.problems,
        "EstimatedCostUSD": summary.cost_usd_estimate,
    }
    data: list[MetricDatumTypeDef] = [
        {"MetricName": name, "Timestamp": at, "Value": value, "Unit": "None" if name.endswith("USD") else "Count"}
        for name, value in figures.items()
    ]
    data.append({"MetricName": "TickSeconds", "Timestamp": at, "Value": summary.seconds, "Unit": "Seconds"})
    data += [
        {
            "MetricName": "OutsideCalls",
            "Dimensions": [{"Name": "Service", "Value": service}],
            "Timestamp": at,
            "Value": number,
            "Unit": "Count",
        }
        for service, number in sorted(calls.items())
    ]
    return data
