"""What the receivers share that Sysdig's charts install: the chart, its values, names, the umbrella chart `sysdig-deploy`.

What else the umbrella installs is left as it is: its own default, or what the user's values say.
Source: https://github.com/sysdiglabs/charts
"""

from typing import Any

from k8s_audit.config.receivers.sysdig import BackendConfig, CollectorConfig

UMBRELLA = "sysdig-deploy"
ACCESS_KEY = "access-key"
"""The key of the Secret that holds it, for all charts of Sysdig."""


def under(part: str, values: dict[str, Any], cluster: str, backend: BackendConfig, access_key: Any) -> dict[str, Any]:
    """The umbrella's values, with one of its sub-charts turned on; on premises all that it installs by itself are told where.

    Args:
        part: the key of the sub-chart, such as `admissionController`.
        values: the sub-chart's own.
        cluster: the cluster's name.
        backend: where all parts report to.
        access_key: name of the Secret that holds it.
    """
    everywhere: dict[str, Any] = {"region": backend.name(), "accessKeySecret": access_key}
    found: dict[str, Any] = {part: {"enabled": True, **values}}
    if backend.api_endpoint:
        everywhere["apiHost"] = backend.api_endpoint
        found["nodeAnalyzer"] = {"nodeAnalyzer": {"apiEndpoint": backend.api_endpoint}}
    if backend.collector:
        found["agent"] = {"collectorSettings": collector_of(backend.collector)} | found.get("agent", {})
    return {"global": {"clusterConfig": {"name": cluster}, "sysdig": everywhere}, **found}


def collector_of(collector: CollectorConfig) -> dict[str, Any]:
    """A collector on premises as the agent's chart takes it."""
    return {"collectorHost": collector.host, "collectorPort": collector.port}


def full_name(release: str, chart: str) -> str:
    """What the charts call their objects: the release, then the chart unless the release names it.

    Args:
        release: its name.
        chart: the chart's name; in an umbrella its alias.
    """
    return (release if chart in release else f"{release}-{chart}")[:63].rstrip("-").lower()
