"""What a cluster tells of its control plane, beside what is changed there."""

from typing import Any, cast

import pulumi

from k8s_audit.resources import PACKAGE


class ControlPlaneNodes(pulumi.CustomResource):
    """A look at which nodes run a cluster's control plane and are no host of the stack, as those that joined later; it changes nothing.

    `refresh` looks again. Where the cluster cannot be asked, a line says so, and nothing fails.

    Args:
        resource_name: the resource's name.
        distribution: `rke2`, `k3s`, `microk8s`, `talos`, `openshift-3.11`, or `kubeadm` where its configuration is not kept in step.
        kubeconfig: path of one that may list nodes; with `kubeadm`, pods in kube-system.
        hosts: name, address and apiServer of each entry of `audit:platform.hosts`, or of `nodes`.
    """

    def __init__(
        self,
        resource_name: str,
        distribution: str,
        kubeconfig: pulumi.Input[str],
        hosts: list[dict[str, Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {"distribution": distribution, "kubeconfig": kubeconfig, "hosts": hosts}
        super().__init__(
            f"{PACKAGE}:index:ControlPlaneNodes", resource_name, props | dict.fromkeys(["unaudited"]), opts
        )

    @property
    def unaudited(self) -> pulumi.Output[list[str]]:
        """Names of nodes that may be no host; there are more nodes than hosts where there is one."""
        return cast(pulumi.Output[list[str]], pulumi.get(self, "unaudited"))
