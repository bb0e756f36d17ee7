"""k3s: audit logging on server nodes of K3s, one at a time; its API server is a part of K3s' own process."""

from typing import Any

import pulumi

from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.platforms.k3s import K3sPlatform
from k8s_audit.platforms.other_nodes import find_others
from k8s_audit.platforms.server_nodes import NodeAudit, ServerNodesArgs, audit_servers, judged
from k8s_audit.resources.hosts import RancherServerAudit


class K3sAudit(pulumi.ComponentResource):
    """Turns audit logging on at each server node of K3s and proves that events arrive.

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
        super().__init__("k8s-audit:index:K3sAudit", name, {}, opts)
        platform = judged(K3sPlatform, "k3s", args)

        def audit(_: ReachedHost, node: str, values: NodeAudit) -> RancherServerAudit:
            return RancherServerAudit(node, distribution="k3s", drop_in=platform.drop_in, **values)

        registered = audit_servers(platform, audit, self, name, args)
        find_others(name, "k3s", platform.hosts, parent=self, kubeconfig=args["kubeconfig"], after=registered.last)
        self.delivery_checks = registered.checks
        self.register_outputs({"deliveryChecks": self.delivery_checks})
