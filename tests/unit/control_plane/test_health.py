"""Whether an API server is ready, as one of today and one from before /readyz tell it. The host is mocked."""

from typing import Any
from unittest.mock import Mock

import pytest

from k8s_audit.control_plane import health
from k8s_audit.control_plane.host import READYZ, Credentials
from k8s_audit.errors import HostError

URL, OWN = "https://10.0.0.11:6443", Credentials("/ca.crt")


def host(**statuses: int) -> Any:
    """A host whose API server answers `readyz` and `healthz` so."""

    def answer(url: str, credentials: Credentials, path: str = READYZ) -> int:
        assert (url, credentials) == (URL, OWN)
        return statuses.get(path.removeprefix("/"), 404)

    made = Mock(readyz=answer)
    made.name = "cp-1"
    return made


def test_one_that_knows_readyz_is_asked_for_nothing_else() -> None:
    assert health.is_ready(host(readyz=200, healthz=500), URL, OWN)
    for status in (0, 401, 403, 500):
        assert not health.is_ready(host(readyz=status, healthz=200), URL, OWN)


def test_one_from_before_1_16_is_asked_whether_it_is_healthy() -> None:
    assert health.is_ready(host(healthz=200), URL, OWN)
    assert not health.is_ready(host(healthz=500), URL, OWN)
    health.check_ready(host(healthz=200), URL, OWN)
    with pytest.raises(HostError, match=r"host cp-1: kube-apiserver at .* is not ready; nothing was changed"):
        health.check_ready(host(healthz=500), URL, OWN)
