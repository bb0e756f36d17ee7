"""API servers that share an address: each wanted one is reached, told from the others, and proved once."""

import math
import socket
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from k8s_audit.delivery import each_api_server
from k8s_audit.delivery.api_server_pods import OF_KUBEADM, Seen, running
from k8s_audit.delivery.each_api_server import EachApiServer
from k8s_audit.errors import DeliveryError, ForbiddenError, HostError
from k8s_audit.kubernetes_api import client_settings
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.standins.balanced import RECEIVER, Balanced, Server, balanced

SIEM = ReceiverEndpoint("siem", f"https://{RECEIVER}/audit", proof="accepted")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(each_api_server, "POLL", 0.01)


def each(cluster: Balanced, said: list[str] | None = None, **more: Any) -> EachApiServer:
    known: dict[str, Any] = {"urls": [], "timeout": 5.0, "reach": 10.0, "stop": Event()} | more
    say = (said if said is not None else list[str]()).append
    return EachApiServer(str(cluster.kubeconfig), SIEM, say=say, **known)


def test_each_that_is_wanted_is_proved_once_and_the_older_ones_are_asked_for_nothing(tmp_path: Path) -> None:
    older, one, other = Server(1_000.0), Server(90_000.4), Server(95_000.2)
    said: list[str] = []
    with balanced([older, older, one, other], tmp_path) as cluster:
        made = each(cluster, said)
        made.prove(lambda: {"i-1": Seen(90_000.0)})
        assert (older.events, one.events, other.events) == (0, 1, 0)
        made.prove(lambda: {"i-1": Seen(90_000.0), "i-2": Seen(95_000.0)})
        assert (older.events, one.events, other.events) == (0, 1, 1)
        assert [line.partition(": event ")[0] for line in said] == ["i-1", "i-2"]
        one.start = 99_000.0
        made.prove(lambda: {"i-1": Seen(99_000.0), "i-2": Seen(95_000.0)})
        assert (one.events, other.events) == (2, 1), "a new process is another API server"


def test_those_that_do_not_have_a_virtual_address_are_asked_at_their_nodes_own(tmp_path: Path) -> None:
    one, other = Server(90_000.0), Server(95_000.0)
    (tmp_path / "own").mkdir()
    with balanced([one], tmp_path) as virtual, balanced([other], tmp_path / "own") as own:
        wanted = {"i-1": Seen(90_000.0, "http://127.0.0.1:1"), "i-2": Seen(95_000.0, own.url)}
        made = each(virtual)
        assert [proof.node for proof in made.prove(lambda: wanted)] == ["i-1", "i-2"]
        assert (one.events, other.events) == (1, 1)
        unsure = virtual.kubeconfig.read_text().replace("server:", "insecure-skip-tls-verify: true, server:")
        virtual.kubeconfig.write_text(unsure)
        with pytest.raises(DeliveryError, match=r"no connection to .* reached the API server of i-2 "):
            each(virtual, reach=0.2).prove(lambda: wanted)


def test_one_that_does_not_deliver_is_an_error_that_says_where_its_way_ends(tmp_path: Path) -> None:
    with (
        balanced([Server(1_000.0), Server(90_000.0, delivers=False)], tmp_path) as cluster,
        pytest.raises(DeliveryError, match=r"did not reach receiver siem within 0\.2 s"),
    ):
        each(cluster, timeout=0.2).prove(lambda: {"i-1": Seen(90_000.0)})


def test_one_that_is_waited_for_comes(tmp_path: Path) -> None:
    told = iter([HostError("away"), {}, {"i-1": Seen()}, {"i-1": Seen(90_000.0)}])

    def running() -> dict[str, Seen]:
        found: Any = next(told, {"i-1": Seen(90_000.0)})
        if isinstance(found, HostError):
            raise found
        return dict(found)

    with balanced([Server(90_000.0)], tmp_path) as cluster:
        each(cluster).prove(running)


def test_one_that_no_connection_reaches_is_named_with_what_was_heard_last(tmp_path: Path) -> None:
    with balanced([Server(1_000.0)], tmp_path) as cluster:
        with pytest.raises(DeliveryError, match=r"no connection to .* reached the API server of i-1 within 0\.2 s"):
            each(cluster, reach=0.2).prove(lambda: {"i-1": Seen(90_000.0)})
        with pytest.raises(DeliveryError, match="tells of no API server on the nodes in question within 0 s"):
            each(cluster, reach=0).prove(dict)
        gone = each(cluster, reach=0.2, urls=["http://127.0.0.1:1"])
        with pytest.raises(
            DeliveryError, match=r"http://127.0.0.1:1 reached .*did not answer: http://127.0.0.1:1 does"
        ):
            gone.prove(lambda: {"i-1": Seen(90_000.0)})
        stop = Event()
        stop.set()
        with pytest.raises(DeliveryError, match="stopped"):
            each(cluster, stop=stop).prove(lambda: {"i-1": Seen(90_000.0)})


def test_a_right_that_is_not_there_is_told_soon_and_one_that_comes_late_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Server(90_000.0, refusals=2)
    with balanced([late], tmp_path) as cluster:
        assert len(each(cluster).prove(lambda: {"i-1": Seen(90_000.0)})) == 1
        monkeypatch.setattr(each_api_server, "START_UP", 0.1)
        late.refusals = math.inf
        with pytest.raises(ForbiddenError, match="needs the right to get /metrics"):
            each(cluster, reach=60.0).prove(lambda: {"i-1": Seen(90_000.0)})
        with pytest.raises(ForbiddenError, match="asked to list pods in kube-system, answers 403: Forbidden"):
            each(cluster, reach=60.0).prove(lambda: running(str(cluster.kubeconfig), OF_KUBEADM))


def test_each_address_of_a_name_is_asked_by_the_name_in_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def addresses(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 443)) for address in ("10.0.0.2", "10.0.0.1", "fd00::1", "10.0.0.1")]

    with balanced([Server(90_000.0)], tmp_path) as cluster:
        text = cluster.kubeconfig.read_text().replace(cluster.url, "https://api.prod.example.com")
        cluster.kubeconfig.write_text(text)
        made = each(cluster)
        monkeypatch.setattr(socket, "getaddrinfo", addresses)
        name = "api.prod.example.com"
        assert list(made._addresses(client_settings(str(cluster.kubeconfig), DeliveryError))) == [
            ("https://10.0.0.1:443", name),
            ("https://10.0.0.2:443", name),
            ("https://[fd00::1]:443", name),
        ]
        cluster.kubeconfig.write_text(text.replace("server:", "proxy-url: 'http://10.0.0.9:3128', server:"))
        assert list(made._addresses(client_settings(str(cluster.kubeconfig), DeliveryError))) == [(None, None)], (
            "a proxy resolves the name itself"
        )
