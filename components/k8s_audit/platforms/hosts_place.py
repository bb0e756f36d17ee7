"""What a stack becomes whose control plane is hosts of the user's: kubeadm, RKE2, K3s, MicroK8s, OpenShift 3.11."""

import pulumi

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config.platforms.hosts import HostsPlatform
from k8s_audit.config.platforms.kubeadm import KubeadmPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.platforms.k3s import K3sAudit
from k8s_audit.platforms.kubeadm import KubeadmAudit
from k8s_audit.platforms.microk8s import Microk8sAudit
from k8s_audit.platforms.openshift_3 import Openshift3Audit
from k8s_audit.platforms.rke2 import Rke2Audit
from k8s_audit.platforms.server_nodes import ServerNodesArgs
from k8s_audit.platforms.ssh_key import with_key
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement

NODES: dict[str, type[Rke2Audit] | type[K3sAudit] | type[Microk8sAudit] | type[Openshift3Audit]] = {
    "rke2": Rke2Audit,
    "k3s": K3sAudit,
    "microk8s": Microk8sAudit,
    "openshift-3.11": Openshift3Audit,
}


def place(stack: Stack, endpoint: ReceiverArgs, placement: Placement, options: pulumi.ResourceOptions) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoint: who takes audit events.
        placement: what is around the receivers: the cluster's kubeconfig.
        options: Pulumi's.
    """
    platform = stack.platform
    assert isinstance(platform, HostsPlatform)
    args: ServerNodesArgs = {
        "hosts": [host.model_dump(by_alias=True, exclude_none=True) for host in platform.hosts],
        "receiver": endpoint,
        "kubeconfig": placement.kubeconfig,
        "policy": render_policy(stack.policy.load()),
        "delivery": stack.delivery.model_dump(by_alias=True, exclude_none=True),
        "kubernetes_version": platform.kubernetes_version or "",
    }
    with_key(args)
    audit: KubeadmAudit | Rke2Audit | K3sAudit | Microk8sAudit | Openshift3Audit
    if isinstance(platform, KubeadmPlatform):
        audit = KubeadmAudit(stack.cluster.name, {**args, "persist": platform.persist}, options)
    else:
        audit = NODES[platform.kind](stack.cluster.name, args, options)
    return {"kubeconfig": placement.kubeconfig, "deliveryChecks": audit.delivery_checks}
