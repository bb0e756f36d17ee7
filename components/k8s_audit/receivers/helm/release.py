"""A chart's release, and the Secrets that its values name."""

from typing import TYPE_CHECKING, Any

import pulumi

from k8s_audit.receivers.helm.chart import Chart

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import Secret
    from pulumi_kubernetes.helm.v3 import Release


def place_release(
    name: str,
    chart: Chart,
    namespace: pulumi.Input[str],
    values: dict[str, Any],
    *,
    adopt: bool = False,
    skip_await: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> "Release":
    """Register a release."""
    raise NotImplementedError


def secret(
    name: str,
    namespace: pulumi.Input[str],
    data: dict[str, pulumi.Output[str]],
    opts: pulumi.ResourceOptions | None = None,
) -> "Secret":
    """Register a Secret; its name is `.metadata.name`."""
    raise NotImplementedError
