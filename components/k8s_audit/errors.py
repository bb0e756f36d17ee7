"""The exceptions of this package, one tree:

K8sAuditError
├── AuditPolicyError     an audit policy that an API server would refuse, or silently read otherwise
├── ConfigError          a stack's configuration with faults
├── ToolError            a program or process of ours is missing, refuses, or finds its port taken
├── HostError            a control-plane host cannot be reached, read or written
├── ConflictError        a host has what we may not overwrite
├── ChangeError          a change of an API server failed; the host was put back as it was
├── ReceiverError        the cluster lacks what a receiver needs
├── CloudError           a cloud refuses, cannot be reached, or has what is in our way
├── DeliveryError        an event did not reach its receiver
│   └── ForbiddenError   the cluster knows who asks, and refuses (it is a HostError, too)
└── PreviewError         what is given as a preview's events is none
"""


class K8sAuditError(Exception):
    """Base of every error that this package raises on purpose; its text is meant for the user."""


class _FaultsError(K8sAuditError):
    def __init__(self, source: str, faults: list[str]) -> None:
        self.source = source
        self.faults = faults
        super().__init__("\n".join([f"{source}: {len(faults)} fault(s)", *(f"  {fault}" for fault in faults)]))


class AuditPolicyError(_FaultsError):
    """An audit policy with faults. `faults` has one line each: the path, what was given, what is allowed."""

    def __init__(self, source: str, faults: list[str]) -> None:
        """Join the faults into one message.

        Args:
            source: where the policy came from: a file's path or `profile detection`.
            faults: one line for each fault.
        """
        super().__init__(f"audit policy {source}", faults)


class ConfigError(_FaultsError):
    """A stack's configuration with faults. `faults` has one line each: the key, what was given, what is allowed."""

    def __init__(self, faults: list[str]) -> None:
        """Join the faults into one message."""
        super().__init__("stack configuration", faults)


class ToolError(K8sAuditError):
    """A program or process of ours is missing, refuses, or finds its port taken; the text says the mend."""


class HostError(K8sAuditError):
    """A control-plane host cannot be reached, read or written."""


class ConflictError(K8sAuditError):
    """A host has what we may not overwrite: another webhook backend, a change by someone else."""


class ChangeError(K8sAuditError):
    """A change of an API server failed; the host was put back as it was, or the text says what is left."""


class ReceiverError(K8sAuditError):
    """The cluster lacks what a receiver needs; the text says what is there, and the mend."""


class CloudError(K8sAuditError):
    """A cloud refuses, cannot be reached, or has what is in our way; the text says on what."""


class DeliveryError(K8sAuditError):
    """An event did not reach its receiver; the text says where its way ends."""


class ForbiddenError(HostError, DeliveryError):
    """The cluster knows who asks, and refuses; the text says what was asked for."""


class PreviewError(K8sAuditError):
    """What is given as a preview's events is none; the text says what is wanted."""
