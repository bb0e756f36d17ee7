import http.client
import json
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from k8s_audit.errors import ToolError
from k8s_audit.local_cluster.process import Identity
from k8s_audit.receivers.recorder import Recorder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def event(audit_id: str, name: str = "web", **more: Any) -> dict[str, Any]:
    return {"auditID": audit_id, "stage": "ResponseComplete", "objectRef": {"resource": "pods", "name": name}} | more


def batch(*events: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": list(events)}


def lines(recorder: Recorder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in recorder.events.read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a stack" / "receivers"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path_factory.mktemp("a recorder"), port=free_port(), body_limit=100_000)
    recorder.create()
    yield recorder
    recorder.delete()


def base(recorder: Recorder) -> str:
    return recorder.endpoint().url.removesuffix("/k8s-audit")


def test_each_event_of_a_batch_is_one_line_as_it_came_and_can_be_asked_for(shared: Recorder) -> None:
    first = event("id-1", "marked", requestObject={"text": "two\nlines \u2028 ü \U0001f600", "n": 12345678901234567890})
    second = event("id-2", "marked", objectRef=None)
    assert httpx.post(shared.endpoint().url, json=batch(first, second)).status_code == 200
    assert lines(shared)[-2:] == [first, second]
    assert shared.events.stat().st_mode & 0o777 == 0o600
    found = httpx.get(f"{base(shared)}/events/id-1").json()
    assert found.keys() == {"auditID", "receivedAt", "stage"}
    assert found["stage"] == "ResponseComplete"
    assert len(found["receivedAt"]) == len("2026-11-23T00:00:00.000000+00:00")
    assert httpx.get(f"{base(shared)}/events", params={"name": "marked"}).json() == ["id-1"]
    assert httpx.get(f"{base(shared)}/events", params={"name": "unknown"}).json() == []
    assert httpx.get(f"{base(shared)}/events/unknown").status_code == 404
    assert httpx.get(f"{base(shared)}/healthz").status_code == 200


def test_an_event_that_is_sent_again_keeps_the_time_of_its_first_arrival_and_a_later_stage_has_its_own(
    shared: Recorder,
) -> None:
    def send(stage: str) -> dict[str, Any]:
        assert httpx.post(shared.endpoint().url, json=batch(event("again", stage=stage))).status_code == 200
        found: dict[str, Any] = httpx.get(f"{base(shared)}/events/again").json()
        return found

    started = send("ResponseStarted")
    complete = send("ResponseComplete")
    assert (started["stage"], complete["stage"]) == ("ResponseStarted", "ResponseComplete")
    assert complete["receivedAt"] > started["receivedAt"]
    assert send("ResponseComplete") == complete


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1beta1","items":[]}',
        b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"x"}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1"}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":{}}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[1]}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{}]}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"auditID":1}]}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"auditID":"nan","x":NaN}]}',
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"auditID":"ok"},{"auditID":"inf","x":1e999}]}',
    ],
)
def test_what_is_no_event_list_is_refused_and_nothing_of_it_is_written(shared: Recorder, body: bytes) -> None:
    before = shared.events.read_bytes() if shared.events.exists() else b""
    answer = httpx.post(shared.endpoint().url, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert (shared.events.read_bytes() if shared.events.exists() else b"") == before


def test_a_lone_surrogate_is_written_and_read_back(shared: Recorder) -> None:
    body = b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"auditID":"lone","x":"\\ud800"}]}'
    assert httpx.post(shared.endpoint().url, content=body).status_code == 200
    assert lines(shared)[-1]["x"] == "\ud800"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/k8s-audit", 405),
        ("PUT", "/k8s-audit", 405),
        ("DELETE", "/events/x", 405),
        ("POST", "/other", 404),
        ("GET", "/other", 404),
        ("GET", "/events", 404),
    ],
)
def test_other_methods_and_paths_are_refused(shared: Recorder, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, base(shared) + path, content=b"{}" if method in ("PUT", "POST") else None)
    assert answer.status_code == status
    assert ("allow" in answer.headers) == (status == 405)


def test_a_body_over_the_limit_is_refused_with_413_and_one_at_the_limit_is_taken(shared: Recorder) -> None:
    def padded(size: int) -> bytes:
        bare = json.dumps(batch(event("big", padding=""))).encode()
        return bare.replace(b'"padding": ""', b'"padding": "' + b"x" * (size - len(bare)) + b'"')

    assert httpx.post(shared.endpoint().url, content=padded(100_000)).status_code == 200
    assert httpx.post(shared.endpoint().url, content=padded(100_001)).status_code == 413


def test_a_body_without_length_or_with_an_encoding_is_refused(shared: Recorder) -> None:
    assert httpx.post(shared.endpoint().url, content=iter([b"{}"])).status_code == 411
    assert httpx.post(shared.endpoint().url, content=b"{}", headers={"Content-Encoding": "gzip"}).status_code == 415


def test_a_connection_is_kept_open_and_stats_count(shared: Recorder) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared.port)
    before = httpx.get(f"{base(shared)}/stats").json()
    body = json.dumps(batch(event("kept"), event("kept-2"))).encode()
    sockets = set()
    for _ in range(3):
        connection.request("POST", "/k8s-audit", body)
        response = connection.getresponse()
        assert response.status == 200
        response.read()
        sockets.add(connection.sock.getsockname())
    connection.close()
    assert len(sockets) == 1
    after = httpx.get(f"{base(shared)}/stats").json()
    assert {key: after[key] - before[key] for key in after} == {"batches": 3, "events": 6, "bytes": 3 * len(body)}


