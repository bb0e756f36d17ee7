"""The real Bento as a process, a pipeline like the forwarder's, and small servers that refuse as clouds and receivers do."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Self

import grpc
import httpx
import yaml

from k8s_audit.delivery.forwarder.pipeline_text import PORT
from tests.project import free_ports

EVENT = '{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"4711"}'
GENERATED = {"generate": {"interval": "20ms", "mapping": f"root = {EVENT}"}}
PATIENCE = 20.0
"""Seconds for what a Bento does in one or two."""


def count(name: str) -> dict[str, Any]:
    return {"metric": {"type": "counter", "name": f"k8s_audit_{name}"}}


def pipeline(url: str = "http://127.0.0.1:9/", source: dict[str, Any] | None = None, **http_client: Any) -> str:
    """A pipeline with the forwarder's parts: it counts, tries the receiver for ever, and has a dead letter."""
    client = {
        "url": url,
        "verb": "POST",
        "headers": {"Content-Type": "application/json"},
        "retries": 1_000_000,
        "retry_period": "50ms",
        "max_retry_backoff": "200ms",
        "backoff_on": [401, 403, 404, 429, 500, 503],
        "drop_on": [400, 413],
        **http_client,
    }
    dead = {"drop": {}, "processors": [count("dead_letters")]}
    skipped = {"metric": {"type": "counter", "name": "k8s_audit_skipped", "labels": {"reason": "filter"}}}
    batched = {"http_client": client | {"batching": {"count": 10, "period": "50ms"}}}
    return yaml.safe_dump(
        {
            "http": {"address": f"0.0.0.0:{PORT}"},
            "input": source or GENERATED,
            "pipeline": {
                "processors": [
                    count("events"),
                    {"switch": [{"check": "this.cut != null", "processors": [count("truncated")]}]},
                    {"switch": [{"check": "this.dull != null", "processors": [skipped]}]},
                ]
            },
            "output": {"fallback": [batched, dead]},
            "logger": {"level": "INFO", "format": "json", "add_timestamp": True},
            "metrics": {"prometheus": {}},
            "shutdown_timeout": "2s",
        },
        sort_keys=False,
    )


class Bento:
    """One process, which may be killed and started again.

    Args:
        command: with its arguments.
        environment: all of its variables.
        folder: where it runs; its log lies there.
        port: of its own HTTP server.
    """

    process: subprocess.Popen[bytes]

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path, port: int) -> None:
        self.command, self.environment, self.folder = command, environment, folder
        self.log, self.url = folder / "log", f"http://127.0.0.1:{port}"

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=out, stderr=subprocess.STDOUT, cwd=self.folder
            )

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """As a pod is ended."""
        self.process.terminate()
        self.process.wait()

    def lines(self) -> str:
        return self.log.read_text()

    def get(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(self.url + path, trust_env=False)
        except httpx.HTTPError:
            return None

    def metrics(self) -> str:
        answer = self.get("/metrics")
        return answer.text if answer else ""

    def wait(self, what: Callable[[], Any]) -> None:
        """Until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, self.lines()[-2000:] + self.metrics()[-3000:]
            time.sleep(0.05)

    def wait_for_line(self, pattern: str) -> None:
        self.wait(lambda: re.search(pattern, self.lines()))

    def wait_for_metric(self, pattern: str) -> None:
        """Until a sample that fits is more than nothing."""
        self.wait(lambda: self.counts(pattern))

    def total(self, name: str) -> int:
        """A counter's sum."""
        samples = re.findall(rf"(?m)^{name}(?:\{{[^\n]*\}})? (\S+)$", self.metrics())
        return sum(int(float(each)) for each in samples)

    def counts(self, pattern: str) -> bool:
        """Whether a sample that fits is more than nothing."""
        return re.search(rf"(?m)^{pattern}(\{{[^\n]*\}})? [1-9]", self.metrics()) is not None


@contextmanager
def bento(
    folder: Path,
    text: str,
    environment: dict[str, str] | None = None,
    command: Sequence[str] = ("bento",),
    arguments: Sequence[str] | None = None,
    port: int | None = None,
) -> Iterator[Bento]:
    """Run it with nothing but the given environment; its port is one of the test's own, unless the arguments' file names it already."""
    port = port or free_ports(1)[0]
    file = folder / "pipeline.yaml"
    file.write_text(text.replace(f"0.0.0.0:{PORT}", f"127.0.0.1:{port}"))
    surroundings = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "*"}
    made = Bento([*command, *(arguments or ("-c", str(file)))], surroundings | (environment or {}), folder, port)
    made.start()
    try:
        yield made
    finally:
        made.kill()


class Receiver:
    """Takes POSTs, keeps what came, and answers as it is told.

    Args:
        codes: of the answers, one after the other, the last for ever.
    """

    def __init__(self, *codes: int) -> None:
        self.codes, self.bodies, self.headers, self.lock = list(codes), list[str](), dict[str, str](), Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                receiver.headers = dict(self.headers)
                code, content = receiver.answer(self.headers.get("X-Amz-Target", ""), body)
                self.send_response(code)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", free_ports(1)[0]), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def answer(self, target: str, body: str) -> tuple[int, bytes]:
        with self.lock:
            self.bodies.append(body)
            return self.codes.pop(0) if len(self.codes) > 1 else self.codes[0], b""

    def __enter__(self) -> Self:
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class RefusingAws(Receiver):
    """In place of DynamoDB and Kinesis: the error that AWS documents for a call, by its code; else a table that is there.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html
    """

    def __init__(self, dynamodb: str = "", kinesis: str = "") -> None:
        super().__init__(200)
        self.errors = {"DynamoDB": dynamodb, "Kinesis": kinesis}

    def answer(self, target: str, body: str) -> tuple[int, bytes]:
        error = self.errors[target.partition("_")[0]]
        if error:
            return 400, json.dumps({"__type": f"com.amazon#{error}", "message": "words of the cloud"}).encode()
        return 200, json.dumps({"Table": {"TableStatus": "ACTIVE"}, "Items": [], "Count": 0}).encode()


@contextmanager
def refusing_pubsub(code: grpc.StatusCode) -> Iterator[str]:
    """In place of Pub/Sub: a gRPC server that refuses each call; its address is yielded."""

    class Refuse(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            def refuse(requests: Any, context: Any) -> None:
                context.abort(code, "words of the cloud")

            return grpc.stream_stream_rpc_method_handler(refuse)

    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Refuse(),))
    port = server.add_insecure_port(f"127.0.0.1:{free_ports(1)[0]}")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0)
