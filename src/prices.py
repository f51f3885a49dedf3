"""What a processing job costs an hour, for estimates, and what the VPC costs without any job.

On-demand USD an hour in us-east-1, as of PRICES_AS_OF. To renew: copy the column "Processing" from
https://aws.amazon.com/sagemaker/pricing/ for your region and ENDPOINT_USD_PER_HOUR from
https://aws.amazon.com/privatelink/pricing/, then set PRICES_AS_OF. Past estimates keep the prices they were made with.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from .config import Settings

PRICES_AS_OF = "2025-01"

USD_PER_HOUR = {
    "ml.t3.medium": 0.05,
    "ml.t3.large": 0.10,
    "ml.t3.xlarge": 0.20,
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
}

HOURS_A_MONTH = 730
ENDPOINT_USD_PER_HOUR = 0.01
"""One interface VPC endpoint in one availability zone."""


def estimate(instance_type: str, seconds: float) -> float | None:
    """Estimated USD for so many seconds; None for an instance type the table does not have."""
    price = USD_PER_HOUR.get(instance_type)
    return None if price is None else round(price * seconds / 3600, 6)


def months_old(today: date) -> int:
    """Months since the prices were looked up."""
    year, month = map(int, PRICES_AS_OF.split("-"))
    return (today.year - year) * 12 + today.month - month


def fixed_costs(settings: Settings) -> dict[str, Any]:
    """What the job's VPC costs a month without any job: the interface endpoints it needs, in each of its subnets.

    Secrets Manager alone: S3 goes through a gateway endpoint, which is free, and a key of one's own is used by S3 and
    Secrets Manager, not by the job. A VPC with a NAT gateway needs none, and pays for the gateway.
    """
    services = ["secretsmanager"]
    endpoints = len(services) * len(settings.sagemaker_subnet_ids)
    return {
        "vpc_endpoints": endpoints,
        "services": services if endpoints else [],
        "usd_a_month": round(endpoints * ENDPOINT_USD_PER_HOUR * HOURS_A_MONTH, 2),
    }
