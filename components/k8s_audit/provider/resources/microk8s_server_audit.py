"""`Microk8sServerAudit`: audit logging turned on at one node of MicroK8s."""

from threading import Event
from typing import Any

from k8s_audit.config.platforms.microk8s import Microk8sHost
from k8s_audit.config.reach import microk8s_change
from k8s_audit.control_plane.change import Change
from k8s_audit.provider.resource import Values
from k8s_audit.provider.resources.host_audit import HostAuditResource, NamedHostAuditInputs, Say, no_import


class Microk8sServerAuditInputs(NamedHostAuditInputs):
    """See `k8s_audit.Microk8sServerAudit`."""

    host: Microk8sHost


def _change(values: Values, stop: Event, say: Say) -> Change:
    return microk8s_change(Microk8sHost.model_validate(values["host"]), values.get("sshPrivateKey"), stop)


def _seat(values: Values) -> tuple[Any, ...]:
    host = Microk8sHost.model_validate(values["host"])
    return (host.machine, host.args_file, host.config_folder, host.state_folder)


def _identity(values: Values) -> str:
    host = Microk8sHost.model_validate(values["host"])
    return f"{host.where}:{host.args_file}"


Microk8sServerAuditResource = HostAuditResource(
    "Microk8sServerAudit", Microk8sServerAuditInputs, change=_change, identity=_identity, seat=_seat, found=no_import
)
