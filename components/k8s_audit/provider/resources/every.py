"""All resources, for the schema and the reference; a plugin of a stack loads those that it has."""

from typing import Any

from k8s_audit.provider.resource import ResourceType
from k8s_audit.provider.resources.admission_check import AdmissionCheckResource
from k8s_audit.provider.resources.control_plane_nodes import ControlPlaneNodesResource
from k8s_audit.provider.resources.created_audit import CreatedAuditResource
from k8s_audit.provider.resources.delivery_check import DeliveryCheckResource
from k8s_audit.provider.resources.eks_cluster_logging import EksClusterLoggingResource
from k8s_audit.provider.resources.eks_log_group import EksLogGroupResource
from k8s_audit.provider.resources.gke_data_access import GkeDataAccessResource
from k8s_audit.provider.resources.hosted_cluster_audit import HostedClusterAuditResource
from k8s_audit.provider.resources.iks_audit_webhook import IksAuditWebhookResource
from k8s_audit.provider.resources.kops_spec_audit import KopsSpecAuditResource
from k8s_audit.provider.resources.kubeadm_config_audit import KubeadmConfigAuditResource
from k8s_audit.provider.resources.kubeadm_control_plane_audit import KubeadmControlPlaneAuditResource
from k8s_audit.provider.resources.kubespray_variables import KubesprayVariablesResource
from k8s_audit.provider.resources.local_control_plane import LocalControlPlaneResource
from k8s_audit.provider.resources.metrics_api import MetricsApiResource
from k8s_audit.provider.resources.microk8s_server_audit import Microk8sServerAuditResource
from k8s_audit.provider.resources.minikube_node_audit import MinikubeNodeAuditResource
from k8s_audit.provider.resources.minishift_machine_audit import MinishiftMachineAuditResource
from k8s_audit.provider.resources.openshift_audit_profile import OpenshiftAuditProfileResource
from k8s_audit.provider.resources.openshift_audit_sink import OpenshiftAuditSinkResource
from k8s_audit.provider.resources.openshift_master_audit import OpenshiftMasterAuditResource
from k8s_audit.provider.resources.rancher_server_audit import RancherServerAuditResource
from k8s_audit.provider.resources.receiver_certificate import ReceiverCertificateResource
from k8s_audit.provider.resources.receiver_pods import ReceiverPodsResource
from k8s_audit.provider.resources.recorder import RecorderResource
from k8s_audit.provider.resources.rke_cluster_audit import RkeClusterAuditResource
from k8s_audit.provider.resources.static_pod_audit import StaticPodAuditResource
from k8s_audit.provider.resources.talos_node_audit import TalosNodeAuditResource

RESOURCES: list[ResourceType[Any]] = [
    LocalControlPlaneResource(),
    RecorderResource(),
    StaticPodAuditResource,
    RancherServerAuditResource,
    Microk8sServerAuditResource,
    OpenshiftMasterAuditResource,
    MinikubeNodeAuditResource,
    MinishiftMachineAuditResource,
    DeliveryCheckResource(),
    KubeadmConfigAuditResource(),
    ControlPlaneNodesResource(),
    KubesprayVariablesResource(),
    AdmissionCheckResource(),
    ReceiverPodsResource(),
    MetricsApiResource(),
    ReceiverCertificateResource(),
    EksLogGroupResource(),
    EksClusterLoggingResource(),
    GkeDataAccessResource(),
    IksAuditWebhookResource(),
    KopsSpecAuditResource(),
    RkeClusterAuditResource(),
    KubeadmControlPlaneAuditResource(),
    HostedClusterAuditResource(),
    OpenshiftAuditProfileResource(),
    OpenshiftAuditSinkResource(),
    CreatedAuditResource(),
    TalosNodeAuditResource(),
]

__all__ = ["RESOURCES"]
