"""The embedded control plane: kubeadm's own files, and a runner that plays the kubelet. It knows nothing of auditing.

The names are loaded when they are first asked for: what a stack's file says of ports is judged without the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8s_audit.local_cluster.cluster import ClusterStatus, LocalCluster
    from k8s_audit.local_cluster.ports import Ports

__all__ = ["ClusterStatus", "LocalCluster", "Ports"]
_HOMES = {"ClusterStatus": "cluster", "LocalCluster": "cluster", "Ports": "ports"}


def __getattr__(name: str) -> Any:
    """Load a name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
