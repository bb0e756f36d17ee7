"""The components that the plugin hosts for other languages."""

import pulumi

from k8s_audit.delivery.forwarder.component import Forwarder
from k8s_audit.platforms.aks.component import AksAudit
from k8s_audit.platforms.cluster_api.component import ClusterApiAudit
from k8s_audit.platforms.created.component import K3dAudit, KindAudit
from k8s_audit.platforms.eks.component import EksAudit
from k8s_audit.platforms.gke.component import GkeAudit
from k8s_audit.platforms.hypershift.component import HypershiftAudit
from k8s_audit.platforms.iks.component import IksAudit
from k8s_audit.platforms.k3s import K3sAudit
from k8s_audit.platforms.kops.component import KopsAudit
from k8s_audit.platforms.kubeadm import KubeadmAudit
from k8s_audit.platforms.kubespray.component import KubesprayAudit
from k8s_audit.platforms.local import LocalAudit
from k8s_audit.platforms.microk8s import Microk8sAudit
from k8s_audit.platforms.minikube.component import MinikubeAudit
from k8s_audit.platforms.minishift.component import MinishiftAudit
from k8s_audit.platforms.openshift.component import OpenshiftAudit
from k8s_audit.platforms.openshift_3 import Openshift3Audit
from k8s_audit.platforms.openshift_sink.component import OpenshiftSinkAudit
from k8s_audit.platforms.rke.component import RkeAudit
from k8s_audit.platforms.rke2 import Rke2Audit
from k8s_audit.platforms.talos.component import TalosAudit
from k8s_audit.receivers.admission_controller import AdmissionControllerReceiver
from k8s_audit.receivers.cluster_shield import ClusterShieldReceiver
from k8s_audit.receivers.falco import FalcoReceiver
from k8s_audit.receivers.http import HttpReceiver
from k8s_audit.receivers.recorder.component import RecorderReceiver
from k8s_audit.receivers.sysdig_agent import SysdigAgentReceiver
from k8s_audit.receivers.sysdig_shield import SysdigShieldReceiver

COMPONENTS: list[type[pulumi.ComponentResource]] = [
    AdmissionControllerReceiver,
    AksAudit,
    ClusterApiAudit,
    ClusterShieldReceiver,
    EksAudit,
    FalcoReceiver,
    Forwarder,
    GkeAudit,
    HttpReceiver,
    HypershiftAudit,
    IksAudit,
    K3dAudit,
    K3sAudit,
    KindAudit,
    KopsAudit,
    KubeadmAudit,
    KubesprayAudit,
    LocalAudit,
    Microk8sAudit,
    MinikubeAudit,
    MinishiftAudit,
    Openshift3Audit,
    OpenshiftAudit,
    OpenshiftSinkAudit,
    RecorderReceiver,
    Rke2Audit,
    RkeAudit,
    SysdigAgentReceiver,
    SysdigShieldReceiver,
    TalosAudit,
]
