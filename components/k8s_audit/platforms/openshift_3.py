"""openshift-3.11: audit logging on masters of OpenShift 3.11, one at a time."""

from typing import Any

import pulumi

from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.platforms.openshift_3 import MasterHost, Openshift3Platform
from k8s_audit.platforms.other_nodes import find_others
from k8s_audit.platforms.server_nodes import NodeAudit, ServerNodesArgs, audit_servers, judged
from k8s_audit.resources.hosts import OpenshiftMasterAudit


class Openshift3Audit(pulumi.ComponentResource):
    """Turns audit logging on at each master of OpenShift 3.11 and proves that events arrive.

    One master at a time: each is a resource of its own, changed only when the API server before it is healthy and its
    delivery is proved; destroy goes the other way and puts back what was there.
    """

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: ServerNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the masters and the proofs.

        Args:
            name: the component's name.
            args: see ServerNodesArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: hosts or delivery have faults.
            AuditPolicyError: the policy has.
        """
        super().__init__("k8s-audit:index:Openshift3Audit", name, {}, opts)
        platform = judged(Openshift3Platform, "openshift-3.11", args)

        def audit(host: ReachedHost, node: str, values: NodeAudit) -> OpenshiftMasterAudit:
            assert isinstance(host, MasterHost)
            return OpenshiftMasterAudit(node, adopt=host.adopt, **values)

        registered = audit_servers(platform, audit, self, name, args)
        self.delivery_checks = registered.checks
        find_others(
            name, platform.kind, platform.hosts, parent=self, kubeconfig=args["kubeconfig"], after=registered.last
        )
        self.register_outputs({"deliveryChecks": self.delivery_checks})
