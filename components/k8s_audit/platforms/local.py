"""local: the embedded control plane on this machine, and auditing on it exactly as on a production host."""

from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.places import local_host, local_log
from k8s_audit.local_cluster.ports import Ports
from k8s_audit.platforms.kubeadm import KubeadmAudit
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.resources.local import LocalControlPlane


class LocalAuditArgs(TypedDict):
    """Arguments of LocalAudit."""

    folder: str
    """Absolute path; everything of the local stack lies there."""
    receiver: ReceiverArgs
    """Who gets the events."""
    cluster: NotRequired[str]
    """The cluster's name; default: `local`."""
    etcd_port: NotRequired[int]
    """TCP on 127.0.0.1; default: 12379."""
    etcd_peer_port: NotRequired[int]
    """TCP on 127.0.0.1; default: 12380."""
    api_server_port: NotRequired[int]
    """TCP on 127.0.0.1; default: 16443."""
    policy: NotRequired[str]
    """YAML of the audit policy; default: the profile `detection`."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file; default: our flags."""
    restart_timeout: NotRequired[str]
    """A duration: how long one start of the API server may take; default: 90s."""


class LocalAudit(pulumi.ComponentResource):
    """A local control plane made by kubeadm, with audit logging turned on by KubeadmAudit."""

    api_server: pulumi.Output[str]
    """The API server's URL."""
    kubeconfig: pulumi.Output[str]
    """Path of the administrator's kubeconfig."""
    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: LocalAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the control plane and the audit logging.

        Args:
            name: the component's name.
            args: see LocalAuditArgs.
            opts: Pulumi's.
        """
        super().__init__("k8s-audit:index:LocalAudit", name, {}, opts)
        folder, port = args["folder"], int(args.get("api_server_port", Ports.api_server))
        timeout = args.get("restart_timeout", "90s")
        control_plane = LocalControlPlane(
            f"{name}-control-plane",
            folder=folder,
            cluster=args.get("cluster", "local"),
            etcd_port=int(args.get("etcd_port", Ports.etcd)),
            etcd_peer_port=int(args.get("etcd_peer_port", Ports.etcd_peer)),
            api_server_port=port,
            timeout=timeout,
            opts=pulumi.ResourceOptions(parent=self),
        )
        delivery = dict(args.get("delivery", {}))
        delivery["log"] = {"path": local_log(Path(folder)), **delivery.get("log", {})}
        host = local_host(Path(folder), port, timeout)
        audit = KubeadmAudit(
            name,
            {
                "hosts": [host.model_dump(by_alias=True)],
                "receiver": args["receiver"],
                "kubeconfig": control_plane.kubeconfig,
                "policy": args.get("policy", ""),
                "delivery": delivery,
                "persist": False,  # nobody upgrades it by kubeadm
            },
            pulumi.ResourceOptions(parent=self, depends_on=[control_plane]),
        )
        self.api_server = control_plane.api_server
        self.kubeconfig = control_plane.kubeconfig
        self.delivery_checks = audit.delivery_checks
        self.register_outputs(
            {"apiServer": self.api_server, "kubeconfig": self.kubeconfig, "deliveryChecks": self.delivery_checks}
        )