def test_many_senders_at_once_never_mix_their_lines(shared: Recorder) -> None:
    def send(sender: int) -> None:
        with httpx.Client() as client:
            for number in range(10):
                events = [event(f"{sender}-{number}-{n}", "many", text="x" * 500) for n in range(10)]
                assert client.post(shared.endpoint().url, json=batch(*events)).status_code == 200

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(send, range(16)))
    written = [line["auditID"] for line in lines(shared) if (line.get("objectRef") or {}).get("name") == "many"]
    assert sorted(written) == sorted(f"{s}-{b}-{n}" for s in range(16) for b in range(10) for n in range(10))
    assert sorted(httpx.get(f"{base(shared)}/events", params={"name": "many"}).json()) == sorted(written)


def test_a_second_create_changes_nothing(shared: Recorder) -> None:
    before = shared.read()
    assert before
    assert before.running
    assert shared.create() == before


def test_an_event_is_on_the_file_when_it_is_acknowledged_and_known_after_kill_9(folder: Path) -> None:
    recorder = Recorder(folder, "durable", free_port())
    try:
        pid = recorder.create().pid
        assert pid
        assert httpx.post(recorder.endpoint().url, json=batch(event("kept", "it"))).status_code == 200
        found = httpx.get(f"{base(recorder)}/events/kept").json()
        os.kill(pid, signal.SIGKILL)
        for file in (recorder.events, folder / "durable.index.jsonl"):
            with open(file, "ab") as half:
                half.write(b'{"auditID":"hal')
        deadline = time.monotonic() + 10
        while (status := recorder.read()) and status.running and time.monotonic() < deadline:
            time.sleep(0.05)
        assert status
        assert not status.running
        assert recorder.create().pid not in (None, pid)
        assert httpx.get(f"{base(recorder)}/events/kept").json() == found
        assert httpx.get(f"{base(recorder)}/events", params={"name": "it"}).json() == ["kept"]
        assert httpx.post(recorder.endpoint().url, json=batch(event("next"))).status_code == 200
        assert [line["auditID"] for line in lines(recorder)] == ["kept", "next"]
    finally:
        recorder.delete()


def test_delete_leaves_no_process_and_only_the_events(folder: Path) -> None:
    recorder = Recorder(folder, "gone", free_port(), tls=True)
    status = recorder.create()
    assert status.pid
    identity = Identity.of(status.pid)
    recorder.delete()
    assert identity
    assert not identity.running
    assert list(folder.iterdir()) == []
    assert recorder.read() is None
    recorder.delete()
    with pytest.raises(ToolError, match="No such file"):
        recorder.endpoint()


def test_a_taken_port_is_named_with_the_process_and_the_key(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        recorder = Recorder(folder, "other", port)
        with pytest.raises(ToolError, match=rf"port {port} .*\(pid {os.getpid()}\).*audit:receivers\[other\].port"):
            recorder.create()
    status = recorder.read()
    assert status is None
    assert recorder.create().running
    recorder.delete()


def test_other_settings_restart_it_and_the_events_stay(folder: Path) -> None:
    first = Recorder(folder, "r", free_port())
    pid = first.create().pid
    assert httpx.post(first.endpoint().url, json=batch(event("x"))).status_code == 200
    second = Recorder(folder, "r", free_port())
    try:
        assert second.create().pid != pid
        assert httpx.get(f"{base(second)}/events/x").status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{base(first)}/healthz")
    finally:
        second.delete()


def test_tls_with_a_required_client_certificate(folder: Path) -> None:
    recorder = Recorder(folder, "tls", free_port(), tls=True, client_certificate=True)
    try:
        pid = recorder.create().pid
        endpoint = recorder.endpoint()
        assert endpoint.url.startswith("https://127.0.0.1:")
        assert endpoint.client_key
        assert endpoint.client_key not in repr(endpoint)
        pki = folder / "tls.tls"
        assert {file.stat().st_mode & 0o777 for file in pki.iterdir()} == {0o600}
        assert pki.stat().st_mode & 0o777 == 0o700
        assert sorted(file.name for file in pki.iterdir()) == [
            "ca.crt",
            "client.crt",
            "client.key",
            "server.crt",
            "server.key",
        ]
        context = ssl.create_default_context(cadata=endpoint.ca)
        with pytest.raises(httpx.TransportError):
            httpx.post(endpoint.url, json=batch(event("x")), verify=context)
        silent = socket.create_connection(("127.0.0.1", recorder.port))
        context.load_cert_chain(pki / "client.crt", pki / "client.key")
        for host in ("127.0.0.1", "localhost"):
            url = endpoint.url.replace("127.0.0.1", host)
            assert httpx.post(url, json=batch(event("x")), verify=context).status_code == 200
        silent.close()
        assert recorder.create().pid == pid
        assert "KEY" not in " ".join(psutil.Process(pid).cmdline())
        assert "Traceback" not in (folder / "tls.log").read_text()
    finally:
        recorder.delete()


def test_a_client_certificate_without_tls_is_an_error(folder: Path) -> None:
    with pytest.raises(ToolError, match="only with tls"):
        Recorder(folder, client_certificate=True)
