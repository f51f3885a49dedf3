"""Where a secret may go over plain http: to this machine alone, by the same rule for Slack, Looker and Presto."""

from __future__ import annotations

import pytest
from verify_credit import credentials

from src import loopback
from src.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://looker.example:19999", True),
        ("HTTPS://looker.example", True),
        ("http://127.0.0.1:9000/api/", True),
        ("http://localhost:9000", True),
        ("http://[::1]:9000", True),
        ("http://looker.example", False),
        ("http://localhost.example", False),
        ("http://127.0.0.1@looker.example", False),
        ("http://127.0.0.2", False),
        ("https:looker.example", False),
        (" https://looker.example", False),
        ("ftp://localhost", False),
        ("localhost", False),
    ],
)
@pytest.mark.parametrize("setting", ["LOOKERSDK_BASE_URL", "SLACK_API_URL"])
def test_a_secret_goes_over_https_or_stays_on_this_machine(setting: str, url: str, may: bool) -> None:
    if may:
        loopback.check_https(setting, url)
    else:
        with pytest.raises(ConfigurationError, match=f"{setting} must begin with https://"):
            loopback.check_https(setting, url)


def test_the_job_which_is_deployed_apart_takes_the_same_hosts_for_this_machine() -> None:
    assert all(loopback.is_loopback(f"http://{f'[{host}]' if ':' in host else host}/") for host in credentials.LOOPBACK)
    assert len(credentials.LOOPBACK) == 3
