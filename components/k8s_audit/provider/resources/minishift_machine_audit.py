"""`MinishiftMachineAudit`: audit logging turned on at the API server in MiniShift's virtual machine."""

from pathlib import Path
from threading import Event
from typing import Any

from k8s_audit.platforms.minishift.change import MinishiftChange
from k8s_audit.provider.resource import Values
from k8s_audit.provider.resources.host_audit import AdoptingHostAuditInputs, HostAuditResource, Say, no_import


class MinishiftMachineAuditInputs(AdoptingHostAuditInputs):
    """See `k8s_audit.MinishiftMachineAudit`."""

    profile: str
    folder: str
    known_hosts: str
    api_server: str | None = None
    restart_timeout: str


def _change(values: Values, stop: Event, say: Say) -> MinishiftChange:
    return MinishiftChange(
        Path(values["folder"]),
        values["profile"],
        values["knownHosts"],
        values.get("apiServer"),
        values["restartTimeout"],
        stop,
        say,
    )


def _seat(values: Values) -> tuple[Any, ...]:
    return (values["folder"], values["profile"])


def _identity(values: Values) -> str:
    return f"{values['folder']}:{values['profile']}"


def _called(news: Values) -> str:
    return f"profile {news['profile']} of minishift"


MinishiftMachineAuditResource = HostAuditResource(
    "MinishiftMachineAudit",
    MinishiftMachineAuditInputs,
    change=_change,
    identity=_identity,
    seat=_seat,
    found=no_import,
    called=_called,
)
