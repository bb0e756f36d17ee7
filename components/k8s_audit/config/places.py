"""Where the things of a stack are, told from its configuration alone: hosts, kubeconfig, recorder."""

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from k8s_audit.config.forwarder import NAME
from k8s_audit.config.forwarder_kinds import BentoForwarder, NoForwarder
from k8s_audit.config.platforms.hosts import HostsPlatform, ReachedHost
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost
from k8s_audit.config.platforms.local import LocalPlatform
from k8s_audit.config.receivers.http import HttpReceiver
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.receivers.recorder import RecorderReceiver
from k8s_audit.config.registry import PLACES
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.versions import Version, minor
from k8s_audit.errors import DeliveryError, HostError
from k8s_audit.local_cluster.ports import LOOPBACK
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from k8s_audit.receivers.recorder.process import Recorder


def no_secret(key: str) -> str:
    """Stands for each secret where none is needed: the API server's counters are asked, not the receiver."""
    return ""


def stack_folder(project: Path, stack: str) -> Path:
    """What a stack keeps on this machine.

    Args:
        project: the folder of Pulumi.yaml.
        stack: the stack's name.
    """
    return project.absolute() / ".local" / stack


def local_host(folder: Path, api_server_port: int, restart_timeout: str) -> ControlPlaneHost:
    """The embedded control plane as the control-plane host that it is."""
    return ControlPlaneHost.model_validate(
        {
            "access": "local",
            "apiServer": f"https://{LOOPBACK}:{api_server_port}",
            "manifests": f"{folder}/manifests",
            "configFolder": f"{folder}/k8s-audit",
            "stateFolder": f"{folder}/k8s-audit-state",
            "logs": f"{folder}/logs/kube-apiserver.log",
            "restartTimeout": restart_timeout,
        }
    )


def local_log(folder: Path) -> str:
    """Where the embedded API server writes its audit log."""
    return f"{folder}/audit-log/audit.log"


def hosts(stack: Stack, folder: Path) -> Sequence[ReachedHost]:
    """The control-plane hosts of a stack, in the order in which they are changed.

    Raises:
        HostError: a cloud has them.
    """
    if isinstance(stack.platform, LocalPlatform):
        return [local_host(folder, stack.platform.ports.api_server, stack.platform.restart_timeout)]
    if isinstance(stack.platform, HostsPlatform):
        return stack.platform.hosts
    raise HostError(f"a cluster of kind {stack.platform.kind} has no control-plane host that is reached")


def api_servers(stack: Stack, folder: Path) -> list[str | None]:
    """The URLs of a stack's API servers; None: that of its kubeconfig."""
    if isinstance(stack.platform, LocalPlatform):
        return [host.api_server for host in hosts(stack, folder)]
    return [*stack.platform.own_api_servers()]


def kubernetes_version(stack: Stack) -> Version | None:
    """The version of the API servers, where the configuration says one."""
    text = getattr(stack.platform, "kubernetes_version", None)
    return minor(text) if text else None


def log_path(stack: Stack, folder: Path) -> str | None:
    """Where the audit log goes unless the configuration says; None: the style's own path."""
    return local_log(folder) if isinstance(stack.platform, LocalPlatform) else stack.platform.log_path()


def kubeconfig(stack: Stack, folder: Path) -> str:
    """The kubeconfig for the proof of delivery."""
    if isinstance(stack.platform, LocalPlatform):
        return str(folder / "admin.conf")
    return os.path.abspath(os.path.expanduser(stack.cluster.kubeconfig or ""))


def endpoint(stack: Stack, folder: Path, secret: Callable[[str], str] = no_secret) -> ReceiverEndpoint:
    """Where the audit events of a stack go, told without the engine.

    Args:
        stack: its configuration.
        folder: what it keeps on this machine.
        secret: the value of one of its secret keys; default: none is known, which a proof by counters needs not.

    Raises:
        DeliveryError: no receiver of the stack takes audit events.
        ReceiverError: the receiver is not in the cluster, or that cannot be asked.
    """
    for receiver in stack.receivers:
        if isinstance(receiver, RecorderReceiver):
            return recorder(receiver, folder).endpoint()
        if isinstance(receiver, HttpReceiver):
            return receiver.endpoint(secret)
        if receiver.in_cluster and receiver.takes() == "events":
            from k8s_audit.receivers.address import live_endpoint

            return live_endpoint(receiver.name, placing(receiver).address(receiver), kubeconfig(stack, folder))
    raise DeliveryError("no receiver of this stack takes audit events")


def forwarder(stack: Stack) -> str:
    """The forwarder of a stack whose events leave by a stream: the namespace of its pods, a slash, its name.

    Raises:
        DeliveryError: it is none of ours.
    """
    if isinstance(stack.forwarder, BentoForwarder):
        return f"{stack.forwarder.namespace}/{NAME}"
    if isinstance(stack.forwarder, NoForwarder):
        raise DeliveryError(
            "audit:forwarder is none: the forwarder of another stack brings the events on; ask for a proof there"
        )
    raise DeliveryError("audit:forwarder is sysdig: it tells of no event, so its delivery cannot be proved")


def webhooks(stack: Stack) -> list[tuple[str, str]]:
    """The admission webhooks of receivers that take AdmissionReviews, each after its receiver's name."""
    takers = [receiver for receiver in stack.receivers if receiver.takes() == "reviews"]
    return [(receiver.name, webhook) for receiver in takers for webhook in placing(receiver).webhooks(receiver)]


def placing(receiver: ReceiverConfig) -> Any:
    """The module that places a receiver in the cluster; loaded when it is needed, since it loads Pulumi."""
    return import_module(f"k8s_audit.receivers.{PLACES[receiver.kind]}")


def recorder(config: RecorderReceiver, folder: Path) -> Recorder:
    """The recorder of a stack."""
    return Recorder(folder / "receivers", config.name, config.port, config.tls, config.client_certificate)
