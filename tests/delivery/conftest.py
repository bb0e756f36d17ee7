"""Real events, and a recorder for them to arrive at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers.recorder import Recorder
from tests.delivery.audit_log import real_events
from tests.project import free_ports


@pytest.fixture(scope="session")
def audit_lines(cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a real kube-apiserver wrote into its audit log."""
    return real_events(cluster, tmp_path_factory.mktemp("audit"))


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "recorder", port=free_ports(1)[0])
    made.create()
    yield made
    made.delete()
