import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from k8s_audit.local_cluster import LocalCluster, Ports


def free_ports() -> Ports:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(3)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return Ports(*(probe.getsockname()[1] for probe in probes))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A real control plane for all tests; its path has a space in it."""
    made = LocalCluster(tmp_path_factory.mktemp("a cluster") / "local stack", free_ports())
    try:
        made.create()
        yield made
    finally:
        made.delete()


@pytest.fixture
def new_ports() -> Ports:
    """Ports for a cluster of the test's own."""
    return free_ports()
