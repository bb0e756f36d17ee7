"""Kubernetes audit logging on every cluster, as code: the public names."""

from k8s_audit.audit_policy.model import Policy, PolicyRule, ResourceGroup
from k8s_audit.errors import AuditPolicyError, K8sAuditError

__all__ = ["AuditPolicyError", "K8sAuditError", "Policy", "PolicyRule", "ResourceGroup"]
