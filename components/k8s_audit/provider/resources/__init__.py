"""One module a resource."""

from typing import Any

from k8s_audit.provider.resource import ResourceType
from k8s_audit.provider.resources.admission_check import AdmissionCheckResource
from k8s_audit.provider.resources.delivery_check import DeliveryCheckResource
from k8s_audit.provider.resources.local_control_plane import LocalControlPlaneResource
from k8s_audit.provider.resources.recorder import RecorderResource
from k8s_audit.provider.resources.static_pod_audit import StaticPodAuditResource

RESOURCES: list[ResourceType[Any]] = [
    LocalControlPlaneResource(),
    RecorderResource(),
    StaticPodAuditResource(),
    DeliveryCheckResource(),
    AdmissionCheckResource(),
]

__all__ = ["RESOURCES"]
