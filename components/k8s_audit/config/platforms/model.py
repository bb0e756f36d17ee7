"""What the models of all platforms share: how events leave the control plane."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from k8s_audit.config.delivery import WEBHOOK_TIMEOUT, DeliveryConfig
from k8s_audit.config.forwarder_kinds import ForwarderKind
from k8s_audit.config.model import ConfigModel
from k8s_audit.config.receivers.model import ReceiverConfig


class PlatformConfig(ConfigModel):
    """`audit:platform`. A kind's model adds `kind` and what is its own."""

    deliveries: ClassVar[tuple[str, ...]] = ("webhook",)
    """The kinds of `audit:delivery` that it has with its defaults, the natural one first."""
    fixed_policy: ClassVar[bool] = False
    """Whether the cluster's maker alone decides its audit policy."""
    policy_reason: ClassVar[str] = ""
    """Why there is no audit policy of one's own, where that is not the maker's decision; empty: it is."""
    proof_timeout: ClassVar[str] = WEBHOOK_TIMEOUT
    """How long the proof of delivery waits for API servers that send events themselves, unless `audit:delivery.checkTimeout` says."""
    needs_kubeconfig: ClassVar[bool] = False
    """Whether `audit:cluster.kubeconfig` must be set: the proof of delivery asks each API server with it."""
    kind: str

    def ways(self) -> tuple[str, ...]:
        """The kinds of `audit:delivery` that it has as it is set, the natural one first."""
        return self.deliveries

    def own_api_servers(self) -> Sequence[str | None]:
        """The URLs of its single API servers; None: that of the kubeconfig."""
        return [None]

    def api_server_pods(self) -> str:
        """The label of its API servers' pods in kube-system, by which the proof finds each behind the kubeconfig's server; empty: it does not."""
        return ""

    def log_path(self) -> str | None:
        """Where the audit log goes unless the configuration says; None: the style's own path."""
        return None

    def forwarder_faults(self, forwarder: ForwarderKind) -> list[str]:
        """What of `audit:forwarder` does not fit this platform, one line a fault; asked only where events leave by a stream."""
        return []

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """What of `audit:delivery` this platform cannot set, one line a fault."""
        return []

    def settable(self, arguments: Mapping[str, str]) -> dict[str, str]:
        """Of an API server's audit flags, by name without dashes, those that this platform can set."""
        return dict(arguments)

    def receiver_faults(self, receivers: Sequence[ReceiverConfig]) -> list[str]:
        """Which of `audit:receivers` its API servers cannot reach, one line a fault."""
        return []

    def warnings(self) -> list[str]:
        """What a preview says about it: what it lacks, what is risky."""
        return []

    def secrets(self) -> frozenset[str]:
        """The secret keys of the stack that it uses where they are set."""
        return frozenset()

    def secret_faults(self, known: Mapping[str, str]) -> list[str]:
        """What is wrong with the values of its secret keys, one line a fault that shows none of them.

        Args:
            known: those values that can be told; a command knows none of them.
        """
        return []

    def faults(self) -> list[str]:
        """What only shows when all of it is looked at together, one line a fault."""
        return []
