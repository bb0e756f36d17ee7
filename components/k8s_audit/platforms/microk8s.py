"""microk8s: audit logging on nodes of MicroK8s, one at a time; its API server is a part of kubelite's process."""

from typing import Any

import pulumi

from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.platforms.microk8s import Microk8sPlatform
from k8s_audit.platforms.other_nodes import find_others
from k8s_audit.platforms.server_nodes import NodeAudit, ServerNodesArgs, audit_servers, judged
from k8s_audit.resources.hosts import Microk8sServerAudit


class Microk8sAudit(pulumi.ComponentResource):
    """Turns audit logging on at each node of MicroK8s and proves that events arrive.

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
        super().__init__("k8s-audit:index:Microk8sAudit", name, {}, opts)
        platform = judged(Microk8sPlatform, "microk8s", args)

        def audit(_: ReachedHost, node: str, values: NodeAudit) -> Microk8sServerAudit:
            return Microk8sServerAudit(node, **values)

        registered = audit_servers(platform, audit, self, name, args)
        find_others(name, "microk8s", platform.hosts, parent=self, kubeconfig=args["kubeconfig"], after=registered.last)
        self.delivery_checks = registered.checks
        self.register_outputs({"deliveryChecks": self.delivery_checks})
