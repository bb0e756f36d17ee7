"""The exceptions of this package, one tree:

K8sAuditError
└── AuditPolicyError     an audit policy that an API server would refuse, or silently read otherwise
"""


class K8sAuditError(Exception):
    """Base of every error that this package raises on purpose; its text is meant for the user."""


class AuditPolicyError(K8sAuditError):
    """An audit policy with faults. `faults` has one line each: the path, what was given, what is allowed."""

    def __init__(self, source: str, faults: list[str]) -> None:
        """Join the faults into one message.

        Args:
            source: where the policy came from: a file's path or `profile detection`.
            faults: one line for each fault.
        """
        self.source = source
        self.faults = faults
        super().__init__("\n".join([f"audit policy {source}: {len(faults)} fault(s)", *(f"  {f}" for f in faults)]))
