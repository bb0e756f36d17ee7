"""One row a platform and one a receiver. Without a model: known, and not built yet."""

from types import MappingProxyType

from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.config.platforms.cluster_api import ClusterApiPlatform
from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.config.platforms.gke import GkePlatform
from k8s_audit.config.platforms.hypershift import HypershiftPlatform
from k8s_audit.config.platforms.iks import IksPlatform
from k8s_audit.config.platforms.k3d import K3dPlatform
from k8s_audit.config.platforms.k3s import K3sPlatform
from k8s_audit.config.platforms.kind import KindPlatform
from k8s_audit.config.platforms.kops import KopsPlatform
from k8s_audit.config.platforms.kubeadm import KubeadmPlatform
from k8s_audit.config.platforms.kubespray import KubesprayPlatform
from k8s_audit.config.platforms.local import LocalPlatform
from k8s_audit.config.platforms.microk8s import Microk8sPlatform
from k8s_audit.config.platforms.minikube import MinikubePlatform
from k8s_audit.config.platforms.minishift import MinishiftPlatform
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.platforms.openshift import OpenshiftPlatform
from k8s_audit.config.platforms.openshift_3 import Openshift3Platform
from k8s_audit.config.platforms.openshift_sink import OpenshiftSinkPlatform
from k8s_audit.config.platforms.rke import RkePlatform
from k8s_audit.config.platforms.rke2 import Rke2Platform
from k8s_audit.config.platforms.talos import TalosPlatform
from k8s_audit.config.receivers.admission_controller import AdmissionControllerReceiver
from k8s_audit.config.receivers.cluster_shield import ClusterShieldReceiver
from k8s_audit.config.receivers.falco import FalcoReceiver
from k8s_audit.config.receivers.http import HttpReceiver
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.receivers.recorder import RecorderReceiver
from k8s_audit.config.receivers.sysdig_agent import SysdigAgentReceiver
from k8s_audit.config.receivers.sysdig_shield import SysdigShieldReceiver

PLATFORMS: MappingProxyType[str, type[PlatformConfig] | None] = MappingProxyType(
    {
        "local": LocalPlatform,
        "kubeadm": KubeadmPlatform,
        "kubespray": KubesprayPlatform,
        "rke2": Rke2Platform,
        "k3s": K3sPlatform,
        "microk8s": Microk8sPlatform,
        "eks": EksPlatform,
        "gke": GkePlatform,
        "aks": AksPlatform,
        "iks": IksPlatform,
        "kops": KopsPlatform,
        "rke": RkePlatform,
        "openshift": OpenshiftPlatform,
        "openshift-4.2": OpenshiftSinkPlatform,
        "hypershift": HypershiftPlatform,
        "cluster-api": ClusterApiPlatform,
        "kind": KindPlatform,
        "k3d": K3dPlatform,
        "talos": TalosPlatform,
        "minikube": MinikubePlatform,
        "minishift": MinishiftPlatform,
        "openshift-3.11": Openshift3Platform,
    }
)
FORMER = MappingProxyType({"minishift-3.11": "minishift", "minikube-1.13": "minikube", "rke-1.13": "rke"})
"""What the script enable-k8s-audit.sh called a kind of cluster, where that is another name than today's."""
RECEIVERS: MappingProxyType[str, type[ReceiverConfig] | None] = MappingProxyType(
    {
        "recorder": RecorderReceiver,
        "sysdig-agent": SysdigAgentReceiver,
        "sysdig-shield": SysdigShieldReceiver,
        "cluster-shield": ClusterShieldReceiver,
        "admission-controller": AdmissionControllerReceiver,
        "http": HttpReceiver,
        "falco": FalcoReceiver,
        **dict.fromkeys("kafka s3".split()),
    }
)
PLACES = MappingProxyType(
    {
        "recorder": "recorder.component",
        "http": "http",
        "falco": "falco",
        "sysdig-agent": "sysdig_agent",
        "sysdig-shield": "sysdig_shield",
        "cluster-shield": "cluster_shield",
        "admission-controller": "admission_controller",
    }
)
"""The module in `receivers/` whose `place` makes a receiver of this kind."""
STREAMS = MappingProxyType(
    {
        "eks": "eks.place",
        "gke": "gke.place",
        "aks": "aks.place",
        "openshift": "openshift.place",
        "iks": "iks.forwarded",
    }
)
"""The module in `platforms/` whose `place` makes the way out of a cluster of this kind, whose API servers send nothing
to a receiver themselves; of iks that is so with one of its policies."""
TOOLED = MappingProxyType(
    {
        "kops": "kops.place",
        "rke": "rke.place",
        "iks": "iks.place",
        "kind": "created.place",
        "k3d": "created.place",
        "talos": "talos.place",
        "minikube": "minikube.place",
        "minishift": "minishift.place",
        "cluster-api": "cluster_api.place",
        "hypershift": "hypershift.place",
        "openshift-4.2": "openshift_sink.place",
    }
)
"""The module in `platforms/` for a cluster that another maker's command line, API or controller changes, or creates: `place` registers it, `plan` tells
what `up` would do."""
API_SERVERS = MappingProxyType(
    {
        "local": "local_place",
        **dict.fromkeys(("kubeadm", "rke2", "k3s", "microk8s", "openshift-3.11"), "hosts_place"),
        "kubespray": "kubespray.place",
        **TOOLED,
    }
)
"""The module in `platforms/` whose `place` turns auditing on at the API servers of a cluster of this kind."""
PROFILED = MappingProxyType({"openshift": "openshift.plan"})
"""The module in `platforms/` whose `plan` tells what `up` would do to the audit profile of a cluster of this kind."""
RENDERS = MappingProxyType(
    {
        "kubeadm": "kubeadm_render",
        "kubespray": "kubespray.render",
        "local": "kubeadm_render",
        "kops": "kops.render",
        "rke": "rke.render",
        "kind": "created.render",
        "k3d": "created.render",
        "talos": "talos.render",
        "minikube": "minikube.render",
        "minishift": "minishift.render",
        "rke2": "rancher_render",
        "k3s": "rancher_render",
        "microk8s": "microk8s_render",
        "openshift-3.11": "openshift_3_render",
        "openshift": "openshift.render",
        "cluster-api": "cluster_api.render",
        "hypershift": "hypershift.render",
        "openshift-4.2": "openshift_sink.render",
    }
)
"""The module in `platforms/` whose `render` tells what a stack of this kind writes; clouds write nothing of the kind."""
AUDITED = tuple(
    f"k8s-audit:index:{name}"
    for name in (
        "StaticPodAudit",
        "RancherServerAudit",
        "Microk8sServerAudit",
        "OpenshiftMasterAudit",
        "KopsSpecAudit",
        "RkeClusterAudit",
        "IksAuditWebhook",
        "OpenshiftAuditProfile",
        "OpenshiftAuditSink",
        "CreatedAudit",
        "KubeadmControlPlaneAudit",
        "HostedClusterAudit",
        "TalosNodeAudit",
        "MinikubeNodeAudit",
        "MinishiftMachineAudit",
    )
)
"""Types of the resources that change how API servers audit, which then restart, or must be created anew."""
DELIVERIES = MappingProxyType({"webhook": True, "relay": False, "stream": True, "admission": True})
"""Whether a kind of delivery is built."""
SECRETS = (
    "sysdigAccessKey",
    "secureApiToken",
    "sshPrivateKey",
    "receiverClientKey",
    "receiverToken",
    "receiverPassword",
)
"""Keys that hold a secret; each is a key of its own, set with `pulumi config set --secret`."""
