"""`StaticPodAudit`: audit logging turned on at one control-plane host whose API server is a static pod."""

from collections.abc import Callable, Mapping
from threading import Event
from types import MappingProxyType

from k8s_audit.control_plane import static_pod
from k8s_audit.control_plane.change import AuditSetup, LiveSetup, Place, StaticPodChange
from k8s_audit.control_plane.durations import seconds
from k8s_audit.control_plane.host import Host
from k8s_audit.control_plane.local_host import POD_LOGS, LocalHost
from k8s_audit.delivery.contract import contract_of
from k8s_audit.errors import HostError
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class StaticPodHost(ResourceInputs):
    """See `k8s_audit.ControlPlaneHost`."""

    access: str
    name: str
    manifests: str
    api_server: str
    config_folder: str = "/etc/kubernetes/k8s-audit"
    state_folder: str = "/var/lib/k8s-audit"
    logs: str = POD_LOGS
    restart_timeout: str = "4m"

    def reach(self) -> Host:
        """The host itself."""
        if self.access != "local":
            raise HostError(f"host {self.name}: access {self.access!r} is not built yet; allowed: local")
        return LocalHost(self.name, self.logs)

    def place(self) -> Place:
        """Where things lie on it."""
        timeout = seconds(self.restart_timeout)
        return Place(self.manifests, self.api_server, self.config_folder, self.state_folder, timeout)


class StaticPodAuditInputs(ResourceInputs):
    """See `k8s_audit.StaticPodAudit`."""

    host: StaticPodHost
    policy: str
    webhook: str
    arguments: dict[str, str]
    adopt: bool = False

    def setup(self, say: Callable[[str], None]) -> AuditSetup:
        """What the host shall have; `say` shows what could not be tried before."""
        contract = contract_of(self.webhook, self.arguments, say)
        return AuditSetup(self.policy, self.webhook, self.arguments, self.adopt, contract)


class StaticPodAuditResource:
    """Audit policy, webhook and flags of one kube-apiserver, changed in a transaction that goes back if it fails."""

    name = "StaticPodAudit"
    inputs = StaticPodAuditInputs
    outputs: Mapping[str, str] = MappingProxyType({"manifestDigest": "string", "intact": "boolean"})
    secrets = frozenset({"webhook"})
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
        live = _change(context.stop, inputs.host).apply(inputs.setup(context.say))
        return _id(inputs.host), _outputs(inputs, live)

    def read(
        self, context: Context, id: str, inputs: StaticPodAuditInputs | None, old: Values
    ) -> Read[StaticPodAuditInputs] | None:
        """What the host has now; by its id alone what it had before us, to be taken over."""
        if inputs is None:
            found = _found(context.stop, id)
            return Read(found, found.values()) if found else None
        live = _change(context.stop, inputs.host).read()
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
        if was.place() != inputs.host.place() and _moved(was, inputs.host):
            _change(context.stop, was).restore()
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Put back what was there before us."""
        _change(context.stop, StaticPodHost.model_validate(old["host"])).restore()


def _change(stop: Event, host: StaticPodHost) -> StaticPodChange:
    return StaticPodChange(host.reach(), host.place(), stop)


def _moved(was: StaticPodHost, host: StaticPodHost) -> bool:
    return any(getattr(was, key) != getattr(host, key) for key in ("manifests", "config_folder", "state_folder"))


def _id(host: StaticPodHost) -> str:
    return f"{host.access}:{host.manifests}"


def _outputs(inputs: StaticPodAuditInputs, live: LiveSetup) -> Values:
    return inputs.values() | {"manifestDigest": live.manifest_digest, "intact": live.intact}


def _found(stop: Event, id: str) -> StaticPodAuditInputs | None:
    """The audit set-up that a manifest has without us, as inputs that take it over."""
    access, _, manifests = id.partition(":")
    place = StaticPodHost(access=access, name="localhost", manifests=manifests, api_server="https://127.0.0.1:6443")
    manifest = place.reach().read(place.place().manifest)
    if manifest is None:
        return None
    arguments = static_pod.audit_arguments(manifest)
    port = static_pod.flag(static_pod.arguments_of(manifest), "secure-port") or "6443"
    texts = {}
    for key, name in (("policy", "audit-policy-file"), ("webhook", "audit-webhook-config-file")):
        path = static_pod.host_path(manifest, arguments.get(name, ""))
        content = place.reach().read(path) if path else None
        if content is None:
            raise HostError(f"{place.place().manifest} has no --{name} that can be read; there is nothing to import")
        texts[key] = content.decode("utf-8", "replace")
    host = place.model_copy(update={"api_server": f"https://127.0.0.1:{port}"})
    return StaticPodAuditInputs(host=host, arguments=arguments, adopt=True, **texts)
