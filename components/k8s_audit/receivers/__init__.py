"""Receivers of audit events, one module or folder each; all yield the same `ReceiverEndpoint`."""

from k8s_audit.receivers.endpoint import ReceiverEndpoint

__all__ = ["ReceiverEndpoint"]
