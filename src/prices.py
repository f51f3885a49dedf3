"""What a processing job costs an hour, for estimates.

On-demand USD an hour in us-east-1, as of PRICES_AS_OF; renew both from https://aws.amazon.com/sagemaker/pricing/
"""

from __future__ import annotations

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
"""One interface VPC endpoint in one availability zone: https://aws.amazon.com/privatelink/pricing/ (same date)."""


def estimate(instance_type: str, seconds: float) -> float | None:
    """Estimated USD for so many seconds; None for an instance type the table does not have."""
    price = USD_PER_HOUR.get(instance_type)
    return None if price is None else round(price * seconds / 3600, 6)
