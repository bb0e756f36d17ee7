"""Control planes for a benchmark: the product's own local one, audited by the product's own change, then taken away."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.config.places import local_host, local_log
from k8s_audit.config.reach import place, reach
from k8s_audit.control_plane.change import AuditSetup, StaticPodChange
from k8s_audit.delivery.check import prove_delivery
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.local_cluster import LocalCluster, Ports
from k8s_audit.local_cluster.ports import is_free
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from k8s_audit.receivers.recorder import Recorder

PORTS = range(20_000, 32_000)
"""Below those that Linux gives to outgoing connections, one of which could take a port while its server restarts."""
PROOF_TIMEOUT = 30.0
"""Seconds until the first event after a restart."""


@dataclass(frozen=True)
class ControlPlane:
    """A control plane that runs, and the recorder that its events go to once it is audited."""

    cluster: LocalCluster
    recorder: Recorder

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.cluster.kubeconfig

    def audit(self, flags: AuditFlags, receiver: ReceiverEndpoint | None = None) -> None:
        """Turn auditing on with these flags, exactly as `pulumi up` does, and wait for a first event.

        Args:
            flags: the API server's, but for where its log lies.
            receiver: who gets the events; None: the recorder.
        """
        folder = self.cluster.folder
        described = local_host(folder, self.cluster.ports.api_server, "90s")
        at = place(described)
        own_log = replace(flags, log=replace(flags.log, path=local_log(folder)))
        endpoint = receiver or self.recorder.endpoint()
        setup = AuditSetup(
            policy=render_policy(load_profile("detection")),
            webhook=render_webhook(endpoint),
            arguments=own_log.arguments(at.policy, at.webhook),
        )
        StaticPodChange(reach(described, None), at, Event()).apply(setup)
        prove_delivery(self.cluster.api_server, str(self.kubeconfig), endpoint, PROOF_TIMEOUT)


@contextmanager
def control_planes(count: int) -> Iterator[list[ControlPlane]]:
    """So many control planes, none of them audited; when the block ends, however it does, nothing of them is left."""
    with TemporaryDirectory(prefix="k8s-audit-benchmark-") as temporary, ExitStack() as ends:
        made = []
        for number in range(count):
            folder = Path(temporary, f"cluster-{number}")
            ports = free_ports(4)
            plane = ControlPlane(LocalCluster(folder, Ports(*ports[:3])), Recorder(folder / "receivers", port=ports[3]))
            ends.callback(plane.recorder.delete)
            ends.callback(plane.cluster.delete)
            plane.recorder.create()
            plane.cluster.create()
            made.append(plane)
        yield made


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 on which nobody listens now."""
    candidates = random.sample(PORTS, len(PORTS))
    return [port for port, _ in zip(filter(is_free, candidates), range(count), strict=False)]
