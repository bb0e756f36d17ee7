"""`MinikubeNodeAudit`: audit logging turned on at a minikube cluster's running node, and kept at each start."""

from pathlib import Path
from threading import Event
from typing import Any

from k8s_audit.platforms.minikube.change import MinikubeChange
from k8s_audit.provider.resource import Values
from k8s_audit.provider.resources.host_audit import AdoptingHostAuditInputs, HostAuditResource, Say, no_import


class MinikubeNodeAuditInputs(AdoptingHostAuditInputs):
    """See `k8s_audit.MinikubeNodeAudit`."""

    profile: str
    folder: str
    known_hosts: str
    restart_timeout: str


def _change(values: Values, stop: Event, say: Say) -> MinikubeChange:
    return MinikubeChange(
        Path(values["folder"]), values["profile"], values["knownHosts"], values["restartTimeout"], stop
    )


def _seat(values: Values) -> tuple[Any, ...]:
    return (values["folder"], values["profile"])


def _identity(values: Values) -> str:
    return f"{values['folder']}:{values['profile']}"


def _called(news: Values) -> str:
    return f"profile {news['profile']} of minikube"


MinikubeNodeAuditResource = HostAuditResource(
    "MinikubeNodeAudit",
    MinikubeNodeAuditInputs,
    change=_change,
    identity=_identity,
    seat=_seat,
    found=no_import,
    called=_called,
)
