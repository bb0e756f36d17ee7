"""`RancherServerAudit`: audit logging turned on at one server node of RKE2 or K3s."""

from threading import Event
from typing import Any, Literal

from k8s_audit.config.platforms.rancher import ServerHost
from k8s_audit.config.reach import rancher_change
from k8s_audit.control_plane.change import Change
from k8s_audit.provider.resource import Values
from k8s_audit.provider.resources.host_audit import HostAuditResource, NamedHostAuditInputs, Say, no_import


class RancherServerAuditInputs(NamedHostAuditInputs):
    """See `k8s_audit.RancherServerAudit`."""

    distribution: Literal["rke2", "k3s"]
    drop_in: bool = True
    host: ServerHost


def _change(values: Values, stop: Event, say: Say) -> Change:
    host = ServerHost.model_validate(values["host"])
    drop_in = bool(values.get("dropIn", True))
    return rancher_change(values["distribution"], drop_in, host, values.get("sshPrivateKey"), stop, say)


def _seat(values: Values) -> tuple[Any, ...]:
    host = ServerHost.model_validate(values["host"])
    return (host.machine, host.config_file, host.config_folder, host.state_folder, values.get("dropIn", True))


def _identity(values: Values) -> str:
    host = ServerHost.model_validate(values["host"])
    return f"{host.where}:{host.config_file}"


RancherServerAuditResource = HostAuditResource(
    "RancherServerAudit", RancherServerAuditInputs, change=_change, identity=_identity, seat=_seat, found=no_import
)
