"""What a stack of kind openshift-4.2 becomes, and what `up` would do to its cluster."""

from collections.abc import Callable
from threading import Event

from k8s_audit.config.platforms.openshift_sink import OpenshiftSinkPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.platforms.openshift_sink.change import SinkChange
from k8s_audit.platforms.openshift_sink.cluster import SinkCluster
from k8s_audit.platforms.openshift_sink.component import OpenshiftSinkAudit
from k8s_audit.platforms.openshift_sink.sink import Sink, limits
from k8s_audit.platforms.stack_args import placed
from k8s_audit.receivers.endpoint import ReceiverEndpoint

place = placed(OpenshiftSinkAudit)


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the cluster, in words, with nothing changed.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the cluster's.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: is told what is under way.

    Returns:
        what is changed, and the changes.

    Raises:
        ConflictError, HostError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, OpenshiftSinkPlatform)
    change = SinkChange(SinkCluster(kubeconfig), seconds(platform.roll_timeout), Event(), say)
    return f"KubeAPIServer `cluster` and AuditSink {platform.sink}", change.plan(sink_for(stack, endpoint))


def sink_for(stack: Stack, endpoint: ReceiverEndpoint) -> Sink:
    """The AuditSink that a stack wants.

    Args:
        stack: the whole configuration.
        endpoint: who takes audit events.
    """
    platform = stack.platform
    assert isinstance(platform, OpenshiftSinkPlatform)
    return Sink(
        platform.sink,
        endpoint.url,
        endpoint.ca or "",
        platform.level,
        platform.stages,
        *limits(stack.delivery.throttle),
    )
