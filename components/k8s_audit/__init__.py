"""Kubernetes audit logging on every cluster, as code: the public names.

They are loaded when they are first asked for, so that the command and the detached processes do not load Pulumi.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8s_audit.audit_policy.model import Policy, PolicyRule, ResourceGroup
    from k8s_audit.delivery.forwarder.component import Forwarder, ForwarderArgs
    from k8s_audit.errors import AuditPolicyError, CloudError, ConfigError, K8sAuditError, ReceiverError
    from k8s_audit.platforms.aks.component import AksAudit, AksAuditArgs
    from k8s_audit.platforms.cluster_api.component import ClusterApiAudit, ClusterApiAuditArgs
    from k8s_audit.platforms.created.component import CreatedAuditArgs, K3dAudit, KindAudit
    from k8s_audit.platforms.eks.component import EksAudit, EksAuditArgs
    from k8s_audit.platforms.gke.component import GkeAudit, GkeAuditArgs
    from k8s_audit.platforms.hypershift.component import HypershiftAudit, HypershiftAuditArgs
    from k8s_audit.platforms.iks.component import IksAudit, IksAuditArgs
    from k8s_audit.platforms.k3s import K3sAudit
    from k8s_audit.platforms.kops.component import KopsAudit, KopsAuditArgs
    from k8s_audit.platforms.kubeadm import KubeadmAudit, KubeadmAuditArgs
    from k8s_audit.platforms.kubespray.component import KubesprayAudit, KubesprayAuditArgs
    from k8s_audit.platforms.local import LocalAudit, LocalAuditArgs
    from k8s_audit.platforms.microk8s import Microk8sAudit
    from k8s_audit.platforms.minikube.component import MinikubeAudit, MinikubeAuditArgs
    from k8s_audit.platforms.minishift.component import MinishiftAudit, MinishiftAuditArgs
    from k8s_audit.platforms.openshift.component import OpenshiftAudit, OpenshiftAuditArgs
    from k8s_audit.platforms.openshift_3 import Openshift3Audit
    from k8s_audit.platforms.openshift_sink.component import OpenshiftSinkAudit, OpenshiftSinkAuditArgs
    from k8s_audit.platforms.rke.component import RkeAudit, RkeAuditArgs
    from k8s_audit.platforms.rke2 import Rke2Audit
    from k8s_audit.platforms.server_nodes import ServerNodesArgs
    from k8s_audit.platforms.talos.component import TalosAudit, TalosAuditArgs
    from k8s_audit.receivers.admission_controller import AdmissionControllerArgs, AdmissionControllerReceiver
    from k8s_audit.receivers.args import ReceiverArgs
    from k8s_audit.receivers.cluster_shield import ClusterShieldReceiver
    from k8s_audit.receivers.falco import FalcoReceiver, FalcoReceiverArgs
    from k8s_audit.receivers.http import HttpReceiver, HttpReceiverArgs
    from k8s_audit.receivers.recorder.component import RecorderReceiver, RecorderReceiverArgs
    from k8s_audit.receivers.shield import ShieldArgs
    from k8s_audit.receivers.sysdig_agent import SysdigAgentArgs, SysdigAgentReceiver
    from k8s_audit.receivers.sysdig_shield import SysdigShieldReceiver
    from k8s_audit.resources.clouds import EksClusterLogging, EksLogGroup, GkeDataAccess, IksAuditWebhook
    from k8s_audit.resources.clusters import CreatedAudit, KopsSpecAudit, KubesprayVariables, RkeClusterAudit
    from k8s_audit.resources.hosts import (
        KubeadmConfigAudit,
        Microk8sServerAudit,
        MinikubeNodeAudit,
        MinishiftMachineAudit,
        OpenshiftMasterAudit,
        RancherServerAudit,
        StaticPodAudit,
        TalosNodeAudit,
    )
    from k8s_audit.resources.local import LocalControlPlane, Recorder
    from k8s_audit.resources.nodes import ControlPlaneNodes
    from k8s_audit.resources.objects import (
        HostedClusterAudit,
        KubeadmControlPlaneAudit,
        OpenshiftAuditProfile,
        OpenshiftAuditSink,
    )
    from k8s_audit.resources.proofs import AdmissionCheck, DeliveryCheck
    from k8s_audit.resources.receivers import MetricsApi, ReceiverCertificate, ReceiverPods

_HOMES = {
    "AdmissionCheck": "resources.proofs",
    "AdmissionControllerArgs": "receivers.admission_controller",
    "AdmissionControllerReceiver": "receivers.admission_controller",
    "AksAudit": "platforms.aks.component",
    "AksAuditArgs": "platforms.aks.component",
    "AuditPolicyError": "errors",
    "CloudError": "errors",
    "ClusterApiAudit": "platforms.cluster_api.component",
    "ClusterApiAuditArgs": "platforms.cluster_api.component",
    "ClusterShieldReceiver": "receivers.cluster_shield",
    "ConfigError": "errors",
    "ControlPlaneNodes": "resources.nodes",
    "CreatedAudit": "resources.clusters",
    "CreatedAuditArgs": "platforms.created.component",
    "DeliveryCheck": "resources.proofs",
    "EksAudit": "platforms.eks.component",
    "EksAuditArgs": "platforms.eks.component",
    "EksClusterLogging": "resources.clouds",
    "EksLogGroup": "resources.clouds",
    "FalcoReceiver": "receivers.falco",
    "FalcoReceiverArgs": "receivers.falco",
    "Forwarder": "delivery.forwarder.component",
    "ForwarderArgs": "delivery.forwarder.component",
    "GkeAudit": "platforms.gke.component",
    "GkeAuditArgs": "platforms.gke.component",
    "GkeDataAccess": "resources.clouds",
    "HostedClusterAudit": "resources.objects",
    "HttpReceiver": "receivers.http",
    "HttpReceiverArgs": "receivers.http",
    "HypershiftAudit": "platforms.hypershift.component",
    "HypershiftAuditArgs": "platforms.hypershift.component",
    "IksAudit": "platforms.iks.component",
    "IksAuditArgs": "platforms.iks.component",
    "IksAuditWebhook": "resources.clouds",
    "K3dAudit": "platforms.created.component",
    "K3sAudit": "platforms.k3s",
    "K8sAuditError": "errors",
    "KindAudit": "platforms.created.component",
    "KopsAudit": "platforms.kops.component",
    "KopsAuditArgs": "platforms.kops.component",
    "KopsSpecAudit": "resources.clusters",
    "KubeadmAudit": "platforms.kubeadm",
    "KubeadmAuditArgs": "platforms.kubeadm",
    "KubeadmConfigAudit": "resources.hosts",
    "KubeadmControlPlaneAudit": "resources.objects",
    "KubesprayAudit": "platforms.kubespray.component",
    "KubesprayAuditArgs": "platforms.kubespray.component",
    "KubesprayVariables": "resources.clusters",
    "LocalAudit": "platforms.local",
    "LocalAuditArgs": "platforms.local",
    "LocalControlPlane": "resources.local",
    "MetricsApi": "resources.receivers",
    "Microk8sAudit": "platforms.microk8s",
    "Microk8sServerAudit": "resources.hosts",
    "MinikubeAudit": "platforms.minikube.component",
    "MinikubeAuditArgs": "platforms.minikube.component",
    "MinikubeNodeAudit": "resources.hosts",
    "Openshift3Audit": "platforms.openshift_3",
    "MinishiftAudit": "platforms.minishift.component",
    "MinishiftAuditArgs": "platforms.minishift.component",
    "MinishiftMachineAudit": "resources.hosts",
    "OpenshiftAudit": "platforms.openshift.component",
    "OpenshiftAuditArgs": "platforms.openshift.component",
    "OpenshiftAuditProfile": "resources.objects",
    "OpenshiftAuditSink": "resources.objects",
    "OpenshiftMasterAudit": "resources.hosts",
    "OpenshiftSinkAudit": "platforms.openshift_sink.component",
    "OpenshiftSinkAuditArgs": "platforms.openshift_sink.component",
    "Policy": "audit_policy.model",
    "PolicyRule": "audit_policy.model",
    "RancherServerAudit": "resources.hosts",
    "ReceiverArgs": "receivers.args",
    "ReceiverCertificate": "resources.receivers",
    "ReceiverError": "errors",
    "ReceiverPods": "resources.receivers",
    "Recorder": "resources.local",
    "RecorderReceiver": "receivers.recorder.component",
    "RecorderReceiverArgs": "receivers.recorder.component",
    "ResourceGroup": "audit_policy.model",
    "Rke2Audit": "platforms.rke2",
    "RkeAudit": "platforms.rke.component",
    "RkeAuditArgs": "platforms.rke.component",
    "RkeClusterAudit": "resources.clusters",
    "ServerNodesArgs": "platforms.server_nodes",
    "ShieldArgs": "receivers.shield",
    "StaticPodAudit": "resources.hosts",
    "SysdigAgentArgs": "receivers.sysdig_agent",
    "SysdigAgentReceiver": "receivers.sysdig_agent",
    "SysdigShieldReceiver": "receivers.sysdig_shield",
    "TalosAudit": "platforms.talos.component",
    "TalosAuditArgs": "platforms.talos.component",
    "TalosNodeAudit": "resources.hosts",
}

__all__ = [
    "AdmissionCheck",
    "AdmissionControllerArgs",
    "AdmissionControllerReceiver",
    "AksAudit",
    "AksAuditArgs",
    "AuditPolicyError",
    "CloudError",
    "ClusterApiAudit",
    "ClusterApiAuditArgs",
    "ClusterShieldReceiver",
    "ConfigError",
    "ControlPlaneNodes",
    "CreatedAudit",
    "CreatedAuditArgs",
    "DeliveryCheck",
    "EksAudit",
    "EksAuditArgs",
    "EksClusterLogging",
    "EksLogGroup",
    "FalcoReceiver",
    "FalcoReceiverArgs",
    "Forwarder",
    "ForwarderArgs",
    "GkeAudit",
    "GkeAuditArgs",
    "GkeDataAccess",
    "HostedClusterAudit",
    "HttpReceiver",
    "HttpReceiverArgs",
    "HypershiftAudit",
    "HypershiftAuditArgs",
    "IksAudit",
    "IksAuditArgs",
    "IksAuditWebhook",
    "K3dAudit",
    "K3sAudit",
    "K8sAuditError",
    "KindAudit",
    "KopsAudit",
    "KopsAuditArgs",
    "KopsSpecAudit",
    "KubeadmAudit",
    "KubeadmAuditArgs",
    "KubeadmConfigAudit",
    "KubeadmControlPlaneAudit",
    "KubesprayAudit",
    "KubesprayAuditArgs",
    "KubesprayVariables",
    "LocalAudit",
    "LocalAuditArgs",
    "LocalControlPlane",
    "MetricsApi",
    "Microk8sAudit",
    "Microk8sServerAudit",
    "MinikubeAudit",
    "MinikubeAuditArgs",
    "MinikubeNodeAudit",
    "MinishiftAudit",
    "MinishiftAuditArgs",
    "MinishiftMachineAudit",
    "Openshift3Audit",
    "OpenshiftAudit",
    "OpenshiftAuditArgs",
    "OpenshiftAuditProfile",
    "OpenshiftAuditSink",
    "OpenshiftMasterAudit",
    "OpenshiftSinkAudit",
    "OpenshiftSinkAuditArgs",
    "Policy",
    "PolicyRule",
    "RancherServerAudit",
    "ReceiverArgs",
    "ReceiverCertificate",
    "ReceiverError",
    "ReceiverPods",
    "Recorder",
    "RecorderReceiver",
    "RecorderReceiverArgs",
    "ResourceGroup",
    "Rke2Audit",
    "RkeAudit",
    "RkeAuditArgs",
    "RkeClusterAudit",
    "ServerNodesArgs",
    "ShieldArgs",
    "StaticPodAudit",
    "SysdigAgentArgs",
    "SysdigAgentReceiver",
    "SysdigShieldReceiver",
    "TalosAudit",
    "TalosAuditArgs",
    "TalosNodeAudit",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"k8s_audit.{_HOMES[name]}"), name)
