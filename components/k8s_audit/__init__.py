"""Kubernetes audit logging on every cluster, as code: the public names.

They are loaded when they are first asked for, so that the command and the detached processes do not load Pulumi.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8s_audit.audit_policy.model import Policy, PolicyRule, ResourceGroup
    from k8s_audit.errors import AuditPolicyError, ConfigError, K8sAuditError
    from k8s_audit.platforms.kubeadm import KubeadmAudit, KubeadmAuditArgs
    from k8s_audit.platforms.local import LocalAudit, LocalAuditArgs
    from k8s_audit.receivers.args import ReceiverArgs
    from k8s_audit.receivers.http import HttpReceiver, HttpReceiverArgs
    from k8s_audit.receivers.recorder.component import RecorderReceiver, RecorderReceiverArgs
    from k8s_audit.resources import AdmissionCheck, DeliveryCheck, LocalControlPlane, Recorder, StaticPodAudit

_HOMES = {
    "AdmissionCheck": "resources",
    "AuditPolicyError": "errors",
    "ConfigError": "errors",
    "DeliveryCheck": "resources",
    "HttpReceiver": "receivers.http",
    "HttpReceiverArgs": "receivers.http",
    "K8sAuditError": "errors",
    "KubeadmAudit": "platforms.kubeadm",
    "KubeadmAuditArgs": "platforms.kubeadm",
    "LocalAudit": "platforms.local",
    "LocalAuditArgs": "platforms.local",
    "LocalControlPlane": "resources",
    "Policy": "audit_policy.model",
    "PolicyRule": "audit_policy.model",
    "ReceiverArgs": "receivers.args",
    "Recorder": "resources",
    "RecorderReceiver": "receivers.recorder.component",
    "RecorderReceiverArgs": "receivers.recorder.component",
    "ResourceGroup": "audit_policy.model",
    "StaticPodAudit": "resources",
}

__all__ = [
    "AdmissionCheck",
    "AuditPolicyError",
    "ConfigError",
    "DeliveryCheck",
    "HttpReceiver",
    "HttpReceiverArgs",
    "K8sAuditError",
    "KubeadmAudit",
    "KubeadmAuditArgs",
    "LocalAudit",
    "LocalAuditArgs",
    "LocalControlPlane",
    "Policy",
    "PolicyRule",
    "ReceiverArgs",
    "Recorder",
    "RecorderReceiver",
    "RecorderReceiverArgs",
    "ResourceGroup",
    "StaticPodAudit",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"k8s_audit.{_HOMES[name]}"), name)
