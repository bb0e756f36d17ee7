"""What the receivers share that Sysdig's charts install: the chart, its values, names, the umbrella chart `sysdig-deploy`.

What else the umbrella installs is left as it is: its own default, or what the user's values say.
Source: https://github.com/sysdiglabs/charts
"""

from typing import Any

import pulumi

from k8s_audit.config.receivers.helm import HelmReceiver
from k8s_audit.config.receivers.sysdig import BackendConfig, CollectorConfig
from k8s_audit.receivers.helm.chart import Chart, load_chart
from k8s_audit.receivers.helm.release import namespace
from k8s_audit.receivers.helm.values import judge_values, merged

UMBRELLA = "sysdig-deploy"
ACCESS_KEY = "access-key"
"""The key of the Secret that holds it, for all charts of Sysdig."""
TO_BE_NAMED = "to-be-named"
"""Stands for a Secret's name while values are judged."""


def chart_of(chart: str, config: HelmReceiver, parent: pulumi.Resource) -> Chart:
    """A receiver's chart; what is to be said of it is said.

    Raises:
        ConfigError: it is not there, or is another one.
        ToolError: helm cannot get it.
    """
    found = load_chart(chart, config.chart, f"receiver {config.name}: chart")
    for warning in found.warnings:
        pulumi.log.warn(warning, parent)
    return found


def whole(typed: dict[str, Any], config: HelmReceiver) -> dict[str, Any]:
    """All values of a release: ours, and the user's beside them.

    Raises:
        ConfigError: both set the same.
    """
    return merged(typed, config.values, _path(config))


def judge_whole(chart: Chart, typed: dict[str, Any], config: HelmReceiver) -> None:
    """Judge all values of a release.

    Args:
        chart: the release's.
        typed: ours, with TO_BE_NAMED for what is known later.
        config: the receiver, whose `values` stand beside ours.

    Raises:
        ConfigError: with all faults.
    """
    judge_values(chart, whole(typed, config), _path(config))


def in_namespace(config: HelmReceiver, pod_security: str, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of what lies in the receiver's namespace, made first if it is ours to make.

    Args:
        config: the receiver.
        pod_security: what its pods need: `privileged`, `baseline` or `restricted`.
        parent: the component.
    """
    options = pulumi.ResourceOptions(parent=parent)
    if not config.makes_namespace():
        return options
    made = namespace(config.name, config.namespace, pod_security, options)
    return pulumi.ResourceOptions(parent=parent, depends_on=[made])


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


def named(secrets: list[str]) -> list[dict[str, str]]:
    """Pull secrets as the charts take them."""
    return [{"name": name} for name in secrets]


def _path(config: HelmReceiver) -> str:
    return f"receiver {config.name}: values"
