"""The Kubernetes side of receivers: the SDK, which is an extra of the wheel, and the provider of a stack's cluster."""

from typing import TYPE_CHECKING, Any, cast

from k8s_audit.extras import sdk_module

if TYPE_CHECKING:
    from pulumi_kubernetes import Provider

MISSING = "a receiver in the cluster needs pulumi-kubernetes: pip install 'k8s-audit[kubernetes]'"


def sdk(module: str) -> Any:
    """A module of pulumi_kubernetes, such as `core.v1`; loaded when it is first needed, since it is large.

    Raises:
        ToolError: the extra is not installed.
    """
    return sdk_module("pulumi_kubernetes", module, MISSING)


def cluster_provider(cluster: str, kubeconfig: str) -> "Provider":
    """The Pulumi provider of a stack's cluster.

    Args:
        cluster: its name, by which Pulumi tells it from another one: a changed detail of the kubeconfig replaces nothing
            (https://github.com/pulumi/pulumi-kubernetes/issues/4019).
        kubeconfig: a path.
    """
    return cast("Provider", sdk("provider").Provider("cluster", kubeconfig=kubeconfig, cluster_identifier=cluster))
