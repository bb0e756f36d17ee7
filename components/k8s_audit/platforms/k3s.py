"""k3s: audit logging on server nodes of K3s, one at a time; its API server is a part of K3s' own process."""

from typing import Any

import pulumi

from k8s_audit.config.platforms.k3s import K3sPlatform
from k8s_audit.platforms.rancher import RancherAuditArgs, audit_servers


class K3sAudit(pulumi.ComponentResource):
    """Turns audit logging on at each server node of K3s and proves that events arrive.

    One node at a time: each is a resource of its own, changed only when the API server before it is healthy and its
    delivery is proved; destroy goes the other way and puts back what was there.
    """

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: RancherAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the nodes and the proofs.

        Args:
            name: the component's name.
            args: see RancherAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: hosts or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:K3sAudit", name, {}, opts)
        self.delivery_checks = audit_servers(K3sPlatform, self, name, args)
        self.register_outputs({"deliveryChecks": self.delivery_checks})
