"""Clusters whose events leave by a cloud's stream, or through a forwarder that they are sent to: which they are, and what of a stack does not fit that."""

from k8s_audit.config.forwarder_kinds import ForwarderKind, NoForwarder
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.receivers.recorder import RecorderReceiver


def streams(platform: PlatformConfig | None) -> bool:
    """Whether events leave the cluster by a cloud's stream, so through a forwarder."""
    return platform is not None and "stream" in platform.ways()


def stream_faults(
    platform: PlatformConfig, forwarder: ForwarderKind, receivers: list[ReceiverConfig], reached: bool, given: bool
) -> list[str]:
    """What a stream and its forwarder need of the rest, one line a fault.

    Args:
        platform: the cluster's.
        forwarder: what brings the events on.
        receivers: all of the stack.
        reached: whether the stack has a kubeconfig.
        given: whether its file names the forwarder.
    """
    takers = [receiver for receiver in receivers if receiver.takes() == "events"]
    faults = platform.forwarder_faults(forwarder)
    if isinstance(forwarder, NoForwarder):
        return faults + [
            f"audit:forwarder: none; nothing would bring events to receiver {taker.name}: the stack whose forwarder reads the"
            " stream names it"
            for taker in takers
        ]
    if not takers:
        return (
            faults + ["audit:forwarder: no receiver takes audit events, so there is none to place; take it out"] * given
        )
    if not reached:
        faults.append("audit:cluster.kubeconfig: missing; the forwarder is placed in the cluster with it")
    return faults + [
        f"audit:receivers[{index}]: a recorder listens on this machine alone, where no forwarder in a cluster of kind"
        f" {platform.kind} reaches it"
        for index, receiver in enumerate(receivers)
        if isinstance(receiver, RecorderReceiver)
    ]
