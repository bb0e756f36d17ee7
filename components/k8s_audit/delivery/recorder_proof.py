"""Asking a recorder whether it has accepted an event, by the endpoint that the API server uses."""

import os
import ssl
import tempfile
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from k8s_audit.receivers.endpoint import ReceiverEndpoint

TIMEOUT = 5.0
"""Seconds."""


def client(endpoint: ReceiverEndpoint) -> httpx.Client:
    """An HTTP client that trusts and presents what the endpoint says, and heeds no proxy of the environment."""
    context = ssl.create_default_context(cadata=endpoint.ca) if endpoint.ca else ssl.create_default_context()
    if endpoint.client_certificate and endpoint.client_key:
        with tempfile.TemporaryDirectory() as folder:  # OpenSSL takes a key by its path alone
            certificate, key = Path(folder, "client.crt"), Path(folder, "client.key")
            certificate.write_text(endpoint.client_certificate)
            with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(endpoint.client_key)
            context.load_cert_chain(certificate, key)
    return httpx.Client(verify=context, timeout=TIMEOUT, trust_env=False)


class RecorderProof:
    """A recorder that can be asked; a context manager."""

    def __init__(self, endpoint: ReceiverEndpoint) -> None:
        """Nothing is asked yet."""
        self.base = endpoint.url.rpartition("/")[0]
        self.client = client(endpoint)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close()

    def received(self, audit_id: str) -> float | None:
        """When the event was accepted, in seconds since the epoch; None: not yet, or the recorder does not answer."""
        try:
            answer = self.client.get(f"{self.base}/events/{quote(audit_id, safe='')}")
            if answer.status_code != httpx.codes.OK:
                return None
            return datetime.fromisoformat(answer.json()["receivedAt"]).timestamp()
        except (httpx.HTTPError, ValueError, TypeError, KeyError):
            return None
