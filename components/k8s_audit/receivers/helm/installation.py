"""What every receiver does before its release: get the chart, judge all of its values, make the namespace."""

from typing import Any

import pulumi

from k8s_audit.config.receivers.helm import HelmReceiver
from k8s_audit.receivers.helm.chart import Chart, load_chart
from k8s_audit.receivers.helm.release import namespace
from k8s_audit.receivers.helm.values import judge_values, merged

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


def named(secrets: list[str]) -> list[dict[str, str]]:
    """Pull secrets as the charts take them."""
    return [{"name": name} for name in secrets]


def _path(config: HelmReceiver) -> str:
    return f"receiver {config.name}: values"
