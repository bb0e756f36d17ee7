"""What the plugin serves: our resources, and the components for other languages."""

import sys
from importlib.metadata import version

import pulumi
from pulumi.provider.experimental.component import ComponentProvider

from k8s_audit.delivery.forwarder.component import Forwarder
from k8s_audit.platforms.aks.component import AksAudit
from k8s_audit.platforms.eks.component import EksAudit
from k8s_audit.platforms.kubeadm import KubeadmAudit
from k8s_audit.platforms.local import LocalAudit
from k8s_audit.provider.resource import PACKAGE
from k8s_audit.provider.resources import RESOURCES
from k8s_audit.provider.server import Servicer, serve
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
    ClusterShieldReceiver,
    EksAudit,
    FalcoReceiver,
    Forwarder,
    HttpReceiver,
    KubeadmAudit,
    LocalAudit,
    RecorderReceiver,
    SysdigAgentReceiver,
    SysdigShieldReceiver,
]


def make(engine: str | None) -> Servicer:
    """The servicer for an engine's address."""
    ours = version(PACKAGE)
    return Servicer(RESOURCES, ComponentProvider(COMPONENTS, PACKAGE, version=ours), ours, engine)


def main() -> None:
    """Serve until the engine is done."""
    serve(make, sys.argv[1:])
