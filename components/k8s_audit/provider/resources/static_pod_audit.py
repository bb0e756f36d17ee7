"""`StaticPodAudit`: audit logging turned on at one control-plane host whose API server is a static pod."""

import re
from collections.abc import Callable, Mapping
from threading import Event
from types import MappingProxyType
from typing import Any

from pydantic import Field

from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.kubeadm import StaticPodHost
from k8s_audit.config.reach import place, reach
from k8s_audit.control_plane import static_pod
from k8s_audit.control_plane.change import AuditSetup, LiveSetup, StaticPodChange
from k8s_audit.delivery.contract import contract_of
from k8s_audit.errors import ConfigError, HostError, K8sAuditError
from k8s_audit.faults import shown
from k8s_audit.provider.resource import BESIDE, Context, Read, ResourceInputs, Values, untouched


class StaticPodAuditInputs(ResourceInputs):
    """See `k8s_audit.StaticPodAudit`."""

    host: StaticPodHost
    policy: str
    webhook: str
    arguments: dict[str, str]
    adopt: bool = False
    ssh_private_key: str | None = None
    remaining: list[str] = Field(default=[], json_schema_extra=BESIDE)

    def setup(self, say: Callable[[str], None]) -> AuditSetup:
        """What the host shall have; `say` shows what could not be tried before."""
        contract = contract_of(self.webhook, self.arguments, say)
        return AuditSetup(self.policy, self.webhook, self.arguments, self.adopt, contract)


class StaticPodAuditResource:
    """Audit policy, webhook and flags of one kube-apiserver, changed in a transaction that goes back if it fails."""

    name = "StaticPodAudit"
    inputs = StaticPodAuditInputs
    outputs: Mapping[str, str] = MappingProxyType({"manifestDigest": "string", "intact": "boolean"})
    secrets = frozenset({"webhook", "sshPrivateKey"})
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: StaticPodAuditInputs, old: Values | None) -> Values:
        """A plain preview contacts no host."""
        return {"intact": True}

    def notice(self, news: Values, old: Values | None) -> str:
        """What is on a host before us is read by `up`, and by `k8s-audit doctor`."""
        if old:
            return ""
        host = news["host"] if isinstance(news["host"], dict) else {}
        return (
            f"host {host.get('name', '(not known yet)')} not read: a preview contacts no host; `k8s-audit doctor --stack STACK` reads it and"
            " tells what `up` would do there"
        )

    def create(self, context: Context, name: str, inputs: StaticPodAuditInputs) -> tuple[str, Values]:
        """Turn auditing on."""
        try:
            live = _change(context.stop, inputs).apply(inputs.setup(context.say))
        except K8sAuditError as error:
            raise type(error)(f"{error}{untouched(inputs.remaining)}") from None
        return _id(inputs.host), _outputs(inputs, live)

    def read(
        self, context: Context, id: str, inputs: StaticPodAuditInputs | None, old: Values
    ) -> Read[StaticPodAuditInputs] | None:
        """What the host has now; by its id alone what it had before us, to be taken over."""
        if inputs is None:
            found = _found(context.stop, id)
            return Read(found, found.values()) if found else None
        live = _change(context.stop, inputs).read()
        if live is None:
            return None
        arguments = {name: live.arguments[name] for name in inputs.arguments if name in live.arguments}
        now = inputs.model_copy(update={"policy": live.policy, "webhook": live.webhook, "arguments": arguments})
        return Read(now, _outputs(now, live))

    def stale(self, old: Values) -> list[str]:
        """Volumes, mounts or the annotation of ours are gone from the manifest, or a change was cut off."""
        return [] if old.get("intact") else ["intact"]

    def update(self, context: Context, id: str, inputs: StaticPodAuditInputs, old: Values) -> Values:
        """Bring the host to the inputs. Another place on it is left as it was found before."""
        was = StaticPodHost.model_validate(old["host"])
        if _moved(was, inputs.host):
            _restore(context.stop, old)
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Put back what was there before us."""
        _restore(context.stop, old)


def _change(stop: Event, inputs: StaticPodAuditInputs) -> StaticPodChange:
    return StaticPodChange(reach(inputs.host, inputs.ssh_private_key), place(inputs.host), stop)


def _restore(stop: Event, old: Values) -> None:
    """Put back what was there before us, where the old state says."""
    host = StaticPodHost.model_validate(old["host"])
    StaticPodChange(reach(host, old.get("sshPrivateKey")), place(host), stop).restore()


def _moved(was: StaticPodHost, host: StaticPodHost) -> bool:
    """Whether it is another machine, or another place on it."""
    keys = ("machine", "manifests", "config_folder", "state_folder")
    return any(getattr(was, key) != getattr(host, key) for key in keys)


def _id(host: StaticPodHost) -> str:
    if host.access == "local":
        return f"local:{host.manifests}"
    return f"ssh:{host.user}@{host.address}:{host.port}:{host.manifests}"


def _outputs(inputs: StaticPodAuditInputs, live: LiveSetup) -> Values:
    return inputs.values() | {"manifestDigest": live.manifest_digest, "intact": live.intact}


def _found(stop: Event, id: str) -> StaticPodAuditInputs | None:
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
