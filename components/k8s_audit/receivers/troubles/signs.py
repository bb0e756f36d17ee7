"""What is seen of one receiver in the cluster: facts alone, no judgement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.receivers.model import ReceiverConfig


@dataclass(frozen=True)
class Webhook:
    """One webhook of a ValidatingWebhookConfiguration.

    Args:
        name: as the API server's metrics name it.
        operations: that its rules ask for.
        groups: API groups of its rules; the core group is empty.
        failed_open: reviews that failed and were let pass, since the API server started; None: not known.
    """

    name: str
    operations: frozenset[str]
    groups: frozenset[str]
    failed_open: int | None = None


@dataclass(frozen=True)
class Signs:
    """What is seen.

    Args:
        receiver: its configuration.
        platform: the cluster's.
        logs: the last lines by the pod's name, and of files that were given by theirs.
        events: the namespace's, each as `REASON kind/name: message`.
        settings: the pods' settings in the release's ConfigMaps.
        webhooks: those that it has registered.
        metrics_api: whether the cluster serves it; None: not known.
        unknown: what could not be read, and why.
    """

    receiver: ReceiverConfig
    platform: PlatformConfig
    logs: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    webhooks: Sequence[Webhook] = ()
    metrics_api: bool | None = None
    unknown: Sequence[str] = ()
