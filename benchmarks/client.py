"""One administrator's connection to one API server: kept open, one request at a time, without a library's own cost."""

import base64
import http.client
import json
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from ruamel.yaml import YAML

TIMEOUT = 10.0
"""Seconds."""
CONFIG_MAPS = "/api/v1/namespaces/kube-system/configmaps"
EXISTING = "extension-apiserver-authentication"
"""Every API server makes this ConfigMap itself; others come from the controller manager, which is not there."""


class BenchmarkError(Exception):
    """Something could not be measured; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What one request took.

    Args:
        began: when it was sent, in seconds since the epoch.
        seconds: until the whole answer was read.
        audit_id: the name of its audit event.
    """

    began: float
    seconds: float
    audit_id: str


class Client:
    """A context manager.

    Args:
        kubeconfig: with certificates inline, as kubeadm writes it.
    """

    def __init__(self, kubeconfig: Path) -> None:
        """Read the kubeconfig; nothing is sent yet."""
        config = YAML(typ="safe").load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]).decode())
        with TemporaryDirectory() as folder:  # OpenSSL takes a key by its path alone
            pair = Path(folder, "admin.pem")
            pair.touch(0o600)
            pair.write_bytes(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
            context.load_cert_chain(pair)
        url = urlsplit(cluster["server"])
        self.connection = http.client.HTTPSConnection(str(url.hostname), url.port, timeout=TIMEOUT, context=context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.connection.close()

    def create(self, name: str) -> Answer:
        """Create a ConfigMap with `dryRun=All`: all of a create but the write to etcd."""
        config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}}
        return self._request("POST", f"{CONFIG_MAPS}?dryRun=All", config_map)

    def get(self) -> Answer:
        """Get a ConfigMap of some kilobytes."""
        return self._request("GET", f"{CONFIG_MAPS}/{EXISTING}")

    def list(self) -> Answer:
        """List the ConfigMaps of its namespace."""
        return self._request("GET", CONFIG_MAPS)

    def _request(self, method: str, path: str, value: Any = None) -> Answer:
        body = None if value is None else json.dumps(value).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        began, clock = time.time(), time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - clock
        if answer.status >= http.client.BAD_REQUEST:
            raise BenchmarkError(f"{method} {path}: {answer.status} {content[:200].decode('utf-8', 'replace')}")
        return Answer(began, seconds, answer.headers.get("Audit-Id", ""))


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)
