"""Cluster API: audit logging through the KubeadmControlPlane of a management cluster."""
