from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import pytest

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.control_plane.change import AuditSetup, Place, StaticPodChange
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.delivery.flags import AuditFlags, LogBackend
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.local_cluster import LocalCluster, Ports
from k8s_audit.receivers.recorder import Recorder
from tests.project import free_ports


@pytest.fixture
def new_ports() -> Ports:
    """Ports for a cluster of the test's own."""
    return Ports(*free_ports(3))


@pytest.fixture(scope="session")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    """A real recorder for all tests."""
    made = Recorder(tmp_path_factory.mktemp("a recorder"), port=free_ports(1)[0])
    try:
        made.create()
        yield made
    finally:
        made.delete()


@dataclass
class AuditedHost:
    """The control plane's host, and what a test wants of it."""

    cluster: LocalCluster
    place: Place
    setup: AuditSetup
    stop: Event = field(default_factory=Event)

    @property
    def manifest(self) -> Path:
        return Path(self.place.manifest)

    def host(self) -> LocalHost:
        return LocalHost("cp-1", str(self.cluster.folder / "logs" / "kube-apiserver.log"))

    def change(self) -> StaticPodChange:
        return StaticPodChange(self.host(), self.place, self.stop)

    def ready(self) -> bool:
        status = self.cluster.read()
        return bool(status and status.ready and status.running)


@pytest.fixture
def audited(cluster: LocalCluster, recorder: Recorder) -> Iterator[AuditedHost]:
    """The host with nothing of ours on it, and with nothing of ours, byte for byte, when the test is over."""
    with _given_back(cluster, recorder) as host:
        yield host


@pytest.fixture(scope="module")
def standing(cluster: LocalCluster, recorder: Recorder) -> Iterator[AuditedHost]:
    """The same for all tests of a file: each has what the one before left, and changes it to what it needs."""
    with _given_back(cluster, recorder) as host:
        yield host


@contextmanager
def _given_back(cluster: LocalCluster, recorder: Recorder) -> Iterator[AuditedHost]:
    folder = cluster.folder
    place = Place(
        manifests=str(cluster.manifests),
        api_server=cluster.api_server,
        config_folder=str(folder / "etc" / "k8s-audit"),
        state_folder=str(folder / "var" / "k8s-audit"),
        timeout=30,
    )
    flags = AuditFlags(max_wait="100ms", log=LogBackend(path=str(folder / "audit-log" / "audit.log")))
    setup = AuditSetup(
        policy=render_policy(load_profile("detection")),
        webhook=render_webhook(recorder.endpoint()),
        arguments=flags.arguments(place.policy, place.webhook),
    )
    before = (cluster.manifests / "kube-apiserver.yaml").read_bytes()
    cluster.create()
    host = AuditedHost(cluster, place, setup)
    yield host
    host.stop.clear()
    host.change().restore()
    assert host.manifest.read_bytes() == before
    assert not Path(place.state_folder).exists()
    assert not Path(place.config_folder).exists()
    cluster.create()


@pytest.fixture
def with_arguments() -> Callable[..., AuditSetup]:
    """A set-up with other arguments."""

    def change(setup: AuditSetup, **arguments: str) -> AuditSetup:
        return replace(setup, arguments=dict(setup.arguments) | {k.replace("_", "-"): v for k, v in arguments.items()})

    return change
