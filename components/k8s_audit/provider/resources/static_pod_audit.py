"""`StaticPodAudit`: audit logging turned on at one control-plane host whose API server is a static pod."""

import re
from threading import Event
from typing import Any

from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.kubeadm import StaticPodHost
from k8s_audit.config.reach import place, reach, static_pod_change
from k8s_audit.control_plane import static_pod
from k8s_audit.control_plane.change import Change
from k8s_audit.errors import ConfigError, HostError
from k8s_audit.faults import shown
from k8s_audit.provider.resource import Values
from k8s_audit.provider.resources.host_audit import (
    AdoptingHostAuditInputs,
    HostAuditResource,
    NamedHostAuditInputs,
    Say,
)


class StaticPodAuditInputs(AdoptingHostAuditInputs, NamedHostAuditInputs):
    """See `k8s_audit.StaticPodAudit`."""

    host: StaticPodHost


def _change(values: Values, stop: Event, say: Say) -> Change:
    return static_pod_change(StaticPodHost.model_validate(values["host"]), values.get("sshPrivateKey"), stop)


def _seat(values: Values) -> tuple[Any, ...]:
    host = StaticPodHost.model_validate(values["host"])
    return (host.machine, host.manifests, host.config_folder, host.state_folder)


def _identity(values: Values) -> str:
    host = StaticPodHost.model_validate(values["host"])
    return f"{host.where}:{host.manifests}"


def _found(id: str) -> StaticPodAuditInputs | None:
    """The audit set-up that a manifest has without us, as inputs that take it over."""
    host = _host_of(id)
    reached = reach(host, None)
    manifest = reached.read(place(host).manifest)
    if manifest is None:
        return None
    arguments = static_pod.audit_arguments(manifest)
    port = static_pod.flag(static_pod.arguments_of(manifest), "secure-port") or "6443"
    texts: dict[str, Any] = {}
    for key, name in (("policy", "audit-policy-file"), ("webhook", "audit-webhook-config-file")):
        path = static_pod.host_path(manifest, arguments.get(name, ""))
        content = reached.read(path) if path else None
        if content is None:
            raise HostError(f"{place(host).manifest} has no --{name} that can be read; there is nothing to import")
        texts[key] = content.decode("utf-8", "replace")
    url = host.api_server.rpartition(":")[0]
    host = host.model_copy(update={"api_server": f"{url}:{port}"})
    return StaticPodAuditInputs(host=host, arguments=arguments, adopt=True, **texts)


def _host_of(id: str) -> StaticPodHost:
    """The host that an id to be imported names: `local:FOLDER`, or `ssh:USER@ADDRESS:PORT:FOLDER`.

    Raises:
        HostError: it names none.
    """
    local = re.fullmatch(r"local:(?P<manifests>/.*)", id)
    remote = re.fullmatch(r"ssh:(?P<user>[^@:]+)@(?P<address>[^/]+):(?P<port>\d+):(?P<manifests>/.*)", id)
    given: Values = {"access": "local", "apiServer": "https://127.0.0.1:6443"} | (local.groupdict() if local else {})
    if remote:
        given = {"access": "ssh"} | remote.groupdict() | {"port": int(remote["port"])}
    try:
        if not local and not remote:
            raise ConfigError([f"given: {shown(id)}; allowed: local:FOLDER, ssh:USER@ADDRESS:PORT:FOLDER"])
        return judge(StaticPodHost, "id", given)
    except ConfigError as error:
        raise HostError(f"no host: {'; '.join(error.faults)}") from None


StaticPodAuditResource = HostAuditResource(
    "StaticPodAudit", StaticPodAuditInputs, change=_change, identity=_identity, seat=_seat, found=_found
)
