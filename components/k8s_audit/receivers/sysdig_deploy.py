"""Sysdig's umbrella chart `sysdig-deploy`: what its sub-charts share, and how one of them is turned on in it.

What else the umbrella installs is left as it is: its own default, or what the user's values say.
Source: https://github.com/sysdiglabs/charts/tree/main/charts/sysdig-deploy
"""

from typing import Any

from k8s_audit.config.receivers.sysdig import BackendConfig

CHART = "sysdig-deploy"
ACCESS_KEY = "access-key"
"""The key of the Secret that holds it, for all charts of Sysdig."""
TO_BE_NAMED = "to-be-named"
"""Stands for a Secret's name while values are judged."""


def under(part: str, values: dict[str, Any], cluster: str, backend: BackendConfig, access_key: Any) -> dict[str, Any]:
    """The umbrella's values.

    Args:
        part: the key of the sub-chart, such as `admissionController`.
        values: the sub-chart's own.
        cluster: the cluster's name.
        backend: where all parts report to.
        access_key: name of the Secret that holds it.
    """
    return {
        "global": {
            "clusterConfig": {"name": cluster},
            "sysdig": {"region": backend.name(), "accessKeySecret": access_key},
        },
        part: {"enabled": True, **values},
    }


def full_name(release: str, chart: str) -> str:
    """What the charts of Sysdig call their objects: the release, then the chart unless the release names it.

    Args:
        release: its name.
        chart: the chart's name; in an umbrella its alias.
    """
    return (release if chart in release else f"{release}-{chart}")[:63].rstrip("-").lower()


def named(secrets: list[str]) -> list[dict[str, str]]:
    """Pull secrets as the charts take them."""
    return [{"name": name} for name in secrets]
