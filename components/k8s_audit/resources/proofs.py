"""The proofs that events and reviews arrive."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from k8s_audit.receivers.endpoint import AUDIT_ID
from k8s_audit.resources import PACKAGE


class DeliveryCheck(pulumi.CustomResource):
    """The proof that events of each API server reach the receiver; `up` fails with a diagnosis if they don't.

    Args:
        resource_name: the resource's name.
        api_servers: each API server's own URL; none for the proof `forwarded`, which asks the kubeconfig's.
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics.
        receiver: name, url, proof, and what reaching it takes; see ReceiverArgs.
        timeout: a duration: how long an event may take.
        triggers: the proof is made again when one of them changes.
        forwarder: for the proof `forwarded`: the namespace of its pods, a slash, its name.
        remaining: names of the hosts whose turn comes after this proof; for messages alone.
        api_server_pods: the label of the API servers' pods in kube-system, each of which is found behind the kubeconfig's server and
            proved; empty: api_servers are.
    """

    def __init__(
        self,
        resource_name: str,
        api_servers: list[str],
        kubeconfig: pulumi.Input[str],
        receiver: Mapping[str, Any],
        timeout: str = "30s",
        triggers: list[pulumi.Input[str]] | None = None,
        forwarder: pulumi.Input[str] | None = None,
        remaining: Sequence[str] = (),
        api_server_pods: str = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "apiServers": api_servers,
            "kubeconfig": kubeconfig,
            "receiver": receiver["name"],
            "url": receiver["url"],
            "ca": receiver.get("ca", ""),
            "clientCertificate": receiver.get("client_certificate", ""),
            "clientKey": pulumi.Output.secret(receiver.get("client_key", "")),
            "token": pulumi.Output.secret(receiver.get("token", "")),
            "username": receiver.get("username", ""),
            "password": pulumi.Output.secret(receiver.get("password", "")),
            "tlsServerName": receiver.get("tls_server_name", ""),
            "proof": receiver.get("proof", AUDIT_ID),
            "forwarder": forwarder,
            "timeout": timeout,
            "triggers": triggers or [],
            "remaining": list(remaining),
            "apiServerPods": api_server_pods,
        }
        super().__init__(f"{PACKAGE}:index:DeliveryCheck", resource_name, props | dict.fromkeys(["checks"]), opts)

    @property
    def checks(self) -> pulumi.Output[list[dict[str, Any]]]:
        """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds, and node where it was found by its pod."""
        return cast(pulumi.Output[list[dict[str, Any]]], pulumi.get(self, "checks"))


class AdmissionCheck(pulumi.CustomResource):
    """The proof that each API server calls the admission webhooks of a receiver; `up` fails with a diagnosis if not.

    Args:
        resource_name: the resource's name.
        api_servers: each API server's own URL.
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics.
        receiver: the receiver's name.
        webhooks: names of its webhooks in the ValidatingWebhookConfiguration.
        timeout: a duration: how long the first call may take.
        triggers: the proof is made again when one of them changes.
    """

    def __init__(
        self,
        resource_name: str,
        api_servers: Sequence[pulumi.Input[str]],
        kubeconfig: pulumi.Input[str],
        receiver: str,
        webhooks: list[str],
        timeout: str = "30s",
        triggers: list[pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "apiServers": list(api_servers),
            "kubeconfig": kubeconfig,
            "receiver": receiver,
            "webhooks": webhooks,
            "timeout": timeout,
            "triggers": triggers or [],
        }
        super().__init__(f"{PACKAGE}:index:AdmissionCheck", resource_name, props | dict.fromkeys(["checks"]), opts)

    @property
    def checks(self) -> pulumi.Output[list[dict[str, Any]]]:
        """One proof an API server and webhook: apiServer, receiver, proof, auditID, latencySeconds."""
        return cast(pulumi.Output[list[dict[str, Any]]], pulumi.get(self, "checks"))
