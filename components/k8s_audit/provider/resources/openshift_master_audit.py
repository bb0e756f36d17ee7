"""`OpenshiftMasterAudit`: audit logging turned on at one master of OpenShift 3.11."""

from threading import Event
from typing import Any

from k8s_audit.config.platforms.openshift_3 import MasterHost
from k8s_audit.config.reach import master_change
from k8s_audit.control_plane.change import Change
from k8s_audit.provider.resource import Values
from k8s_audit.provider.resources.host_audit import (
    AdoptingHostAuditInputs,
    HostAuditResource,
    NamedHostAuditInputs,
    Say,
    no_import,
)


class OpenshiftMasterAuditInputs(AdoptingHostAuditInputs, NamedHostAuditInputs):
    """See `k8s_audit.OpenshiftMasterAudit`."""

    host: MasterHost


def _host(values: Values) -> MasterHost:
    return MasterHost.model_validate(values["host"])


def _change(values: Values, stop: Event, say: Say) -> Change:
    return master_change(_host(values), values.get("sshPrivateKey"), stop)


def _seat(values: Values) -> tuple[Any, ...]:
    host = _host(values)
    return (host.machine, host.master_config, host.config_folder, host.state_folder)


def _identity(values: Values) -> str:
    host = _host(values)
    return f"{host.where}:{host.master_config}"


OpenshiftMasterAuditResource = HostAuditResource(
    "OpenshiftMasterAudit", OpenshiftMasterAuditInputs, change=_change, identity=_identity, seat=_seat, found=no_import
)
