"""What a stack of kind minikube becomes, and what `up` would do to its cluster."""

from collections.abc import Callable
from threading import Event

from k8s_audit.config.platforms.minikube import MinikubePlatform
from k8s_audit.config.stack import Stack
from k8s_audit.platforms.minikube.change import MinikubeChange
from k8s_audit.platforms.minikube.component import MinikubeAudit
from k8s_audit.platforms.minikube.node import file_paths
from k8s_audit.platforms.setup_plan import setup_plan
from k8s_audit.platforms.stack_args import placed
from k8s_audit.receivers.endpoint import ReceiverEndpoint

place = placed(MinikubeAudit)


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the cluster, in words, with nothing changed.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the cluster's.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: shows what could not be tried.

    Returns:
        what is changed, and the changes.

    Raises:
        ConflictError, HostError, ToolError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, MinikubePlatform)
    change = MinikubeChange(
        platform.folder(), platform.profile, platform.known_hosts, platform.restart_timeout, Event()
    )
    planned = setup_plan(stack, endpoint, change, file_paths(platform.profile), platform.adopt, say)
    return f"profile {platform.profile} of minikube: {planned.state}", planned.actions
