"""What receivers in a cluster need and are looked at for."""

from typing import Any, cast

import pulumi

from k8s_audit.resources import PACKAGE


class ReceiverPods(pulumi.CustomResource):
    """The check that a Service reaches pods of a receiver that is in the cluster already; `up` fails if there are none.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one that may list the pods of the namespace.
        namespace: the receiver's.
        selector: labels of its pods.
        port: TCP; where the pods declare ports, it must be one of them.
    """

    def __init__(
        self,
        resource_name: str,
        kubeconfig: str,
        namespace: str,
        selector: dict[str, str],
        port: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props = {"kubeconfig": kubeconfig, "namespace": namespace, "selector": selector, "port": port}
        super().__init__(f"{PACKAGE}:index:ReceiverPods", resource_name, props | dict.fromkeys(["pods"]), opts)

    @property
    def pods(self) -> pulumi.Output[int]:
        """How many there are."""
        return cast(pulumi.Output[int], pulumi.get(self, "pods"))


class MetricsApi(pulumi.CustomResource):
    """The check that the cluster serves the metrics API, which a HorizontalPodAutoscaler needs; `up` fails if not.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one.
    """

    def __init__(self, resource_name: str, kubeconfig: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it."""
        props: dict[str, Any] = {"kubeconfig": kubeconfig}
        super().__init__(f"{PACKAGE}:index:MetricsApi", resource_name, props | dict.fromkeys(["served"]), opts)

    @property
    def served(self) -> pulumi.Output[bool]:
        """Whether it is."""
        return cast(pulumi.Output[bool], pulumi.get(self, "served"))


class ReceiverCertificate(pulumi.CustomResource):
    """A certificate for a receiver's Service, by an authority that signs nothing else; renewed a year before its end.

    Args:
        resource_name: the resource's name.
        names: DNS names and addresses of the Service, the one that API servers ask for first.
    """

    def __init__(self, resource_name: str, names: list[str], opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it."""
        props: dict[str, Any] = {"names": names}
        super().__init__(
            f"{PACKAGE}:index:ReceiverCertificate",
            resource_name,
            props | dict.fromkeys(["ca", "certificate", "key", "notAfter"]),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["key"])),
        )

    @property
    def ca(self) -> pulumi.Output[str]:
        """PEM of the authority."""
        return cast(pulumi.Output[str], pulumi.get(self, "ca"))

    @property
    def certificate(self) -> pulumi.Output[str]:
        """PEM."""
        return cast(pulumi.Output[str], pulumi.get(self, "certificate"))

    @property
    def key(self) -> pulumi.Output[str]:
        """PEM; a secret."""
        return cast(pulumi.Output[str], pulumi.get(self, "key"))

    @property
    def not_after(self) -> pulumi.Output[str]:
        """When it ends (ISO 8601)."""
        return cast(pulumi.Output[str], pulumi.get(self, "notAfter"))
