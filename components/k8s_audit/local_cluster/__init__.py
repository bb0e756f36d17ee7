"""The embedded control plane: kubeadm's own files, and a runner that plays the kubelet. It knows nothing of auditing."""

from k8s_audit.local_cluster.cluster import ClusterStatus, LocalCluster
from k8s_audit.local_cluster.ports import Ports

__all__ = ["ClusterStatus", "LocalCluster", "Ports"]
