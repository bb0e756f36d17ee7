"""The very command of the container, run here: the real Bento with the files, variables, user and paths that the Deployment gives it.

Run by root, it is shut into a folder that has what the image has (https://github.com/warpstreamlabs/bento/blob/v1.20.0/resources/docker/Dockerfile) and
becomes the user of the pod; run by anyone else, it has other paths and stays who it is.
"""

import base64
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.forwarder.bento import Bento, Receiver, bento, pipeline
from tests.delivery.forwarder.placed import ALL, ARGS, PASSWORD, Object, place, plain
from tests.project import free_ports

IS_ROOT = os.geteuid() == 0
TOKEN = "plain-token-4711"
TOKEN_FILE = "/var/run/secrets/k8s-audit/token"
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
    """The container's root; not below pytest's own folder, which no other user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="a container "))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def container(root: Path, text: str, **args: Any) -> Iterator[tuple[Bento, Object]]:
    """Runs what the Deployment's pods run; yields it with the pod's specification."""
    objects = {suffix: plain(each) for suffix, each in place(ALL, **{**ARGS, **args, "pipeline": text}).items()}
    (port,) = free_ports(1)
    data = {each["metadata"]["name"]: each.get("data", {}) for each in objects.values()}
    spec = objects["deployment"]["spec"]["template"]["spec"]
    (made,) = spec["containers"]
    for mount in made["volumeMounts"]:
        (volume,) = [each for each in spec["volumes"] if each["name"] == mount["name"]]
        mounted = root / mount["mountPath"].lstrip("/")
        mounted.mkdir(parents=True)
        if "configMap" in volume:
            files = {key: value.encode() for key, value in data[volume["configMap"]["name"]].items()}
        else:
            files = {key: base64.b64decode(value) for key, value in data[volume["secret"]["secretName"]].items()}
        for name, content in files.items():
            file = mounted / name
            file.write_bytes(content.replace(b"0.0.0.0:4195", f"127.0.0.1:{port}".encode()))
            if "secret" in volume:
                file.chmod(volume["secret"]["defaultMode"])
            if IS_ROOT:
                os.chown(file, 0, spec["securityContext"]["fsGroup"])
    environment = {each["name"]: _value(each, data) for each in made["env"]}
    with bento(root, "", environment, *_command(root, spec, made["args"])) as running:
        running.url = f"http://127.0.0.1:{port}"
        yield running, spec


def _value(variable: Object, data: dict[str, dict[str, str]]) -> str:
    if "value" in variable:
        return str(variable["value"])
    reference = variable["valueFrom"]["secretKeyRef"]
    return base64.b64decode(data[reference["name"]][reference["key"]]).decode()


def _command(root: Path, spec: Object, arguments: list[str]) -> tuple[list[str], list[str]]:
    found = shutil.which("bento")
    assert found
    if not IS_ROOT:
        moved = [f"{root}{each}" if each.startswith("/") else each for each in arguments]
        file = Path(moved[-1])
        file.write_text(file.read_text().replace(TOKEN_FILE, f"{root}{TOKEN_FILE}"))
        return [found], moved
    shutil.copy(found, root / "bento")
    user = spec["securityContext"]["runAsUser"], spec["securityContext"]["runAsGroup"]
    shut_in = [*"setpriv --no-new-privs chroot".split(), f"--userspec={user[0]}:{user[1]}", str(root), "/bento"]
    return shut_in, arguments


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
    with Witness(pause=0.5) as receiver, container(root, pipeline(receiver.url, source)) as (running, spec):
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
