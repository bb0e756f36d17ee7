"""A rendered pipeline in the real Bento. For the test its source is an HTTP server that answers once a record is acknowledged, and its
queue of dead letters a receiver of the tests."""

import json
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from k8s_audit.delivery.pipeline.model import Pipeline, Sink
from k8s_audit.delivery.pipeline.render import configuration, dump
from tests.delivery.forwarder.bento import Bento, Receiver, bento
from tests.delivery.pipeline.records import Event, compressed
from tests.project import free_ports

TAKEN = 200
"""The source's answer to a record that is acknowledged."""


class Judge(Receiver):
    """A receiver whose answer depends on the body.

    Args:
        answer_to: the code for a body; default: it takes all.
        tls: serve HTTPS.
    """

    def __init__(self, answer_to: Callable[[str], int] = lambda body: TAKEN, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(TAKEN)
        self.answer_to = answer_to
        self.taken: list[str] = []
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.url = self.url.replace("http:", "https:")

    def answer(self, target: str, body: str) -> tuple[int, bytes]:
        code = self.answer_to(body)
        with self.lock:
            self.bodies.append(body)
            if code == TAKEN:
                self.taken.append(body)
        return code, b"words of the receiver"

    def events(self) -> list[Event]:
        return [item for body in self.taken for item in json.loads(body)["items"]]


@dataclass
class Way:
    """A pipeline that runs."""

    running: Bento
    receiver: Judge
    dead: Judge
    url: str
    threads: ThreadPoolExecutor

    def send(self, record: Event | bytes, is_compressed: bool = False) -> "Future[int]":
        """Give it a record; yields the source's answer."""
        content = record if isinstance(record, bytes) else json.dumps(record).encode()
        if is_compressed:
            assert isinstance(record, dict)
            content = compressed(record)
        return self.threads.submit(
            lambda: httpx.post(self.url, content=content, timeout=60, trust_env=False).status_code
        )

    def bring(self, record: Event | bytes, is_compressed: bool = False) -> None:
        """Give it a record and wait until it is acknowledged."""
        assert self.send(record, is_compressed).result(60) == TAKEN

    def letters(self) -> list[Event]:
        return [json.loads(body) for body in self.dead.taken]

    def counted(self, name: str, **labels: str) -> int:
        """A counter of the pipeline's, over all parts of it."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = [line for line in self.running.metrics().splitlines() if line.startswith(f"k8s_audit_{name}")]
        return sum(int(float(line.rpartition(" ")[2])) for line in lines if all(each in line for each in wanted))


@contextmanager
def way(folder: Path, pipeline: Pipeline, receiver: Judge | None = None, dead: Judge | None = None) -> Iterator[Way]:
    """Run it; `sink.url` becomes the receiver's."""
    with receiver or Judge() as events, dead or Judge() as letters, ThreadPoolExecutor(32) as threads:
        (port,) = free_ports(1)
        config = configuration(replace(pipeline, sink=replace(pipeline.sink, url=events.url)))
        config["input"] = {"http_server": {"address": f"127.0.0.1:{port}", "path": "/", "timeout": "60s"}}
        (letter,) = config["output_resources"]
        letter["retry"]["output"] = {"http_client": {"url": letters.url, "verb": "POST", "retries": 0}}
        with bento(folder, dump(_impatient(config))) as running:
            made = Way(running, events, letters, f"http://127.0.0.1:{port}/", threads)
            running.wait(lambda: running.get("/ready") and running.get("/ready").status_code == TAKEN)  # type: ignore[union-attr]
            yield made


def _impatient(config: Any) -> Any:
    """With shorter pauses, so that the tests need not wait."""
    short = {"retry_period": "50ms", "max_retry_backoff": "200ms", "shutdown_timeout": "4s"}
    if isinstance(config, dict):
        return {key: short.get(key) or _impatient(value) for key, value in config.items()}
    return [_impatient(each) for each in config] if isinstance(config, list) else config


def sink(**changes: Any) -> Sink:
    """A receiver of the tests; its URL is put in when it runs."""
    return replace(Sink("http://receiver"), **changes)
