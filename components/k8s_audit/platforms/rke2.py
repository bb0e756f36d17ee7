"""rke2: audit logging on server nodes of RKE2, one at a time; its API server is a static pod that RKE2 writes."""

from typing import Any

import pulumi

from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.platforms.rke2 import Rke2Platform
from k8s_audit.platforms.other_nodes import find_others
from k8s_audit.platforms.server_nodes import NodeAudit, ServerNodesArgs, audit_servers, judged
from k8s_audit.resources.hosts import RancherServerAudit


class Rke2Audit(pulumi.ComponentResource):
    """Turns audit logging on at each server node of RKE2 and proves that events arrive.

    One node at a time: each is a resource of its own, changed only when the API server before it is healthy and its
    delivery is proved; destroy goes the other way and puts back what was there.
    """

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: ServerNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the nodes, the proofs, and a look at nodes beyond them.

        Args:
            name: the component's name.
            args: see ServerNodesArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: hosts or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:Rke2Audit", name, {}, opts)
        platform = judged(Rke2Platform, "rke2", args)

        def audit(_: ReachedHost, node: str, values: NodeAudit) -> RancherServerAudit:
            return RancherServerAudit(node, distribution="rke2", drop_in=platform.drop_in, **values)

        registered = audit_servers(platform, audit, self, name, args)
        find_others(name, "rke2", platform.hosts, parent=self, kubeconfig=args["kubeconfig"], after=registered.last)
        self.delivery_checks = registered.checks
        self.register_outputs({"deliveryChecks": self.delivery_checks})
