"""The recorder's own certificate authority: made once, its key thrown away, a server and a client certificate kept."""

import datetime
import os
import tempfile
from pathlib import Path

from k8s_audit.local_cluster.ports import LOOPBACK
from k8s_audit.receivers.certificates import CLIENT, SERVER, Authority

LIFETIME = datetime.timedelta(days=3650)
"""A laptop's stack has nobody who renews; to renew, delete the recorder and bring it up again."""


def make(folder: Path) -> None:
    """Make `ca.crt`, `server.crt`, `server.key`, `client.crt` and `client.key` in a folder; all of them or none.

    Args:
        folder: must not exist yet; only its owner can read it.
    """
    aside = Path(tempfile.mkdtemp(prefix=".certificates-", dir=folder.parent))
    authority = Authority("k8s-audit recorder CA", LIFETIME)
    _write(aside / "ca.crt", authority.certificate)
    for name, subject, purpose, names in (
        ("server", "recorder", SERVER, ["localhost", LOOPBACK]),
        ("client", "kube-apiserver", CLIENT, []),
    ):
        certificate, key = authority.issue(subject, purpose, names)
        _write(aside / f"{name}.crt", certificate)
        _write(aside / f"{name}.key", key)
    aside.rename(folder)


def _write(path: Path, pem: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
