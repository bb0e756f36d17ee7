"""The container of the forwarder's pods, run here: its secrets, its user, its end."""

import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8s_audit.delivery.forwarder.objects import SECRETS_FOLDER
from tests.delivery.forwarder.bento import Receiver, pipeline
from tests.delivery.forwarder.container import IS_ROOT, container, new_root
from tests.delivery.forwarder.placed import PASSWORD

TOKEN = "plain-token-4711"
TOKEN_FILE = f"{SECRETS_FOLDER}/token"
HEADERS = {
    "Authorization": f'Bearer ${{! file("{TOKEN_FILE}", true).string() }}',
    "X-Key": "${EVENT_HUBS_CONNECTION_STRING}",
}


class Witness(Receiver):
    """A receiver that takes its time, and counts the events."""

    def __init__(self, pause: float = 0) -> None:
        super().__init__(200)
        self.pause = pause

    def answer(self, target: str, body: str) -> tuple[int, bytes]:
        time.sleep(self.pause)
        return super().answer(target, body)


@pytest.fixture
def root() -> Iterator[Path]:
    with new_root() as folder:
        yield folder


def test_it_delivers_with_its_secrets_as_the_pods_user_and_writes_nothing(root: Path) -> None:
    with Receiver(200) as receiver:
        text = pipeline(receiver.url, headers=HEADERS)
        with container(root, text, secret_files={"token": TOKEN}) as (running, spec):
            before = {file for file in root.rglob("*") if file.name != "log"}
            running.wait_for_metric("http_request_code_2xx")
            assert receiver.headers["Authorization"] == f"Bearer {TOKEN}"
            assert receiver.headers["X-Key"] == PASSWORD
            assert {file for file in root.rglob("*") if file.name != "log"} == before
            if IS_ROOT:
                status = Path(f"/proc/{running.process.pid}/status").read_text()
                assert f"Uid:\t{spec['securityContext']['runAsUser']}" in status
                assert "CapEff:\t0000000000000000" in status
                assert "NoNewPrivs:\t1" in status
                assert not stat.S_IMODE((root / TOKEN_FILE.lstrip("/")).stat().st_mode) & stat.S_IROTH
            for path, port in (("livenessProbe", "metrics"), ("readinessProbe", "metrics")):
                probe = spec["containers"][0][path]["httpGet"]
                assert probe["port"] == port
                answer = running.get(probe["path"])
                assert answer
                assert answer.status_code == 200
            assert PASSWORD not in running.lines() + running.metrics()
            assert TOKEN not in running.lines() + running.metrics()


def test_it_ends_within_its_grace_period_and_what_was_under_way_is_delivered(root: Path) -> None:
    source = {"generate": {"interval": "20ms", "count": 0, "mapping": 'root = {"n": counter()}'}}
    with Witness(pause=0.5) as receiver:
        # Bento ends as soon as all is delivered, and is patient on a busy machine.
        patient = pipeline(receiver.url, source).replace("shutdown_timeout: 2s", "shutdown_timeout: 20s")
        with container(root, patient) as (running, spec):
            running.wait(lambda: len(receiver.bodies) > 4)
            started = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            code = running.process.wait(spec["terminationGracePeriodSeconds"])
            took = time.monotonic() - started
    assert code == 0, running.lines()
    assert took < spec["terminationGracePeriodSeconds"]
    numbers = sorted({int(each) for body in receiver.bodies for each in _numbers(body)})
    assert numbers == list(range(1, len(numbers) + 1)), numbers


def test_it_ends_within_its_grace_period_though_the_receiver_never_answers(root: Path) -> None:
    with (receiver := Witness(pause=60)), container(root, pipeline(receiver.url)) as (running, spec):
        running.wait(lambda: '"Launching a Bento instance' in running.lines())
        running.wait_for_metric("input_received")
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(spec["terminationGracePeriodSeconds"])
        receiver.pause = 0


def _numbers(body: str) -> list[str]:
    return [part.split("}")[0] for part in body.split('"n":')[1:]]
